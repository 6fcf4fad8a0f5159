"""Charts: a frame in, an Altair chart out; they know nothing of pages.

Colours come from the page's theme, so that one chart reads well in light and in dark; only what has
a fixed meaning (everyone else, a target) is named here, in greys that hold on both.
"""

from collections.abc import Collection, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, TypeAlias

import altair as alt
import numpy as np
import pandas as pd

from core import words
from core.stats import Estimate
from core.words import OTHERS

__all__ = ["Drawn", "bars", "criterion_bar", "heat_map", "intervals", "line", "stacked_periods"]

# Altair's layers answer with one of two classes, depending on what they are given.
Layers: TypeAlias = alt.LayerChart | alt.FacetChart


@dataclass(frozen=True)
class Drawn:
    """A chart as its Vega-Lite specification; Streamlit takes it for an Altair chart.

    Altair takes some 50 ms to build and check one, which a page with many of them cannot wait for.
    """

    spec: Mapping[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """The specification, to be changed by who asks."""
        return deepcopy(dict(self.spec))


HEIGHT = 280
GREY = "#97a1ac"
STRONG = "#6b7683"
UNFINISHED = 0.45


def stacked_periods(
    frame: pd.DataFrame,
    *,
    series: Sequence[str],
    unit: str,
    unfinished: str | Collection[str] | None = None,
    height: int = 340,
    others: str = OTHERS,
    what: str = "Who",
) -> Layers:
    """Amounts by period, stacked by series, with the names at the right edge.

    `frame` has period (str), series (str) and value (number), one row for each pair; `series` gives
    the order from the bottom, with `others`, where it is one, in grey. The `unfinished` periods are
    pale. `what` is what a series is.
    """
    order = [name for name in series if name != others]
    if others in series:
        order.insert(0, others)
    position = {name: n for n, name in enumerate(order)}
    pale = [unfinished] if unfinished is None or isinstance(unfinished, str) else list(unfinished)
    data = frame.assign(layer=frame["series"].map(position), unfinished=frame["period"].isin(pale))
    base = alt.Chart(data)
    colour = alt.Color("series:N", sort=order, legend=None, scale=_scale(order, others))
    bars = base.mark_bar().encode(
        x=alt.X("period:O", title=None, axis=_period_axis(data["period"])),
        y=alt.Y("value:Q", title=unit, stack="zero"),
        color=colour,
        order=alt.Order("layer:Q"),
        opacity=alt.condition(alt.datum.unfinished, alt.value(UNFINISHED), alt.value(1)),
        tooltip=[
            alt.Tooltip("period:O", title="Period"),
            alt.Tooltip("series:N", title=what),
            alt.Tooltip("value:Q", title=unit, format=",d"),
        ],
    )
    labels = (
        alt.Chart(_edge_labels(data, order))
        .mark_text(align="left", baseline="middle", dx=6, fontSize=12)
        .encode(
            x=alt.X("period:O", bandPosition=1),
            y=alt.Y("at:Q"),
            text="series:N",
            color=colour,
            tooltip=alt.value(None),
        )
    )
    return _styled(alt.layer(bars, labels), height=height)


def _scale(order: Sequence[str], others: str) -> alt.Scale:
    # An explicit domain keeps a person's colour when the data changes; grey stands for the rest.
    if others not in order:
        return alt.Scale(domain=list(order))
    return alt.Scale(domain=list(order), range=[GREY, *_palette(len(order) - 1)])


def _palette(size: int) -> list[str]:
    # Okabe and Ito, each a shade that has a contrast of 3:1 on white and on the dark surface.
    colours = ["#2b83c2", "#c98500", "#0f9d76", "#c66fa0", "#d9692a", "#3f9fd6"]
    return colours[:size]


def _edge_labels(data: pd.DataFrame, order: Sequence[str]) -> pd.DataFrame:
    """Where each name stands beside the last period: the middle of its part, kept apart."""
    last = data["period"].max()
    values = data[data["period"] == last].set_index("series")["value"].reindex(order).fillna(0)
    totals = data.groupby("period")["value"].sum()
    top = float(totals.max()) if len(totals) else 1.0
    middle = (values.cumsum() - values / 2).to_numpy(dtype=float)
    gap = top * 0.075
    placed = np.empty_like(middle)
    floor = 0.0
    for n, wanted in enumerate(middle):
        placed[n] = floor = max(wanted, floor)
        floor += gap
    return pd.DataFrame({"series": list(order), "period": last, "at": placed})


def _period_axis(periods: pd.Series) -> alt.Axis:
    """At most a dozen labels, so that none is turned or lost; over years one for each January."""
    distinct = sorted(periods.unique())
    shown = [period for period in distinct if period.endswith(("-01", "-W01"))]
    if len(shown) < 3 or distinct[0].count("-") > 1:
        step = max(1, -(-len(distinct) // 12))
        shown = distinct[::-1][::step][::-1]
    return alt.Axis(
        values=shown,
        labelAngle=0,
        labelOverlap="greedy",
        labelExpr=_label(shown[0] if shown else ""),
    )


def _label(period: str) -> str:
    """A Vega expression for the two lines under a week, month or day; the first tells the year."""
    is_first = "datum.index === 0"
    if "-W" in period:
        parts = "split(datum.value, '-W')"
        year = f"({is_first} || {parts}[1] === '01') ? {parts}[0] : ''"
        return f"['W' + {parts}[1], {year}]"
    if period.count("-") == 1:
        month = "toDate(datum.value + '-01T00:00')"
        new_year = f"{is_first} || slice(datum.value, 5) === '01'"
        return f"[timeFormat({month}, '%b'), ({new_year}) ? timeFormat({month}, '%Y') : '']"
    day = "toDate(datum.value + 'T00:00')"
    return f"[timeFormat({day}, '%a'), timeFormat({day}, '%-d %b')]"


def line(
    frame: pd.DataFrame,
    *,
    unit: str,
    value_format: str,
    unfinished: str | None = None,
    target: float | None = None,
    zero: bool = True,
    height: int = HEIGHT,
) -> Layers:
    """Values over periods as lines, the way to an unfinished period dotted, a target as a rule.

    `frame` has period (str), value (number or None), series (str), and may have n (the sample).
    """
    sample = [alt.Tooltip("n:Q", title="Sample", format=",d")] if "n" in frame else []
    # No fractions between whole numbers: without them two ticks would read the same.
    step = 1 if value_format.endswith("d") else alt.Undefined
    ticks = alt.Axis(format=value_format, tickMinStep=step)
    axis = alt.Y("value:Q", title=unit, axis=ticks, scale=alt.Scale(zero=zero))
    several = len(frame["series"].unique()) > 1
    # As many names side by side as there is room for: on a phone they would run out of the chart.
    names = alt.Legend(
        orient="top",
        title=None,
        columns=alt.ExprRef("width < 400 ? 2 : max(1, floor(width / 160))"),
        labelLimit=alt.ExprRef("width < 400 ? 100 : 150"),
    )
    legend = names if several else None
    base = alt.Chart(frame).encode(
        x=alt.X("period:O", title=None, axis=_period_axis(frame["period"])),
        y=axis,
        color=alt.Color("series:N", legend=legend, sort=list(frame["series"].unique())),
        tooltip=[
            alt.Tooltip("period:O", title="Period"),
            alt.Tooltip("series:N", title="What"),
            alt.Tooltip("value:Q", title=unit, format=value_format),
            *sample,
        ],
    )
    periods = sorted(frame["period"].unique())
    tail = periods[-2:] if unfinished in periods[-1:] else []
    whole = alt.FieldOneOfPredicate(field="period", oneOf=[p for p in periods if p != unfinished])
    layers: list[alt.Chart] = [
        base.transform_filter(whole).mark_line(strokeWidth=2.5),
        base.mark_point(filled=True, size=45, opacity=1),
    ]
    if tail:
        ending = alt.FieldOneOfPredicate(field="period", oneOf=tail)
        layers.append(base.transform_filter(ending).mark_line(strokeWidth=2.5, strokeDash=[3, 4]))
    if target is not None:
        layers.append(_target(target, value_format))
    return _styled(alt.layer(*layers), height=height)


def _target(target: float, value_format: str) -> alt.Chart:
    rule = alt.Chart(pd.DataFrame({"target": [target]}))
    marked: alt.Chart = rule.mark_rule(strokeDash=[6, 4], strokeWidth=1.5, color=STRONG).encode(
        y="target:Q", tooltip=[alt.Tooltip("target:Q", title="Target", format=value_format)]
    )
    return marked


def bars(frame: pd.DataFrame, *, unit: str, value_format: str) -> Layers:
    """Amounts by category, from zero, with the value at the end of each bar.

    `frame` has category (str) and value (number or None), in the order to be drawn.
    """
    base = alt.Chart(frame).encode(
        y=alt.Y("category:N", title=None, sort=None, axis=alt.Axis(labelLimit=220)),
        x=alt.X("value:Q", title=unit, axis=alt.Axis(format=value_format)),
        tooltip=[
            alt.Tooltip("category:N", title="What"),
            alt.Tooltip("value:Q", title=unit, format=value_format),
        ],
    )
    ends = base.mark_text(align="left", dx=4, fontSize=12, color=STRONG).encode(
        text=alt.Text("value:Q", format=value_format)
    )
    return _styled(alt.layer(base.mark_bar(), ends), height=60 + 34 * len(frame))


def intervals(frame: pd.DataFrame, *, unit: str, from_: float = 0) -> Layers:
    """Values as dots with their intervals as bands, one below the other.

    `frame` has category (str), value, low and high (numbers), in the order to be drawn.
    """
    end = max(float(frame["high"].max()), from_ + 1)
    scale = alt.Scale(domain=[from_, end], nice=False, zero=False)
    base = alt.Chart(frame).encode(
        y=alt.Y("category:N", title=None, sort=None, axis=alt.Axis(labelLimit=150)),
        tooltip=[
            alt.Tooltip("category:N", title="Who"),
            alt.Tooltip("value:Q", title=unit, format=",d"),
            alt.Tooltip("low:Q", title="95 % interval from", format=",d"),
            alt.Tooltip("high:Q", title="to", format=",d"),
        ],
    )
    x = alt.X("low:Q", title=unit, scale=scale, axis=alt.Axis(format=",d", tickMinStep=1))
    bands = base.mark_bar(height=8, opacity=0.35, cornerRadius=4).encode(x=x, x2="high:Q")
    dots = base.mark_point(filled=True, size=70, opacity=1).encode(
        x=alt.X("value:Q", title=unit, scale=scale)
    )
    return _styled(alt.layer(bands, dots), height=60 + 22 * len(frame))


def heat_map(
    frame: pd.DataFrame, *, titles: tuple[str, str], unit: str, value_format: str
) -> Layers:
    """Values by two categories as shades of one colour; pairs without a value stay empty.

    `frame` has row (str), column (str) and value (number or None).
    """
    # Names that have no room beside each other are turned.
    is_narrow = f"width < {75 * frame['column'].nunique()}"
    names = alt.Axis(
        labelAngle=alt.ExprRef(f"{is_narrow} ? -45 : 0"),
        labelAlign=alt.ExprRef(f"{is_narrow} ? 'right' : 'center'"),
        labelOverlap=False,
        labelLimit=120,
    )
    base = alt.Chart(frame).encode(
        y=alt.Y("row:N", title=titles[0], sort=None, axis=alt.Axis(labelLimit=200)),
        x=alt.X("column:N", title=titles[1], sort=None, axis=names),
        color=alt.Color("value:Q", title=unit, legend=alt.Legend(format=value_format)),
        tooltip=[
            alt.Tooltip("row:N", title=titles[0]),
            alt.Tooltip("column:N", title=titles[1]),
            alt.Tooltip("value:Q", title=unit, format=value_format),
        ],
    )
    height = 120 + 34 * len(frame["row"].unique())
    return _styled(alt.layer(base.mark_rect(cornerRadius=2)), height=height)


def criterion_bar(
    estimate: Estimate, *, target: float, ends: tuple[float, float], unit: str
) -> Drawn:
    """One mark that tells a verdict: the target a line, the estimate a dot, the interval a band.

    `ends` are the values at the two ends of the bar; bounds beyond them, and missing ones, run to
    the end.
    """
    start, stop = ends
    value = estimate.value if estimate.value is not None else target
    low = start if estimate.low is None else max(start, min(estimate.low, stop))
    high = stop if estimate.high is None else min(stop, max(estimate.high, start))
    row = {
        "start": start,
        "stop": stop,
        "low": low,
        "high": high,
        "value": max(start, min(value, stop)),
        "target": target,
        "Estimate": words.amount(estimate.value, unit),
        "95 % interval": " to ".join(words.amount(x, unit) for x in (estimate.low, estimate.high)),
        "Target": words.amount(target, unit),
    }
    scale = {"domain": [start, stop], "nice": False, "zero": False}
    tips = [{"field": name} for name in ("Estimate", "95 % interval", "Target")]

    def layer(mark: dict[str, Any], field: str, to: str | None = None) -> dict[str, Any]:
        x = {"field": field, "type": "quantitative", "scale": scale, "axis": None}
        end = {} if to is None else {"x2": {"field": to}}
        return {"mark": mark, "encoding": {"x": x, "tooltip": tips} | end}

    rail = {"type": "bar", "height": 6, "color": GREY, "opacity": 0.3, "cornerRadius": 3}
    band = {"type": "bar", "height": 12, "opacity": 0.45, "cornerRadius": 3}
    dot = {"type": "point", "filled": True, "size": 110, "opacity": 1}
    line_ = {"type": "tick", "thickness": 2.5, "size": 26, "color": STRONG}
    known = [] if estimate.value is None else [layer(band, "low", "high"), layer(dot, "value")]
    return Drawn(
        {
            "datasets": {"criterion": [row]},
            "data": {"name": "criterion"},
            "layer": [layer(rail, "start", "stop"), *known, layer(line_, "target")],
            "height": 30,
            "padding": {"left": 2, "right": 2, "top": 0, "bottom": 0},
            "config": {"view": {"strokeOpacity": 0}},
        }
    )


def _styled(chart: Layers, *, height: int) -> Layers:
    styled: Layers = (
        chart.properties(height=height, padding={"left": 0, "top": 6, "right": 4, "bottom": 4})
        .configure_view(strokeOpacity=0)
        .configure_axis(labelFontSize=12, titleFontSize=12, titleFontWeight="normal", tickCount=5)
        .configure_axisX(grid=False)
    )
    return styled
