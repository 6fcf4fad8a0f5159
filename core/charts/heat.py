"""Heat maps: values by two categories, and cohorts by month."""

import altair as alt
import pandas as pd

from core.charts.theme import (
    BLUE,
    GREY,
    ChartSpec,
    layer,
    layered,
    records,
    slot,
    template,
    text_slot,
)


@template
def _heat_map() -> alt.LayerChart:
    row, column, unit, number = (text_slot(name) for name in ("row", "column", "unit", "number"))
    names = alt.Axis(
        labelAngle=slot("angle"), labelAlign=slot("align"), labelOverlap=False, labelLimit=120
    )
    cells = layer(
        y=alt.Y("row:N", title=row, sort=None, axis=alt.Axis(labelLimit=200)),
        x=alt.X("column:N", title=column, sort=None, axis=names),
        color=alt.Color("value:Q", title=unit, legend=alt.Legend(format=number)),
        tooltip=[
            alt.Tooltip("row:N", title=row),
            alt.Tooltip("column:N", title=column),
            alt.Tooltip("value:Q", title=unit, format=number),
        ],
    )
    return layered("rows", cells.mark_rect(cornerRadius=2))


def heat_map(
    frame: pd.DataFrame, *, titles: tuple[str, str], unit: str, value_format: str
) -> ChartSpec:
    """Values by two categories as shades of one colour; pairs without a value stay empty.

    `frame` has row (str), column (str) and value (number or None).
    """
    # Names that have no room beside each other are turned.
    is_narrow = f"width < {75 * frame['column'].nunique()}"
    return _heat_map().fill(
        {"rows": records(frame)},
        height=120 + 34 * frame["row"].nunique(),
        row=titles[0],
        column=titles[1],
        unit=unit,
        number=value_format,
        angle={"expr": f"{is_narrow} ? -45 : 0"},
        align={"expr": f"{is_narrow} ? 'right' : 'center'"},
    )


@template
def _cohort_map() -> alt.LayerChart:
    months = alt.Axis(labelAngle=0, labelOverlap="greedy", domain=False, ticks=False, grid=False)
    cohorts = alt.Axis(labelLimit=150, domain=False, grid=False)
    cells = layer(
        y=alt.Y("row:N", title=None, sort=None, axis=cohorts),
        x=alt.X("after:O", title="Months after their first", axis=months),
        tooltip=[
            alt.Tooltip("row:N", title="Began"),
            alt.Tooltip("month:N", title="Month"),
            alt.Tooltip("share:Q", title="Still active", format=".0%"),
            alt.Tooltip("people:N", title="People"),
            alt.Tooltip("state:N", title="This month is"),
        ],
    )
    # More or less of one colour, on a light page and on a dark one.
    opacity = alt.Opacity(
        "share:Q", legend=None, scale=alt.Scale(domain=[0, 1], range=[0.06, 0.85])
    )
    unfinished = cells.transform_filter("datum.state === 'not over yet'").mark_rect(
        cornerRadius=3, filled=False, stroke=GREY, strokeWidth=1.5, strokeDash=[4, 3]
    )
    return layered(
        "rows",
        cells.mark_rect(cornerRadius=3, color=BLUE, strokeWidth=1.2).encode(opacity=opacity),
        unfinished.encode(opacity=alt.value(1)),
        cells.mark_text(style="ink", opacity=slot("room")).encode(
            text=alt.Text("percent:Q", format=".0f")
        ),
    )


def cohort_map(frame: pd.DataFrame) -> ChartSpec:
    """Cohorts from the top, the months after their first from the left; the share in each cell.

    `frame` has row (the cohort with its size, in order), after (int), month, active, size, share
    and is_over. Months still to come have no row, and stay empty; one that is not over is dashed.
    """
    rows = frame.assign(
        people=[
            f"{active:,} of {size:,}"
            for active, size in zip(frame["active"], frame["size"], strict=True)
        ],
        percent=frame["share"] * 100,
        state=frame["is_over"].map({True: "over", False: "not over yet"}),
    )
    columns = int(frame["after"].max()) if len(frame) else 1
    return _cohort_map().fill(
        {"rows": records(rows)},
        height=70 + 30 * frame["row"].nunique(),
        room={"expr": f"width < {26 * columns} ? 0 : 1"},
    )
