"""Where metrics come from and who answers for them: what the entries of one home share."""

from dataclasses import dataclass
from typing import Any, Literal

from core.analytics.model import Metric

Better = Literal["up", "down", "none"]


@dataclass(frozen=True)
class Home:
    """Where metrics come from and who answers for them."""

    source: str
    owner: str

    def metric(
        self,
        key: str,
        label: str,
        definition: str,
        formula: str,
        *,
        version: int = 1,
        **more: Any,
    ) -> Metric:
        return Metric(
            key=key,
            label=label,
            definition=definition,
            formula=formula,
            source=self.source,
            owner=self.owner,
            version=version,
            **more,
        )

    def count(self, *words: str, better: Better, measure: str, **more: Any) -> Metric:
        """A plain count, which is what it is however small."""
        return self.metric(
            *words,
            better=better,
            unit="count",
            measure=measure,
            per=None,
            sample=None,
            smallest_sample=0,
            **more,
        )

    def share(
        self,
        *words: str,
        better: Better,
        of: str,
        per: str,
        smallest_sample: int = 30,
        **more: Any,
    ) -> Metric:
        """A share, which of few is anybody's guess."""
        return self.metric(
            *words,
            better=better,
            unit="fraction",
            measure=of,
            per=per,
            sample=per,
            smallest_sample=smallest_sample,
            **more,
        )
