"""Charts of the criteria page that no other page has."""

from collections.abc import Mapping, Sequence

import pandas as pd

from core.base import text
from core.base.stats import Estimate
from core.charts.vega import STRONG, Drawn, Part, layered, nominal, ordinal, quantity

BLUE, ORANGE, GREEN, RED = "#2b83c2", "#c98500", "#0f9d76", "#d9692a"
COLOURS: Mapping[str, str] = {
    "In the product": BLUE,
    "Survey": ORANGE,
    "Thumbs up": GREEN,
    "Thumbs down": RED,
    "Votes": BLUE,
    "Survey responses": ORANGE,
    "Finished runs": BLUE,
}


def stacked_choices(
    frame: pd.DataFrame,
    *,
    unit: str,
    what: str,
    targets: Sequence[float] = (),
    height: int = 240,
) -> Drawn:
    """Counts by choice, stacked by where they come from, with the names on top.

    `frame` has choice (str, in the order to be drawn), series (str) and value (number).
    """
    series = list(dict.fromkeys(frame["series"]))
    scale = {"domain": series, "range": [COLOURS[name] for name in series]}
    legend = {"orient": "top", "title": None} if len(series) > 1 else None
    axis = {"labelAngle": 0, "labelOverlap": "greedy"}
    encoding = {
        "x": ordinal("choice", title=None, sort=None, axis=axis),
        "y": quantity("value", title=unit, stack="zero", axis={"tickMinStep": 1, "tickCount": 4}),
        "color": nominal("series", scale=scale, legend=legend),
        "tooltip": [
            nominal("choice", title=what),
            nominal("series", title="What"),
            quantity("value", title=unit, format=",d"),
        ],
    }
    rules: list[Part] = [
        {
            "data": {"values": [{"value": target, "Target": text.amount(target, "per day")}]},
            "mark": {"type": "rule", "strokeDash": [6, 4], "strokeWidth": 1.5, "color": STRONG},
            "encoding": {"y": quantity("value"), "tooltip": [{"field": "Target"}]},
        }
        for target in targets
    ]
    bars = {"mark": {"type": "bar", "cornerRadiusEnd": 2}, "encoding": encoding}
    return layered(frame, [bars, *rules], height=height)


def estimate_rows(
    estimates: Mapping[str, Estimate], *, unit: str, target: float | None = None
) -> Drawn:
    """Estimates below each other: a dot with its interval as a band, and a target as a line.

    One without a value is named, with an empty row.
    """
    frame = pd.DataFrame(
        [
            {
                "category": name,
                "value": estimate.value,
                "low": estimate.low,
                "high": estimate.high,
                "Value": text.amount(estimate.value, unit),
                "Interval": " to ".join(
                    text.amount(bound, unit) for bound in (estimate.low, estimate.high)
                ),
                "Sample": text.count(estimate.n),
            }
            for name, estimate in estimates.items()
        ]
    )
    axis = {"format": ".0%" if unit == "fraction" else "~s", "tickCount": 5, "grid": True}
    tips = [{"field": name} for name in ("Value", "Interval", "Sample")]
    name = nominal("category", title=None, sort=None, axis={"labelLimit": 170})
    band = {
        "mark": {"type": "bar", "height": 9, "opacity": 0.35, "cornerRadius": 4, "color": BLUE},
        "encoding": {
            "y": name,
            "x": quantity("low", title=None, axis=axis, scale={"zero": True}),
            "x2": {"field": "high"},
            "tooltip": tips,
        },
    }
    dot = {
        "mark": {"type": "point", "filled": True, "size": 90, "opacity": 1, "color": BLUE},
        "encoding": {"y": name, "x": quantity("value"), "tooltip": tips},
    }
    rule = {
        "data": {"values": [{"target": target, "Target": text.amount(target, unit)}]},
        "mark": {"type": "rule", "strokeDash": [6, 4], "strokeWidth": 1.5, "color": STRONG},
        "encoding": {"x": quantity("target"), "tooltip": [{"field": "Target"}]},
    }
    layers = [band, dot] if target is None else [band, rule, dot]
    return layered(frame, layers, height=50 + 34 * len(frame))
