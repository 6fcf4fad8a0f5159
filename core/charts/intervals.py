"""Dots with their intervals: estimates below each other, ranks, the bar of a criterion."""

from collections.abc import Mapping

import altair as alt
import pandas as pd

from core.base import text
from core.base.stats import Estimate
from core.charts.theme import (
    BLUE,
    GREY,
    STRONG,
    ChartSpec,
    Part,
    layer,
    layered,
    rule_layer,
    slot,
    template,
    text_slot,
)


@template
def _intervals(*, has_sample: bool, is_ranks: bool) -> alt.LayerChart:
    scale, ticks = (
        alt.Scale(zero=True),
        alt.Axis(tickCount=5, format=text_slot("number"), grid=True),
    )
    if is_ranks:
        scale = alt.Scale(domain=slot("domain"), nice=False, zero=False)
        ticks = alt.Axis(tickCount=5, format=",d", tickMinStep=1)
    tips = [
        alt.Tooltip("category:N", title="What"),
        alt.Tooltip("Value:N", title=text_slot("value")),
    ]
    tips += [alt.Tooltip(f"{name}:N") for name in ("95 % interval", *["Sample"] * has_sample)]
    rows = layer(
        y=alt.Y("category:N", title=None, sort=None, axis=alt.Axis(labelLimit=170)), tooltip=tips
    )
    x = alt.X("low:Q", title=text_slot("title"), scale=scale, axis=ticks)
    return layered(
        "rows",
        rows.encode(x=x, x2="high").mark_bar(height=9, opacity=0.35, cornerRadius=4, color=BLUE),
        rule_layer("targets", "Target", x=alt.X("value:Q")),
        rows.encode(x=alt.X("value:Q")).mark_point(filled=True, size=90, opacity=1, color=BLUE),
    )


def estimate_rows(
    estimates: Mapping[str, Estimate], *, unit: str, target: float | None = None
) -> ChartSpec:
    """Estimates below each other: a dot with its interval as a band, and a target as a line.

    One without a value is named, with an empty row.
    """
    rows = [
        {
            "category": name,
            "value": estimate.value,
            "low": estimate.low,
            "high": estimate.high,
            "Value": text.amount(estimate.value, unit),
            "95 % interval": _interval(estimate, unit),
            "Sample": text.count(estimate.n),
        }
        for name, estimate in estimates.items()
    ]
    targets = [] if target is None else [{"value": target, "Target": text.amount(target, unit)}]
    return _intervals(has_sample=True, is_ranks=False).fill(
        {"rows": rows, "targets": targets},
        height=50 + 34 * len(rows),
        number=".0%" if unit == "fraction" else "~s",
        title=None,
        value="Value",
    )


def rank_rows(frame: pd.DataFrame) -> ChartSpec:
    """Ranks from 1 on as dots with their intervals as bands, one below the other.

    `frame` has category (str), value, low and high (ranks), in the order to be drawn.
    """
    rows: list[Part] = [
        {
            "category": category,
            "value": int(value),
            "low": int(low),
            "high": int(high),
            "Value": f"{value:,d}",
            "95 % interval": f"{low:,d} to {high:,d}",
        }
        for category, value, low, high in frame[["category", "value", "low", "high"]].itertuples(
            index=False
        )
    ]
    return _intervals(has_sample=False, is_ranks=True).fill(
        {"rows": rows, "targets": []},
        height=60 + 22 * len(rows),
        domain=[1, max([2, *(row["high"] for row in rows)])],
        title="Rank",
        value="Rank",
    )


@template
def _criterion_bar(*, is_known: bool) -> alt.LayerChart:
    scale = alt.Scale(domain=slot("ends"), nice=False, zero=False)
    tips = [alt.Tooltip(f"{name}:N") for name in ("Estimate", "95 % interval", "Target")]

    def part(field: str) -> alt.Chart:
        return layer(x=alt.X(f"{field}:Q", scale=scale, axis=None), tooltip=tips)

    layers = [
        part("start").encode(x2="stop").mark_bar(height=6, color=GREY, opacity=0.3, cornerRadius=3)
    ]
    if is_known:
        layers += [
            part("low").encode(x2="high").mark_bar(height=12, opacity=0.45, cornerRadius=3),
            part("value").mark_point(filled=True, size=110, opacity=1),
        ]
    layers.append(part("target").mark_tick(thickness=2.5, size=26, color=STRONG))
    return layered("criterion", *layers)


def criterion_bar(
    estimate: Estimate, *, target: float, ends: tuple[float, float], unit: str
) -> ChartSpec:
    """A verdict in one mark: the target as a line, the estimate as a dot, the interval as a band.

    `ends` are the values at the two ends of the bar; bounds beyond them, and missing ones, run to
    the end.
    """
    start, stop = ends
    value = estimate.value if estimate.value is not None else target
    row = {
        "start": start,
        "stop": stop,
        "low": start if estimate.low is None else max(start, min(estimate.low, stop)),
        "high": stop if estimate.high is None else min(stop, max(estimate.high, start)),
        "value": max(start, min(value, stop)),
        "target": target,
        "Estimate": text.amount(estimate.value, unit),
        "95 % interval": _interval(estimate, unit),
        "Target": text.amount(target, unit),
    }
    chart = _criterion_bar(is_known=estimate.value is not None)
    padding = {"left": 2, "right": 2, "top": 0, "bottom": 0}
    drawn = chart.fill({"criterion": [row]}, height=30, ends=[start, stop])
    return ChartSpec({**drawn.spec, "padding": padding})


def _interval(estimate: Estimate, unit: str) -> str:
    return " to ".join(text.amount(bound, unit) for bound in (estimate.low, estimate.high))
