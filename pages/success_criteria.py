"""Are we meeting our success criteria?"""

from collections.abc import Callable, Sequence

import pandas as pd
import streamlit as st

from core import charts, sentences, words
from core.analytics.criteria import CriterionResult, evaluate, weekly_values
from core.analytics.query import query_metrics
from core.analytics.window import Window, iso_week, last_complete_week
from core.stats import Verdict
from pages import _criteria
from pages import _ui as ui

SOURCES = frozenset({"Enhancement runs", "Tickets", "Feedback"})
WEEKS_OFFERED = 13
WEEKS_DRAWN = 8


def show(page: ui.Page) -> None:
    answer = st.container()
    week = choose_week(page)
    results = ui.read(page, evaluate, account=page.account.id, window=week)
    main = [result for result in results if not result.criterion.is_guardrail]
    with answer:
        st.markdown(f"##### {ui.plain(sentences.criteria_answer(main, week.label))}")
        unfinished = week.end is not None and week.end >= page.today
        ui.freshness_line(
            page, SOURCES, note="this week is not over" if unfinished else "whole week"
        )
    if all(result.verdict is Verdict.NO_DATA for result in results):
        ui.empty(
            f"Nothing was recorded in {week.label}: no enhancement run, no resolved ticket, no "
            "rating. Choose another week."
        )
        return
    _criteria.strip(page, main, week)
    daily_charts(page, results, week)
    weekly_charts(page, main, week)
    guardrails(page, results, week)


def choose_week(page: ui.Page) -> Window:
    past = [last_complete_week(page.today, ago) for ago in range(WEEKS_OFFERED)]
    weeks = {week.label: week for week in [iso_week(page.today), *past]}
    labels = list(weeks)

    def shown(label: str) -> str:
        week = weeks[label]
        assert week.start is not None
        assert week.end is not None
        return f"{label}, {words.day(week.start)} to {words.day(week.end)}"

    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.selectbox(
            "Week",
            labels,
            index=1,
            format_func=shown,
            key="criteria_week",
            bind="query-params",
            width=330,
        )
        ui.account_box(page)
    return weeks[chosen]


def daily_charts(page: ui.Page, results: Sequence[CriterionResult], week: Window) -> None:
    keys = ["enhancement_success_rate", "latency_p50", "latency_p95", "latency_p99"]
    rows = ui.read(
        page,
        query_metrics,
        account=page.account.id,
        metrics=keys,
        dimensions=["day"],
        start_date=week.start,
        end_date=week.end,
        include_zero=True,
        with_samples=True,
    )["data"]
    today = str(page.today)
    rows = [row for row in rows if row["day"] <= today]
    success = _long(rows, {"enhancement_success_rate": "Success rate"})
    latency = _long(rows, {"latency_p50": "p50", "latency_p95": "p95", "latency_p99": "p99"})
    targets = {result.criterion.key: result.criterion.target for result in results}
    left, right = st.columns(2)
    with left:
        ui.chart(
            charts.line(
                success,
                unit="Success rate",
                value_format=".0%",
                unfinished=today,
                target=targets.get("success_rate"),
                zero=False,
            ),
            title=_weakest_day(success, "min", "was the weakest day: {} succeeded", words.share),
            subtitle="Completed of completed and failed runs; the dashed line is the target",
            alt="Enhancement success rate by day",
        )
    with right:
        ui.chart(
            charts.line(
                latency,
                unit="Seconds",
                value_format=".0f",
                unfinished=today,
                target=targets.get("latency_p95"),
            ),
            title=_weakest_day(
                latency[latency["series"] == "p95"],
                *("max", "was the slowest day: p95 {}", words.duration),
            ),
            subtitle="Duration of completed runs; the dashed line is the target for p95",
            alt="Latency quantiles by day",
        )


def _weakest_day(
    frame: pd.DataFrame, worst: str, finding: str, said: Callable[[float], str]
) -> str:
    known = frame.dropna(subset="value")
    if known.empty:
        return "No finished run in this week"
    row = known.loc[known["value"].agg(f"idx{worst}")]
    return f"{row['day_name']} {finding.format(said(row['value']))}"


def _long(rows: list[dict[str, object]], series: dict[str, str]) -> pd.DataFrame:
    frame = pd.DataFrame(
        [
            {
                "period": row["day"],
                "series": label,
                "value": row[key],
                "n": row[f"{key}_n"],
                "day_name": f"{pd.Timestamp(str(row['day'])):%A}",
            }
            for key, label in series.items()
            for row in rows
        ],
        columns=["period", "series", "value", "n", "day_name"],
    )
    return frame.astype({"value": float})


def weekly_charts(page: ui.Page, main: Sequence[CriterionResult], week: Window) -> None:
    assert week.start is not None
    weeks = [last_complete_week(week.start, ago) for ago in range(WEEKS_DRAWN - 1)][::-1]
    values = ui.read(page, weekly_values, account=page.account.id, weeks=[*weeks, week])
    current = iso_week(page.today).label
    st.subheader("Eight weeks", anchor=False)
    with st.grid(2, min_column_width=330):
        for result in main:
            criterion = result.criterion
            frame = pd.DataFrame(values[criterion.key], columns=["period", "value", "n"])
            frame = frame.assign(series=criterion.label).astype({"value": float})
            ui.chart(
                charts.line(
                    frame,
                    unit=criterion.unit if criterion.unit != "fraction" else "",
                    value_format={"fraction": ".0%", "stars": ".1f"}.get(criterion.unit, ".0f"),
                    unfinished=current,
                    target=criterion.target,
                    zero=False,
                    height=200,
                ),
                title=_trend_title(result, frame),
                subtitle=f"By week; dashed: the target, {sentences.criterion_target(result)}",
                alt=f"{criterion.label} by week",
            )


def _trend_title(result: CriterionResult, frame: pd.DataFrame) -> str:
    known = frame["value"].dropna()
    target, below = result.criterion.target, result.criterion.direction == "below"
    good = int((known < target).sum() if below else (known > target).sum())
    if known.empty:
        return f"{result.criterion.label}: no data in these weeks"
    return f"{result.criterion.label}: on target in {good} of {words.times(len(known), 'week')}"


def guardrails(page: ui.Page, results: Sequence[CriterionResult], week: Window) -> None:
    frame = pd.DataFrame(
        [
            {
                "Criterion": result.criterion.label,
                "Value": words.amount(result.estimate.value, result.criterion.unit),
                "Target": sentences.criterion_target(result),
                "Verdict": _criteria.SIGNS[result.verdict][0],
                "95 % interval": " to ".join(
                    words.amount(bound, result.criterion.unit)
                    for bound in (result.estimate.low, result.estimate.high)
                ),
                "Sample": words.times(result.estimate.n, result.sample),
                "Method": result.estimate.method,
                "Owner": result.criterion.owner,
            }
            for result in results
        ]
    )
    st.subheader("All criteria and guardrails", anchor=False)
    st.dataframe(frame, hide_index=True)
    ui.csv_button(page, frame, name="Success criteria", filters=week.label, key="criteria")


ui.run_page("criteria", "Are we meeting our success criteria?", show)
