"""Headline figures: a metric over a window, its change, its sample and its trend."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from core.analytics.model import Metric
from core.analytics.query import answered, metric_rows, metric_totals
from core.analytics.registry import METRICS
from core.analytics.window import Window
from core.store import Scope


@dataclass(frozen=True)
class Figure:
    """One number with what it takes to judge it.

    `value` and `previous` are in the metric's unit, None where unknown; `n` is the sample behind
    the value; `trend` has a value for each period of the window, None where there is none.
    `result` is the answer of `query_metrics` that the value was read from.
    """

    metric: Metric
    value: float | None
    previous: float | None
    n: int | None
    trend: tuple[float | None, ...]
    window: Window
    result: Mapping[str, Any]

    @property
    def is_small(self) -> bool:
        """Whether the sample is too small to show the value without a caveat."""
        return self.n is not None and self.n < self.metric.smallest_sample


def headline_figures(
    scope: Scope,
    metrics: Sequence[str],
    *,
    window: Window,
    product_ids: Sequence[int] = (),
    filters: Mapping[str, Any] | None = None,
    today: date,
) -> list[Figure]:
    """The metrics over the window, against the window before, with their trend.

    `filters` are those of `query_metrics`, beside the products.
    """
    wanted = dict(filters or {})
    if product_ids:
        wanted["product_id"] = list(product_ids)

    def asked(span: Window, **more: Any) -> dict[str, Any]:
        return {
            "metrics": metrics,
            "filters": wanted or None,
            "start_date": span.start,
            "end_date": span.end,
            **more,
        }

    now = answered(scope, **asked(window, with_samples=True))
    before = metric_totals(scope, **asked(window.previous)) if window.previous else {}
    grain = window.grain
    # All time has no end of its own: without one, drafts planned for later would end the trend.
    span = window if window.end else Window(None, today, window.label)
    periods = metric_rows(scope, **asked(span, dimensions=[grain], include_zero=True))
    return [
        Figure(
            metric=METRICS[key],
            value=now["totals"][key],
            previous=before.get(key),
            n=now["totals"].get(f"{key}_n"),
            trend=tuple(row[key] for row in periods if row[grain] is not None),
            window=window,
            result=now,
        )
        for key in metrics
    ]
