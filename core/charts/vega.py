"""Templates of Vega-Lite specifications that builders make with Altair, and their common layers.

Altair takes 40 ms to build and check a chart of four layers, which a page of twelve charts cannot
wait for. So a builder's specification is made once for each shape that it takes, with named slots
in place of data, titles, domains and colours; each drawing fills a copy.
"""

from bisect import bisect_right
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from functools import lru_cache
from typing import Any, TypeAlias

import altair as alt
import pandas as pd

from core.analytics.dates import ONE_DAY, period_days
from core.base import text
from core.charts.theme import CONFIG, STRONG, Theme

Part: TypeAlias = dict[str, Any]
Rows: TypeAlias = Sequence[Part] | pd.DataFrame
DASHED, DOTTED = [6, 4], [3, 4]
SLOT = "slot:"


@dataclass(frozen=True)
class TimeAxis:
    """The time that a chart draws, in local time, on the field of its x axis.

    `names` are those of the periods that begin at `starts`; none on an axis of exact times.
    """

    field: str
    starts: Sequence[datetime]
    end: datetime
    names: Sequence[str] = ()

    @property
    def is_exact(self) -> bool:
        """Whether it has a place for each instant, and not for a period as a whole."""
        return not self.names

    def place(self, at: datetime) -> float:
        """Where an instant within it lies, from 0 to 1."""
        if self.is_exact:
            return (at - self.starts[0]) / (self.end - self.starts[0])
        return self._number(at) / len(self.names)

    def value(self, at: datetime) -> str:
        """The value on the axis of an instant within it."""
        return utc(at) if self.is_exact else self.names[self._number(at)]

    def _number(self, at: datetime) -> int:
        return bisect_right(self.starts, at) - 1


def period_times(field: str, periods: Iterable[str]) -> TimeAxis | None:
    """The time axis of named periods; None without any."""
    names = sorted(set(periods))
    return day_times(field, {name: period_days(name) for name in names}) if names else None


def day_times(field: str, spans: Mapping[str, tuple[date, date]]) -> TimeAxis:
    """The time axis of names in their order, each with its first and its last day."""
    starts = [datetime.combine(first, time()) for first, _ in spans.values()]
    end = datetime.combine(list(spans.values())[-1][1] + ONE_DAY, time())
    return TimeAxis(field, starts, end, list(spans))


def utc(at: datetime) -> str:
    """A wall-clock time that every browser shows as it is, in any time zone."""
    return f"{at:%Y-%m-%dT%H:%M:%S}Z"


@dataclass(frozen=True)
class ChartSpec:
    """A chart as its Vega-Lite specification, in the form that Streamlit takes charts in.

    One over time has the time that it draws, on which events can be marked.
    """

    spec: Mapping[str, Any]
    times: TimeAxis | None = None

    def to_dict(self) -> Part:
        """Copy of the specification, for the caller to change."""
        copy: Part = _filled(self.spec, {})
        return copy

    def in_theme(self, theme: Theme) -> "ChartSpec":
        """The chart with its words, axes and legend in the colours of a page."""
        soft = {"labelColor": theme.soft, "titleColor": theme.soft}
        lines = {"gridColor": theme.grid, "domainColor": theme.grid, "tickColor": theme.grid}
        colours: dict[str, Part] = {
            "axis": soft | lines,
            "legend": soft | {"labelFontSize": 12},
            "style": {"ink": {"color": theme.ink, "fontSize": 12}},
        }
        config = dict(self.spec.get("config", {}))
        config |= {key: {**config.get(key, {}), **part} for key, part in colours.items()}
        return replace(self, spec={**self.spec, "config": config})


@dataclass(frozen=True)
class Template:
    """A specification with slots."""

    spec: Mapping[str, Any]

    def fill(
        self, data: Mapping[str, Rows], *, height: int, times: TimeAxis | None = None, **slots: Any
    ) -> ChartSpec:
        """The chart of these data sets; `times` is the time that it draws."""
        data = {name: _records(rows) for name, rows in data.items()}
        padding = {"left": 0, "top": 6, "right": 4, "bottom": 4}
        filled = _filled(self.spec, {**slots, **data})
        main = self.spec["data"]["name"]
        own = {"data": {"name": main}, "datasets": {main: data[main]}}
        return ChartSpec(filled | own | {"height": height, "padding": padding}, times)


def template(build: Callable[..., alt.LayerChart]) -> Callable[..., Template]:
    """Cache a builder's specification by its arguments, which say what shape the chart has."""

    @lru_cache(maxsize=128)
    def made(**shape: Hashable) -> Template:
        # Tests check it against the schema, which takes as long as to make it.
        spec = build(**shape).to_dict(validate=False)
        own = {key: spec.get("config", {}).get(key, {}) for key in ("axisX", "axis")}
        config = {key: {**part, **own.get(key, {})} for key, part in CONFIG.items()}
        # A chart is told by its text alternative as a whole, and not mark by mark.
        whole = {"config": config | {"aria": False}}
        return Template({k: v for k, v in spec.items() if k != "$schema"} | whole)

    return made


def slot(name: str) -> alt.ExprRef:
    """A place in a template for anything but text."""
    return alt.ExprRef(SLOT + name)


def text_slot(name: str) -> str:
    """A place in a template for text."""
    return SLOT + name


def _filled(part: Any, slots: Mapping[str, Any]) -> Any:
    """A copy of a specification with its slots filled; a slot alone in a list is the list."""
    if isinstance(part, dict):
        only = next(iter(part.values())) if len(part) == 1 else None
        if slots and isinstance(only, str):
            if "expr" in part and only.startswith(SLOT):
                return slots[only.removeprefix(SLOT)]
            if "name" in part and only in slots:
                return {"values": slots[only]}
        return {key: _filled(value, slots) for key, value in part.items()}
    if isinstance(part, list):
        filled = [_filled(value, slots) for value in part]
        is_slot = len(part) == 1 and isinstance(part[0], str) and isinstance(filled[0], list)
        return filled[0] if is_slot else filled
    if slots and isinstance(part, str) and part.startswith(SLOT):
        return slots[part.removeprefix(SLOT)]
    return part


def _records(rows: Rows) -> Sequence[Part]:
    """The rows of a frame as JSON has them, unknown values as None."""
    if not isinstance(rows, pd.DataFrame):
        return rows
    plain = rows.astype(object)
    found: list[Any] = plain.where(plain.notna(), None).to_dict("records")
    return found


def layer(data: str = "", **encoding: Any) -> alt.Chart:
    """A layer over a named data set, or over that of the whole chart."""
    chart: alt.Chart = alt.Chart(alt.NamedData(name=data) if data else alt.Undefined)
    encoded: alt.Chart = chart.encode(**encoding)
    return encoded


def layered(data: str, *layers: alt.Chart) -> alt.LayerChart:
    """Layers over one named data set."""
    return alt.LayerChart(data=alt.NamedData(name=data), layer=list(layers))


def line_layers(
    x: alt.X,
    y: alt.Y,
    *,
    tooltip: Sequence[alt.Tooltip],
    dots: float = 1.0,
    ends: Sequence[str] = ("is_tail",),
    **encoding: Any,
) -> list[alt.Chart]:
    """Lines with dots: solid over `is_whole` rows, dotted over those of each of the `ends`.

    `dots` is the opacity of the dots of whole periods.
    """
    line = layer(x=x, y=y, **encoding)
    pale = alt.condition("datum.is_whole", alt.value(dots), alt.value(dots / 2))
    return [
        line.transform_filter("datum.is_whole").mark_line(strokeWidth=2.2),
        *(
            line.transform_filter(f"datum.{end}").mark_line(strokeWidth=2.2, strokeDash=DOTTED)
            for end in ends
        ),
        line.transform_filter("isValid(datum.value)")
        .mark_point(filled=True, size=34)
        .encode(opacity=pale, tooltip=list(tooltip)),
    ]


def target_layer(**channel: alt.X | alt.Y) -> alt.Chart:
    """A dashed line at each value of the data set `targets`, whose field `Target` is in words."""
    rule: alt.Chart = layer("targets", tooltip=alt.Tooltip("Target:N"), **channel).mark_rule(
        strokeDash=DASHED, strokeWidth=1.5, color=STRONG
    )
    return rule


def target_rows(targets: Iterable[float], unit: str, name: str = "Target") -> list[Part]:
    """Rows of values with their words in the field `name`, such as `target_layer` has."""
    return [{"value": target, name: text.amount(target, unit)} for target in targets]


def interval_words(low: float | None, high: float | None, unit: str) -> str:
    """90.1 % to 95 %; a dash for a bound that is unknown."""
    return f"{text.amount(low, unit)} to {text.amount(high, unit)}"


def colour(legend: alt.Legend | None = None) -> alt.Color:
    """Colours of the series, from the slots `series` and `colours`."""
    scale = alt.Scale(domain=slot("series"), range=[text_slot("colours")])
    return alt.Color("series:N", scale=scale, legend=legend)


def tips(*fields: str, **titles: str) -> list[alt.Tooltip]:
    """Tooltips of texts: of fields under their own names, and of fields under titles."""
    named = dict(zip(fields, fields, strict=True)) | titles
    return [alt.Tooltip(f"{field}:N", title=title) for field, title in named.items()]


def name_layers(x: alt.X, y: alt.Y) -> list[alt.Chart]:
    """The names of series at the right of the data set `names`, each beside a square."""
    named = layer("names", x=x, y=y)
    return [
        named.mark_square(size=70, opacity=1, xOffset=11, tooltip=False).encode(color=colour()),
        named.mark_text(align="left", baseline="middle", dx=19, style="ink", tooltip=False).encode(
            text="series:N"
        ),
    ]


def spread(values: Sequence[float], gap: float) -> list[float]:
    """Places for labels: ascending values moved up until they are `gap` apart."""
    placed: list[float] = []
    for value in values:
        placed.append(max(value, placed[-1] + gap) if placed else value)
    return placed
