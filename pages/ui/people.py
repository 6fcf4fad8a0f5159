"""Shares of the top people, by month."""

from collections.abc import Sequence

from core import charts
from core.analytics.series import Stacked
from core.base import text
from pages.ui.filters import Filters


def top_chart(
    chosen: Filters,
    stacked: Stacked,
    *,
    verbs: tuple[str, str],
    what: str,
    subtitle: str,
    unfinished: Sequence[str],
) -> None:
    """Bars by month of the top people, `unfinished` months pale.

    `verbs` are the title's for one person and for many, `what` is counted: "One person creates",
    "create", "cycles".
    """
    data, order, share = stacked
    top = [name for name in order if name != text.OTHERS]
    who = verbs[0] if len(top) == 1 else f"The top {len(top)} {verbs[1]}"
    unit = text.upper_first(what)
    chosen.chart(
        charts.stacked_periods(data, series=order, unit=unit, unfinished=unfinished),
        key="top",
        title=f"{who} {text.share(share)} of the {what}",
        subtitle=subtitle,
        alt=f"{unit} by month: {', '.join(top)} and everyone else",
    )
