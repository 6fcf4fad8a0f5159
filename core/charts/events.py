"""Events on charts over time: releases, incidents and excluded times as thin marks with labels."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

import altair as alt

from core.base import text
from core.charts import vega
from core.charts.theme import GREY, STRONG
from core.charts.vega import ChartSpec, Part, TimeAxis

# Longer labels have no room beside a chart on a phone: a number stands for them.
LONGEST_LABEL = 40
LETTER = 6.2  # the width of a letter, in pixels
LABEL_HEIGHT = 14
LEGEND_OFFSET = 18
LOW = 60  # a chart as low as this has no room for labels: its marks tell what they are on hover
# Numbers closer than this part of the axis are one label.
NUMBER_GAP = 0.06


@dataclass(frozen=True)
class Event:
    """Something that happened at a local time; `kind` is what it was, `by` who noted it.

    Excluded time lasts until `until`.
    """

    at: datetime
    text: str
    kind: str = ""
    by: str = ""
    until: datetime | None = None

    @property
    def words(self) -> str:
        """18 Nov 2026: Deployment, Release 4.2."""
        return f"{text.day(self.at.date())}: {self.what}"

    @property
    def what(self) -> str:
        """Deployment, Release 4.2."""
        return ", ".join(part for part in (self.kind, self.text) if part)


class Marked(NamedTuple):
    """A chart with its events; `key` tells what its numbers mean, `words` is all of it in words."""

    drawn: ChartSpec
    key: str = ""
    words: str = ""

    def under(self, subtitle: str) -> str:
        """The subtitle, with what the numbers mean."""
        return "; ".join(part for part in (subtitle, self.key) if part)

    def said(self, words: str) -> str:
        """The text alternative of a chart, with its events."""
        return f"{words.rstrip('.')}. {self.words}" if self.words else words


def with_events(drawn: ChartSpec, events: Sequence[Event]) -> Marked:
    """Mark the events within the time that a chart draws; another chart stays as it is.

    A single event has its text above the plot. Several have numbers there: texts of any length
    would lie on each other, or be cut, on some width of the screen.
    """
    axis = drawn.times
    if axis is None:
        return Marked(drawn)
    inside = [one for one in (_inside(axis, event) for event in events) if one is not None]
    shown = sorted(inside, key=lambda one: one.at)
    if not shown:
        return Marked(drawn)
    is_low = drawn.spec["height"] <= LOW
    is_named = is_low or (len(shown) == 1 and len(shown[0].text) <= LONGEST_LABEL)
    rows = [_row(axis, one) for one in shown]
    labels = [rows[0] | {"label": shown[0].text}] if is_named else _numbers(axis, shown, rows)
    said = [one.words for one in shown]
    numbered = [f"{n} {words}" for n, words in enumerate(said, 1)]
    return Marked(
        _drawn(drawn, axis, rows, [] if is_low else labels),
        "" if is_named else f"marked: {'; '.join(numbered)}",
        f"Marked: {'; '.join(said)}",
    )


def _inside(axis: TimeAxis, event: Event) -> Event | None:
    """The event, cut to the time of the axis; None outside."""
    start = axis.starts[0]
    if event.until is not None and event.until > start:
        event = replace(event, at=max(event.at, start), until=min(event.until, axis.end))
    return event if start <= event.at < axis.end else None


def _row(axis: TimeAxis, one: Event) -> Part:
    return {
        axis.field: axis.value(one.at),
        "until": axis.value(one.until) if one.until and axis.is_exact else None,
        "When": text.day(one.at.date()),
        "What": one.what,
        "Noted by": one.by or text.UNKNOWN,
    }


def _numbers(axis: TimeAxis, shown: Sequence[Event], rows: Sequence[Part]) -> list[Part]:
    """The number of each event; one label, 2-4, for those too close to each other."""
    places = [axis.place(one.at) for one in shown]
    groups: list[list[int]] = []
    for n, place in enumerate(places):
        if groups and place - places[groups[-1][0]] < NUMBER_GAP:
            groups[-1].append(n)
        else:
            groups.append([n])
    return [
        rows[first]
        | {
            "label": f"{first + 1}" if first == last else f"{first + 1}-{last + 1}",
            "What": "; ".join(str(rows[n]["What"]) for n in range(first, last + 1)),
        }
        for first, last in ((group[0], group[-1]) for group in groups)
    ]


@vega.template
def _layers(*, field: str, is_exact: bool) -> alt.LayerChart:
    said = vega.tips("When", "What", "Noted by")
    marks = vega.layer("events", x=alt.X(f"{field}:O"), tooltip=said)
    span = marks.transform_filter("isValid(datum.until)").encode(x2="until")
    # In the middle over its mark, but never beyond the chart.
    half = f"{LETTER / 2} * length(datum.label)"
    at = f"datum['{field}']"
    at = f"scale('x', {f'toDate({at})' if is_exact else at}) + bandwidth('x') / 2"
    labels = vega.layer("labels", tooltip=said, text="label:N").mark_text(
        x=alt.ExprRef(f"clamp({at}, min({half}, width / 2), max(width - {half}, width / 2))"),
        y=alt.ExprRef("-3"),
        baseline="bottom",
        fontSize=11,
        style="ink",
    )
    rule = marks.mark_rule(color=STRONG, strokeWidth=1)
    return vega.layered("events", span.mark_rect(color=GREY, opacity=0.28), rule, labels)


def _drawn(
    drawn: ChartSpec, axis: TimeAxis, rows: Sequence[Part], labels: Sequence[Part]
) -> ChartSpec:
    """The chart with the layers of its events, which share its time axis as it is."""
    spec = drawn.to_dict()
    made = _layers(field=axis.field, is_exact=axis.is_exact).fill(
        {"events": rows, "labels": labels}, height=0
    )
    x = next(
        layer["encoding"]["x"]
        for layer in spec["layer"]
        if layer.get("encoding", {}).get("x", {}).get("field") == axis.field
    )
    under, *over = made.to_dict()["layer"][: None if labels else -1]
    for layer in (under, *over):
        layer["data"] = {"values": [*(rows if "x" in layer["encoding"] else labels)]}
        if "x" in layer["encoding"]:
            layer["encoding"]["x"] = x
    # Excluded time lies behind the lines.
    spec["layer"] = [*([under] if axis.is_exact else []), *spec["layer"], *over]
    if not labels:
        return replace(drawn, spec=spec)
    spec["padding"]["top"] += LABEL_HEIGHT
    legend = spec["config"].setdefault("legend", {})
    legend["offset"] = LEGEND_OFFSET + LABEL_HEIGHT
    return replace(drawn, spec=spec)
