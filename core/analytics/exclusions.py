"""The account's exclusions: times and subjects that figures leave out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, func, not_, or_, true

from core.store import Exclusion, Scope, table

Span = tuple[datetime, datetime]


@dataclass(frozen=True)
class Excluded:
    """Times (from, and up to but without, to; UTC; merged and in order) and single subjects.

    A subject is `enhancement:<id>`, `ticket:<id>` or `rater:<name>`, left out within its times.
    """

    spans: tuple[Span, ...] = ()
    subjects: tuple[tuple[str, datetime, datetime], ...] = ()

    @classmethod
    def of(cls, entries: Iterable[tuple[str | None, datetime, datetime]]) -> "Excluded":
        """The exclusions of entries in order: a subject, None for everything, and its times."""
        entries = list(entries)
        return cls(
            spans=merged([(start, end) for subject, start, end in entries if subject is None]),
            subjects=tuple((one, start, end) for one, start, end in entries if one is not None),
        )

    def __bool__(self) -> bool:
        return bool(self.spans or self.subjects)

    def keeps(
        self, at: ColumnElement[datetime], **subjects: ColumnElement[str]
    ) -> ColumnElement[bool]:
        """The predicate of rows that are not excluded.

        `at` is the instant by which a row counts; `subjects` name a kind and its column, as
        `enhancement=runs.c.id`.
        """
        out = [and_(at >= start, at < end) for start, end in self.spans]
        for subject, start, end in self.subjects:
            kind, _, key = subject.partition(":")
            if kind in subjects:
                # A row without a name is not that of any name.
                is_it = func.coalesce(subjects[kind], "") == key
                out.append(and_(is_it, at >= start, at < end))
        return not_(or_(*out)) if out else true()

    def covers(self, at: datetime, *subjects: str) -> bool:
        """Whether a row that counts at an instant is left out."""
        return any(start <= at < end for start, end in self.spans) or any(
            subject in subjects and start <= at < end for subject, start, end in self.subjects
        )

    def within(self, start: datetime, end: datetime) -> tuple[Span, ...]:
        """The excluded times that lie inside a window, cut to it."""
        return tuple((max(start, a), min(end, b)) for a, b in self.spans if a < end and b > start)


NOTHING = Excluded()


def excluded(scope: Scope) -> Excluded:
    """The exclusions of the account's ledger that are not withdrawn."""
    entry = table(Exclusion).c
    order = [entry.from_at, entry.to_at, entry.id]
    found = scope.objects(Exclusion, entry.withdrawn_at.is_(None), order_by=order)
    return Excluded.of((one.subject, one.from_at, one.to_at) for one in found)


def merged(spans: Sequence[Span]) -> tuple[Span, ...]:
    """Spans in order, with those that overlap or touch merged."""
    found: list[Span] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = found[-1][0], max(found[-1][1], end)
        else:
            found.append((start, end))
    return tuple(found)


def length(spans: Iterable[Span]) -> timedelta:
    """How long spans are together."""
    return sum((end - start for start, end in spans), timedelta())
