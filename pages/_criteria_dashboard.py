"""The dashboard of a window: each criterion day by day, with what happened marked on it."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta

import pandas as pd
import streamlit as st

from core import words
from core.analytics.criteria import CriterionResult, comparison_of, platform_of
from core.analytics.criteria_days import DayOfCriteria, Opinions, daily_criteria, opinions
from core.analytics.exclusions import Excluded
from core.analytics.observed import instants
from core.analytics.platform import PlatformReading
from core.analytics.window import Window
from core.baseline.entries import (
    ANNOTATION_KINDS,
    AnnotationEntry,
    annotate,
    annotations,
    exclusions,
    withdraw_annotation,
)
from core.criteria_charts import estimate_rows, stacked_choices
from core.stats import Estimate
from core.time_chart import Mark, Series, Span, TimePoint, time_chart
from pages import _ui as ui

PLACE = "criteria_annotations"
# In the middle of what a point stands for.
NOON = time(12)


def show(page: ui.Page, results: Sequence[CriterionResult], window: Window) -> None:
    asked = {"account": page.account.id, "window": window}
    days = ui.read(page, daily_criteria, **asked, until=page.today)
    voiced = ui.read(page, opinions, **asked)
    reading = ui.read(page, platform_of, **asked)
    drawn = _Panels(page, window, {r.criterion.key: r for r in results})
    with st.grid(2, min_column_width=330):
        drawn.success(days)
        drawn.latency(days)
        drawn.ratings(voiced)
        drawn.thumbs(days)
        drawn.tickets(days)
        drawn.saving()
        drawn.positive(days)
        drawn.queue(reading)
        drawn.submissions(voiced, days)
    _happened(page, window)


class _Panels:
    """The panels of one window, which share its marks, its excluded times and its targets."""

    def __init__(self, page: ui.Page, window: Window, results: dict[str, CriterionResult]) -> None:
        self.page, self.window, self.results = page, window, results
        start, end = instants(page.store, window)
        found = ui.read(page, annotations, account=page.account.id, start=start, end=end)
        self.marks = [Mark(self._local(entry.from_at), entry.text) for entry in found]
        ledger = ui.read(page, exclusions, account=page.account.id)
        live = [e for e in ledger if e.withdrawn_at is None and e.subject is None]
        self.spans = [
            Span(self._local(max(e.from_at, start)), self._local(min(e.to_at, end)), e.reason)
            for e in live
            if Excluded(spans=((e.from_at, e.to_at),)).within(start, end)
        ]

    def success(self, days: Sequence[DayOfCriteria]) -> None:
        points = self._points(days, "success_rate")
        self._draw(
            time_chart(
                [Series("Success rate", points)],
                unit="fraction",
                grain="day",
                targets=self._targets("success_rate"),
                marks=self.marks,
                spans=self.spans,
            ),
            title=_worst(points, "fraction", "was the weakest day: {} succeeded", lowest=True),
            subtitle="Success rate by day, completed of completed and failed runs, with its "
            "95 % interval",
            key="success_rate",
        )

    def latency(self, days: Sequence[DayOfCriteria]) -> None:
        lines = {"p50": "latency_p50", "p95": "latency_p95", "p99": "latency_p99"}
        series = [Series(name, self._points(days, key)) for name, key in lines.items()]
        self._draw(
            time_chart(
                series,
                unit="seconds",
                grain="day",
                targets=self._targets("latency_p95"),
                marks=self.marks,
                spans=self.spans,
                zero=True,
            ),
            title=_worst(series[1].points, "seconds", "was the slowest day: p95 {}", lowest=False),
            subtitle="Duration of completed runs by day; the target of p95 is dashed",
            key="latency",
        )

    def ratings(self, voiced: Opinions) -> None:
        rows = [
            {"choice": str(stars), "series": name, "value": given.get(stars, 0)}
            for name, given in (("In the product", voiced.in_product), ("Survey", voiced.survey))
            for stars in range(1, 6)
            if given
        ]
        estimate = self.results["satisfaction"].estimate if "satisfaction" in self.results else None
        if not rows or estimate is None or estimate.value is None:
            self._nothing("Satisfaction", "No rating in this window")
            return
        said = f"{words.amount(estimate.value, 'stars')} of 5 stars on average"
        self._draw(
            stacked_choices(pd.DataFrame(rows), unit="Ratings", what="Stars"),
            title=f"{said}, from {words.times(estimate.n, 'rating')}",
            subtitle="Ratings from 1 to 5 stars, in the product and in the survey",
            key="ratings",
        )

    def thumbs(self, days: Sequence[DayOfCriteria]) -> None:
        up, down = (sum(day.thumbs[n] for day in days) for n in (0, 1))
        if not up + down:
            self._nothing("Thumbs", "No thumb in this window")
            return
        rows = [
            {"choice": _day(day), "series": name, "value": day.thumbs[n]}
            for n, name in enumerate(("Thumbs up", "Thumbs down"))
            for day in days
        ]
        self._draw(
            stacked_choices(pd.DataFrame(rows), unit="Thumbs", what="Day"),
            title=f"{words.count(up)} thumbs up, {words.count(down)} down",
            subtitle="Thumbs by day",
            key="thumbs",
        )

    def tickets(self, days: Sequence[DayOfCriteria]) -> None:
        rows = [
            {"choice": _day(day), "series": "Finished runs", "value": day.finished} for day in days
        ]
        if not any(day.finished for day in days):
            self._nothing("Tickets a day", "No finished run in this window")
            return
        working = [day.finished for day in days if day.day < self.page.today]
        mean = sum(working) / len(working) if working else days[-1].finished
        self._draw(
            stacked_choices(
                pd.DataFrame(rows), unit="Runs", what="Day", targets=self._targets("throughput")
            ),
            title=f"{words.amount(round(mean), 'per day')} enhanced tickets a day on average",
            subtitle="Completed and failed runs by day; the target's range is dashed",
            key="tickets",
        )

    def saving(self) -> None:
        seen = ui.read(self.page, comparison_of, account=self.page.account.id, window=self.window)
        estimates: dict[str, Estimate] = {
            "Within category and priority": seen.stratified.estimate,
            "All tickets, naive": seen.naive.estimate,
        }
        if seen.go_live is not None:
            estimates["Since go-live"] = seen.go_live.compared.estimate
        if all(estimate.value is None for estimate in estimates.values()):
            self._nothing("Resolution time", "No tickets to compare in this window")
            return
        preferred = seen.preferred
        self._draw(
            estimate_rows(
                estimates, unit="fraction", target=next(iter(self._targets("time_reduction")), None)
            ),
            title=f"{words.amount(preferred.estimate.value, 'fraction')} less time to resolution"
            if preferred.figure
            else "No saving can be claimed",
            subtitle=preferred.why,
            key="saving",
        )

    def positive(self, days: Sequence[DayOfCriteria]) -> None:
        points = self._points(days, "positive_feedback")
        self._draw(
            time_chart(
                [Series("Positive feedback", points)],
                unit="fraction",
                grain="day",
                targets=self._targets("positive_feedback"),
                marks=self.marks,
                spans=self.spans,
            ),
            title=_worst(points, "fraction", "had the fewest thumbs up: {}", lowest=True),
            subtitle="Share of thumbs that point up by day, with its 95 % interval",
            key="positive",
        )

    def queue(self, reading: PlatformReading) -> None:
        points = [
            TimePoint(
                at=self._local(point.at),
                label=words.moment(point.at.astimezone(self.page.store.zone), self.page.today),
                value=point.mean,
            )
            for point in reading.queue_series
        ]
        known = [point for point in points if point.value is not None]
        if not known:
            self._nothing("Queue depth", "Prometheus was not read in this window")
            return
        deepest = max(known, key=lambda point: point.value or 0.0)
        self._draw(
            time_chart(
                [Series("Queue depth", points)],
                unit="Waiting tickets",
                grain="day" if (self.window.days or 0) > 2 else "hour",
                targets=self._targets("queue_depth"),
                marks=self.marks,
                spans=self.spans,
                zero=True,
            ),
            title=f"The queue was deepest at {deepest.label}: {deepest.value:,.0f} waiting",
            subtitle="Waiting tickets by quarter of an hour; a hole is time without a scrape",
            key="queue",
        )

    def submissions(self, voiced: Opinions, days: Sequence[DayOfCriteria]) -> None:
        names = ("Votes", "Survey responses")
        total = sum(sum(pair) for pair in voiced.submissions.values())
        if not total:
            self._nothing("Submissions", "No feedback in this window")
            return
        rows = [
            {
                "choice": _day(day),
                "series": name,
                "value": voiced.submissions.get(day.day, (0, 0))[n],
            }
            for n, name in enumerate(names)
            for day in days
        ]
        self._draw(
            stacked_choices(pd.DataFrame(rows), unit="Submissions", what="Day"),
            title=f"{words.upper_first(words.times(total, 'submission'))} of feedback",
            subtitle="Votes and survey responses by day",
            key="submissions",
        )

    def _points(self, days: Sequence[DayOfCriteria], key: str) -> list[TimePoint]:
        return [
            TimePoint(
                at=datetime.combine(day.day, NOON),
                label=f"{day.day:%A}, {words.day(day.day)}",
                value=day.estimates[key].value,
                low=day.estimates[key].low,
                high=day.estimates[key].high,
                n=day.estimates[key].n,
                is_whole=day.day < self.page.today,
            )
            for day in days
        ]

    def _targets(self, key: str) -> list[float]:
        result = self.results.get(key)
        if result is None:
            return []
        ends = (result.criterion.target, result.criterion.upper_target)
        return [end for end in ends if end is not None]

    def _local(self, at: datetime) -> datetime:
        return at.astimezone(self.page.store.zone).replace(tzinfo=None)

    def _draw(self, drawn: object, *, title: str, subtitle: str, key: str) -> None:
        ui.chart(
            drawn,
            title=title,
            subtitle=subtitle,
            alt=f"{title}. {subtitle}",
            page=self.page,
            filters=self.window.label,
            key=key,
        )

    def _nothing(self, what: str, why: str) -> None:
        with st.container(border=True, height="stretch"):
            st.subheader(ui.plain(what), anchor=False)
            st.caption(ui.plain(f"{why}: nothing can be drawn."))


def _day(day: DayOfCriteria) -> str:
    return f"{day.day:%a} {day.day.day} {day.day:%b}"


def _worst(points: Sequence[TimePoint], unit: str, finding: str, *, lowest: bool) -> str:
    known = [point for point in points if point.value is not None]
    if not known:
        return "Nothing was measured in this window"
    pick = min if lowest else max
    worst = pick(known, key=lambda point: point.value or 0.0)
    name = worst.label.partition(",")[0] if len(points) <= 7 else worst.label
    return f"{name} {finding.format(words.amount(worst.value, unit))}"


def _happened(page: ui.Page, window: Window) -> None:
    """The annotations of the window, and a way to add one."""
    ui.said(PLACE)
    start, end = instants(page.store, window)
    found = ui.read(page, annotations, account=page.account.id, start=start, end=end)
    with st.container(border=True):
        st.subheader("What happened", anchor=False)
        st.caption("Deployments and incidents, marked on every chart over time")
        if not found:
            st.markdown("Nothing is noted in this window.")
        for entry in found:
            _entry(page, entry)
        if ui.editor(page):
            with st.popover("Note a deployment or an incident"):
                _note(page, window)


def _entry(page: ui.Page, entry: AnnotationEntry) -> None:
    with st.container(
        horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"
    ):
        at = words.moment(entry.from_at.astimezone(page.store.zone), page.today)
        kind = ANNOTATION_KINDS[entry.kind]
        st.markdown(
            f"**{kind}**, {ui.plain(at)}: {ui.plain(entry.text)} ({ui.plain(entry.entered_by)})",
            width="stretch",
        )
        if ui.editor(page):
            st.button(
                "Remove",
                key=f"{PLACE}_{entry.id}",
                type="tertiary",
                on_click=ui.say_after,
                args=(PLACE, "Removed from the charts.", withdraw_annotation, page.store, entry.id),
                kwargs={"account": page.account.id, "by": ui.editor(page) or ""},
            )


def _note(page: ui.Page, window: Window) -> None:
    assert window.start is not None
    with st.form(f"{PLACE}_new", border=False, clear_on_submit=True):
        left, right = st.columns(2)
        day = left.date_input("Day", window.start + timedelta(days=2), format="YYYY-MM-DD")
        clock = right.time_input("at", time(12, 0), step=60)
        kind = st.selectbox("Kind", list(ANNOTATION_KINDS), format_func=ANNOTATION_KINDS.get)
        text = st.text_input("What happened", max_chars=500)
        if st.form_submit_button("Note it", type="primary"):
            ui.say_after(
                PLACE,
                "Noted: it is marked on every chart over time.",
                annotate,
                page.store,
                account=page.account.id,
                from_at=datetime.combine(day, clock, page.store.zone),
                kind=kind,
                text=text,
                by=ui.editor(page) or "",
            )
            st.rerun()
