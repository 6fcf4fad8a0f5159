"""The signals of a review, each with the chart that shows it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from core.base import text
from core.charts import ChartSpec
from core.criteria.panels import result_bar
from core.criteria.words import CriterionRow

Told = Mapping[str, Any]


@dataclass(frozen=True)
class SignalChart:
    """A signal under its finding; `brief` is the subtitle of a page, `values` the points."""

    key: str
    title: str
    subtitle: str
    brief: str
    values: str
    drawn: ChartSpec


def signal_charts(told: Told) -> Iterator[SignalChart]:
    """A chart for each signal of a review's content.

    A test and a rule of the same thing are one; one without a series shows its criterion.
    """
    by_label: dict[str, list[Told]] = {}
    for one in told["signals"]:
        by_label.setdefault(one["label"], []).append(one)
    rows = {row["key"]: row for row in told["criteria"]}
    for label, signals in by_label.items():
        more = [one["words"].removeprefix(f"{label}: ") for one in signals[1:]]
        title = "; ".join([signals[0]["words"], *more])
        keys = {one["key"] for one in signals}
        charted = next((one for one in signals if one["chart"]), None)
        series = next((s for s in told["series"] if s["key"] in keys or s["label"] == label), None)
        stored = next((rows[key] for key in keys if key in rows), None)
        key, shown = signals[0]["key"], charted or series
        if shown is not None:
            # Content that was closed earlier may have no subtitle.
            said = shown.get("subtitle") or f"{label} by week: {shown['finding']}"
            brief, chart = shown.get("brief", said), ChartSpec(shown["chart"])
            yield SignalChart(key, title, said, brief, _values(series), chart)
        elif stored is not None:
            row = CriterionRow.load(stored)
            said, evidence = _earlier(row), text.upper_first(row.evidence)
            yield SignalChart(key, title, said, said, evidence, result_bar(row.result))


def _values(series: Told | None) -> str:
    """The points of a series in words, and the events that are marked."""
    if series is None:
        return ""
    known = [(week, value) for week, value in series.get("points", []) if value is not None]
    said = ", ".join(f"{week} {text.amount(value, series['unit'])}" for week, value in known)
    return ". ".join(part for part in (said, series.get("marked")) if part)


def _earlier(row: CriterionRow) -> str:
    """The value of a criterion that no series shows, with its target and earlier values."""
    said = {
        "This week": row.value,
        "target": row.target,
        "last week": row.amount(row.week_before),
        "four weeks before": row.amount(row.four_weeks),
        "baseline": row.amount(row.baseline),
    }
    return ", ".join(f"{name} {value}" for name, value in said.items())


def how_sure(told: Told) -> str:
    """How many marks and discoveries to expect where nothing has changed."""
    labels = {row["key"]: row["label"] for row in told["criteria"]}
    found = [
        f"{text.lower_first(labels.get(one['key'], one['key']))} {_chance(one['q'])}"
        for one in told["tests"]
        if one["is_signal"]
    ]
    tests = f": {text.listed(found)}" if found else ""
    return (
        f"About {told['expected_false_alarms']:.1f} false alarms a week are expected over all "
        f"{len(told['series'])} series; tests of criteria together are held to 5 % false "
        f"discoveries (Benjamini and Hochberg){tests}."
    )


def _chance(q: float) -> str:
    return "q < 0.001" if q < 0.001 else f"q = {q:.3f}"
