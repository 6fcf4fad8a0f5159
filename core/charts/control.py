"""Control chart: a series within its process-behaviour limits."""

from collections.abc import Sequence

import altair as alt
import pandas as pd

from core.analytics.series import Beside
from core.base import text
from core.base.control_limits import SCALES, Behaviour, Limits, Point, Rule
from core.charts import vega
from core.charts.lines import beside_layers, beside_rows, period_axis, period_x
from core.charts.theme import GREY, STRONG, VERMILION
from core.charts.vega import DASHED, ChartSpec, Part

SHAPES = {Rule.BEYOND: "diamond", Rule.RUN: "square"}
SIZES = {Rule.BEYOND: 130, Rule.RUN: 60}


@vega.template
def _control_chart(
    *, is_share: bool, is_scaled: bool, has_sample: bool, is_empty: bool, has_beside: bool
) -> alt.LayerChart:
    axis = alt.Axis(format=".0%" if is_share else "~s", tickCount=4)
    scale = alt.Scale(zero=True)
    if is_scaled:
        scale = alt.Scale(domain=vega.slot("domain"), zero=False)
    elif is_empty:
        # An axis from 0 to 0 has no ticks that a browser could write.
        scale = alt.Scale(zero=True, domainMax=1)

    def y(field: str = "value") -> alt.Y:
        return alt.Y(f"{field}:Q", title=None, axis=axis, scale=scale)

    said = ["Limits", "State", *(["Sample"] if has_sample else [])]
    tooltip = [*vega.tips(period="Period", Value=vega.text_slot("name")), *vega.tips(*said)]
    x = period_x()
    layers = [
        vega.layer(x=x, y=y("low"), y2="high").mark_area(
            color=GREY, opacity=0.22, interpolate="step", clip=True, tooltip=False
        ),
        vega.layer("centre", x=x, y=y("centre")).mark_line(
            strokeWidth=1, strokeDash=DASHED, color=STRONG
        ),
        *(beside_layers(x, y()) if has_beside else []),
        *vega.line_layers(x, y(), tooltip=tooltip),
    ]
    for rule in Rule:
        signals = vega.layer(rule.name, x=x, y=y(), tooltip=tooltip)
        shape: Part = {"shape": SHAPES[rule], "size": SIZES[rule]}
        layers.append(signals.mark_point(filled=True, color=VERMILION, opacity=1, **shape))
    words = vega.layer("words", x=x, y=y(), text="text:N").mark_text(
        align=alt.ExprRef("datum.align"),
        dx=alt.ExprRef("datum.dx"),
        dy=alt.ExprRef("datum.dy"),
        style="ink",
    )
    return vega.layered("points", *layers, words)


def control_chart(
    points: Sequence[Point],
    found: Behaviour,
    *,
    unit: str,
    name: str,
    height: int = 240,
    waiting: str = "not over yet",
    beside: Beside | None = None,
) -> ChartSpec:
    """A line with its limits as a light band, the centre dashed, and each signal by shape and word.

    What it is compared with is a thin grey line, which the subtitle names.
    `unit` is that of the metric, `name` what the value is called; `waiting` says why periods were
    not judged. The line to those is dotted, and their points are pale.
    """
    rows = _rows(points, found, unit=unit, waiting=waiting)
    marked = {(s.rule, n) for s in found.signals for n in range(s.first, s.last + 1)}
    judged = [row["period"] for row in rows if row["low"] is not None]
    was = beside_rows(beside, (point.period for point in points), unit)
    shape = {
        "is_share": unit == "fraction",
        "is_scaled": unit in SCALES,
        "has_sample": any(point.n for point in points),
        "is_empty": not any(point.value for point in points),
        "has_beside": bool(was),
    }
    return _control_chart(**shape).fill(
        {
            "points": rows,
            "centre": [{"period": period, "centre": found.centre} for period in judged],
            "beside": was,
            "words": _words(points, found),
            **{r.name: [row for n, row in enumerate(rows) if (r, n) in marked] for r in Rule},
        },
        height=height,
        domain=_domain(points, found, SCALES.get(unit, (0.0, 1.0)), [row["value"] for row in was]),
        name=name,
        times=vega.period_times("period", (point.period for point in points)),
        **period_axis(pd.Series([point.period for point in points], dtype=str)),
    )


def _words(points: Sequence[Point], found: Behaviour) -> list[Part]:
    """The word of each signal; of neighbours that are marked alike only that of the last.

    No point lies under it: a point beyond the limits has it beside itself, a run of them across
    the mean, in the middle.
    """
    rows = []
    for signal in found.signals:
        following = (signal.rule, signal.side, signal.last + 1)
        if any((other.rule, other.side, other.first) == following for other in found.signals):
            continue
        inward = 1 if signal.side == "above" else -1
        if signal.rule is Rule.BEYOND:
            # To the left where there is no room to the right.
            place, is_late = signal.first, signal.first >= len(points) * 0.8
            at: Part = {"value": points[place].value, "text": signal.side, "dy": 4 * inward}
            at |= {"align": "right", "dx": -9} if is_late else {"align": "left", "dx": 9}
        else:
            place = (signal.first + signal.last) // 2
            number = signal.last - signal.first + 1
            at = {"value": found.centre, "text": f"{number} {signal.side}"}
            at |= {"align": "center", "dx": 0, "dy": 9 * inward}
        rows.append({"period": points[place].period, **at})
    return rows


def _rows(points: Sequence[Point], found: Behaviour, *, unit: str, waiting: str) -> list[Part]:
    said: dict[int, list[str]] = {}
    for signal in found.signals:
        for at in range(signal.first, signal.last + 1):
            said.setdefault(at, []).append(signal.words)
    whole = [n for n, point in enumerate(points) if point.is_whole and point.value is not None]
    newest = max(whole, default=-1)
    rows = []
    for n, (point, limits) in enumerate(zip(points, found.limits, strict=True)):
        low, high = limits or (None, None)
        usual = "within its limits" if limits else "no limits"
        if not point.is_whole:
            usual = waiting
        rows.append(
            {
                "period": point.period,
                "value": None if point.value is None else float(point.value),
                "low": low,
                "high": high,
                "is_whole": point.is_whole,
                # From the newest whole point on, so that the dotted line begins at it.
                "is_tail": n >= newest >= 0,
                "Value": text.amount(point.value, unit),
                "Sample": text.amount(point.n, "count"),
                "Limits": limits_words(low, high, unit),
                "State": "; ".join(said.get(n, [usual])),
            }
        )
    return rows


def _domain(
    points: Sequence[Point], found: Behaviour, scale: Limits, others: Sequence[float]
) -> list[float]:
    """From the lowest to the highest value, with the part of the band that most periods have.

    `others` are values that are drawn as well. The limits of a few small samples would press
    everything else together.
    """
    values = [*others, *(point.value for point in points if point.value is not None)]
    if not values:
        return [*scale]
    known: list[Limits] = [limits for limits in found.limits if limits]
    lows, highs = sorted(low for low, _ in known), sorted(high for _, high in known)
    low = min([*values, *lows[len(lows) // 4 :][:1]])
    high = max([*values, *highs[: -(len(highs) // 4) or None][-1:]])
    room = 0.08 * max(high - low, 0.05 * (scale[1] - scale[0]))
    return [max(low - room, scale[0]), min(high + room, scale[1])]


def limits_words(low: float | None, high: float | None, unit: str) -> str:
    """From 2.1 to 9.7."""
    if low is None or high is None:
        return text.UNKNOWN
    return f"{_short(low, unit)} to {_short(high, unit)}"


def _short(value: float, unit: str) -> str:
    # A limit is no exact figure: beyond a hundred its decimals say nothing.
    return text.amount(round(value, 0 if abs(value) >= 100 else 1) if value > 1 else value, unit)
