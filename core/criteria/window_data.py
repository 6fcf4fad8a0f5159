"""The raw data of a window, so that no figure is computed from other figures."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import ColumnElement, Select, and_, func, select, true

from core.analytics.account_settings import BaselineSettings, settings_of
from core.analytics.dates import Window
from core.analytics.exclusions import NOTHING, Excluded, excluded, length
from core.base import clock, stats
from core.criteria.platform import COMPLETED, FAILED, PlatformReading, platform_reading
from core.criteria.roi import Roi, roi
from core.criteria.time_saved import Comparison, compare
from core.feedback.reading import select_votes
from core.feedback.satisfaction import Satisfaction, satisfaction
from core.store import (
    Criterion,
    Enhancement,
    Feedback,
    Scope,
    SurveyResponse,
    Ticket,
    has_content,
    on_enhancer,
    table,
)

MILLISECONDS = 1_000
# A day with less left of it is not scaled up to a whole one: hours of a day differ too much.
LEAST_OF_DAY = 22 / 24


@dataclass(frozen=True)
class Runs:
    """Enhancement runs by status; `seconds` are the durations of completed ones, ascending."""

    completed: int
    failed: int
    pending: int
    seconds: npt.NDArray[np.float64]

    @property
    def finished(self) -> int:
        """Completed or failed."""
        return self.completed + self.failed


def rows_by_day(scope: Scope, window: Window, kind: str) -> dict[date, int]:
    """The number of rows of a kind on each day that has some, excluded rows included.

    `kind` is votes, thumbs, ratings, tickets (resolved) or surveys.
    """
    votes, tickets, answers = (table(m).c for m in (Feedback, Ticket, SurveyResponse))
    day, condition = {
        "votes": (votes.created_day, and_(on_enhancer(), has_content())),
        "thumbs": (votes.created_day, and_(on_enhancer(), votes.thumb.is_not(None))),
        "ratings": (votes.created_day, and_(on_enhancer(), votes.rating.is_not(None))),
        "tickets": (tickets.day, tickets.resolved_at.is_not(None)),
        "surveys": (answers.answered_day, true()),
    }[kind]
    number = select(day, func.count()).where(
        day.table.c.account_id == scope.account, window.contains(day), condition
    )
    return dict(scope.rows(number.group_by(day)))


@dataclass(frozen=True)
class WindowData:
    """The data of a window, each source read on first use and kept.

    `without` are the exclusions that apply.
    """

    scope: Scope
    window: Window
    without: Excluded = NOTHING
    go_live: date | None = None

    @property
    def with_excluded(self) -> "WindowData":
        """The same window with nothing excluded."""
        return WindowData(self.scope, self.window, NOTHING, self.go_live)

    def select_runs(self, *columns: ColumnElement[Any]) -> Select[Any]:
        """Select these columns of the enhancement runs, pending ones included."""
        runs = table(Enhancement).c
        return select(*columns).where(
            runs.account_id == self.scope.account,
            self.window.contains(runs.created_day),
            self.without.keeps(runs.created_at, enhancement=runs.id),
        )

    def select_votes(self, *columns: ColumnElement[Any]) -> Select[Any]:
        """Select these columns of the votes on the enhancer, those taken back included."""
        return select_votes(self.scope, self.window, self.without, *columns)

    @cached_property
    def runs(self) -> Runs:
        """The enhancement runs."""
        runs = table(Enhancement).c
        # Grouped by duration: many runs share a millisecond.
        of = (runs.status, runs.processing_time_ms)
        tallies = self.scope.rows(self.select_runs(*of, func.count()).group_by(*of))
        by_status: Counter[str] = Counter()
        for status, _, number in tallies:
            by_status[status] += number
        took = [(ms, n) for status, ms, n in tallies if status == COMPLETED and ms is not None]
        values, counts = np.array(sorted(took) or np.empty((0, 2)), dtype=np.int64).T
        completed, failed = by_status[COMPLETED], by_status[FAILED]
        return Runs(
            completed=completed,
            failed=failed,
            pending=by_status.total() - completed - failed,
            seconds=np.repeat(values, counts) / MILLISECONDS,
        )

    @cached_property
    def finished_by_day(self) -> Mapping[date, int]:
        """The number of finished runs of each day that has some."""
        runs = table(Enhancement).c
        finished = self.select_runs(runs.created_day, func.count()).where(
            runs.status.in_((COMPLETED, FAILED))
        )
        return dict(self.scope.rows(finished.group_by(runs.created_day)))

    @cached_property
    def thumbs(self) -> tuple[int, int]:
        """Thumbs up, and all thumbs; without those on pages of this product."""
        thumb = table(Feedback).c.thumb
        given = self.select_votes(thumb, func.count()).where(thumb.is_not(None)).group_by(thumb)
        numbers: dict[str, int] = dict(self.scope.rows(given))
        return numbers.get("up", 0), sum(numbers.values())

    @cached_property
    def platform(self) -> PlatformReading:
        """The Prometheus readings."""
        start, end = self.window.instants(self.scope.zone)
        return platform_reading(self.scope, start=start, end=end, without=self.without)

    @cached_property
    def satisfaction(self) -> Satisfaction:
        """The ratings of the product and of the survey."""
        return satisfaction(self.scope, window=self.window, without=self.without)

    @cached_property
    def comparison(self) -> Comparison:
        """The comparison of tickets with and without enhancement."""
        known = self.scope.get(Criterion, "time_reduction")
        judge = None
        if known is not None:
            aim: Any = (known.direction, known.target, known.upper_target)
            judge = lambda estimate: stats.verdict(estimate, *aim)  # noqa: E731
        asked: Any = {"window": self.window, "go_live": self.go_live, "without": self.without}
        return compare(self.scope, **asked, judge=judge)

    @cached_property
    def days_over(self) -> list[date]:
        """The days that are over."""
        today = clock.today(self.scope.zone)
        return [day for day in self.window.dates if day < today]

    @cached_property
    def kept_of_day(self) -> Mapping[date, float]:
        """The share of each day that is over that is not excluded, from 22 of 24 hours up."""
        found = {}
        for day in self.days_over:
            start, end = Window(day, day).instants(self.scope.zone)
            kept = 1 - length(self.without.within(start, end)) / (end - start)
            if kept >= LEAST_OF_DAY:
                found[day] = kept
        return found

    @cached_property
    def whole_days(self) -> Mapping[date, float]:
        """The finished runs of each day kept, scaled up to a whole day; empty without any run."""
        found = {day: self.finished_by_day.get(day, 0) / of for day, of in self.kept_of_day.items()}
        return found if any(found.values()) else {}

    @property
    def days_so_far(self) -> int:
        """The number of days that have begun."""
        today = clock.today(self.scope.zone)
        return sum(day <= today for day in self.window.dates)

    @cached_property
    def roi(self) -> Roi:
        """The business impact."""
        return roi(self.scope, self.comparison, window=self.window, without=self.without)


def window_data(scope: Scope, *, window: Window) -> WindowData:
    """The data of a window, with the account's exclusions and go-live date applied."""
    start, end = window.instants(scope.zone)
    settings = settings_of(scope, BaselineSettings)
    out = excluded(scope)
    inside = Excluded(
        spans=out.within(start, end),
        subjects=tuple(s for s in out.subjects if s[1] < end and s[2] > start),
    )
    go_live = date.fromisoformat(settings.go_live) if settings.go_live else None
    return WindowData(scope, window, inside, go_live)


def comparison_of(scope: Scope, *, window: Window) -> Comparison:
    """The comparison of tickets with and without enhancement, without what is excluded."""
    return window_data(scope, window=window).comparison


def roi_of(scope: Scope, *, window: Window) -> Roi:
    """The business impact of a window, without what is excluded."""
    return window_data(scope, window=window).roi


def platform_of(scope: Scope, *, window: Window) -> PlatformReading:
    """The Prometheus readings of a window, without what is excluded."""
    return window_data(scope, window=window).platform
