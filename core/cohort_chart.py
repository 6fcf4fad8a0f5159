"""The cohorts as a map: shades by the share still active, months that are not over marked."""

import altair as alt
import pandas as pd

from core.charts import GREY, Layers

__all__ = ["cohort_map"]

ROW = 30


def cohort_map(frame: pd.DataFrame, *, ink: str) -> Layers:
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
    base = alt.Chart(data).encode(
        y=alt.Y("row:N", title=None, sort=None, axis=alt.Axis(labelLimit=150, domain=False)),
        x=alt.X(
            "after:O",
            title="Months after their first",
            axis=alt.Axis(labelAngle=0, labelOverlap="greedy", domain=False, ticks=False),
        ),
        tooltip=[
            alt.Tooltip("row:N", title="Began"),
            alt.Tooltip("month:N", title="Month"),
            alt.Tooltip("share:Q", title="Still active", format=".0%"),
            alt.Tooltip("said:N", title="People"),
            alt.Tooltip("state:N", title="This month is"),
        ],
    )
    # The colour of the accent, more or less of it: on a light page and on a dark one.
    cells = base.mark_rect(cornerRadius=3, color="#2b83c2", strokeWidth=1.2).encode(
        opacity=alt.Opacity(
            "share:Q", legend=None, scale=alt.Scale(domain=[0, 1], range=[0.06, 0.85])
        ),
    )
    unfinished = (
        base.transform_filter(alt.datum.state == "not over yet")
        .mark_rect(cornerRadius=3, filled=False, stroke=GREY, strokeWidth=1.5, strokeDash=[4, 3])
        .encode(opacity=alt.value(1))
    )
    numbers = base.mark_text(
        fontSize=12, color=ink, opacity=alt.ExprRef(f"width < {26 * columns} ? 0 : 1")
    ).encode(text=alt.Text("percent:Q", format=".0f"))
    rows = frame["row"].nunique()
    drawn: Layers = (
        alt.layer(cells, unfinished, numbers)
        .properties(height=70 + ROW * rows, padding={"left": 0, "top": 6, "right": 4, "bottom": 6})
        .configure_view(strokeOpacity=0)
        .configure_axis(labelFontSize=12, titleFontSize=12, titleFontWeight="normal", grid=False)
    )
    return drawn


def _columns(frame: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    return frame["active"], frame["size"]
