"""The cohorts as a map: shades by the share still active, months that are not over marked."""

import pandas as pd

from core.charts.vega import GREY, Drawn, layered, nominal, ordinal, quantity

ROW = 30


def cohort_map(frame: pd.DataFrame, *, ink: str) -> Drawn:
    """Cohorts from the top, the months after their first from the left; the share in each cell.

    `frame` has row (the cohort with its size, in order), after (int), month, active, size, share
    and is_over. Pairs that are not there stay empty: those months are still to come. `ink` is the
    colour of the numbers: that of the page's text, which reads on every shade.
    """
    data = frame.assign(
        said=[f"{active:,} of {size:,}" for active, size in zip(*_columns(frame), strict=True)],
        percent=frame["share"] * 100,
        state=["over" if is_over else "not over yet" for is_over in frame["is_over"]],
    )
    columns = int(frame["after"].max()) if len(frame) else 1
    encoding = {
        "y": nominal("row", title=None, sort=None, axis={"labelLimit": 150, "domain": False}),
        "x": ordinal(
            "after",
            title="Months after their first",
            axis={"labelAngle": 0, "labelOverlap": "greedy", "domain": False, "ticks": False},
        ),
        "tooltip": [
            nominal("row", title="Began"),
            nominal("month", title="Month"),
            quantity("share", title="Still active", format=".0%"),
            nominal("said", title="People"),
            nominal("state", title="This month is"),
        ],
    }
    scale = {"domain": [0, 1], "range": [0.06, 0.85]}
    # The colour of the accent, more or less of it: on a light page and on a dark one.
    cells = {
        "mark": {"type": "rect", "cornerRadius": 3, "color": "#2b83c2", "strokeWidth": 1.2},
        "encoding": encoding | {"opacity": quantity("share", legend=None, scale=scale)},
    }
    dashed = {"stroke": GREY, "strokeWidth": 1.5, "strokeDash": [4, 3]}
    unfinished = {
        "transform": [{"filter": "datum.state === 'not over yet'"}],
        "mark": {"type": "rect", "cornerRadius": 3, "filled": False} | dashed,
        "encoding": encoding | {"opacity": {"value": 1}},
    }
    room = {"expr": f"width < {26 * columns} ? 0 : 1"}
    numbers = {
        "mark": {"type": "text", "fontSize": 12, "style": "ink", "opacity": room},
        "encoding": encoding | {"text": quantity("percent", format=".0f")},
    }
    return layered(
        data,
        [cells, unfinished, numbers],
        height=70 + ROW * frame["row"].nunique(),
        bottom=6,
        config={"axis": {"grid": False}, "style": {"ink": {"color": ink}}},
    )


def _columns(frame: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    return frame["active"], frame["size"]
