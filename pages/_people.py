"""The trend of the top people against everyone else, for customer users and for testers."""

from core import charts, sentences, words
from core.analytics.trends import Stacked
from pages import _ui as ui


def top_chart(
    page: ui.Page, stacked: Stacked, *, one: str, many: str, what: str, more: str = ""
) -> None:
    """Bars by month; `one` and `many` say in the title what a person, or several, do with `what`.

    "One person creates", "create", "cycles"; `more` is known of the shares.
    """
    data, order, share = stacked
    if data.empty:
        ui.empty(
            f"No {what} of a known person in this period or the last 12 months: choose a longer "
            "period, or All time."
        )
        return
    top = [name for name in order if name != words.OTHERS]
    unit = words.upper_first(what)
    ui.chart(
        charts.stacked_periods(data, series=order, unit=unit, unfinished=f"{page.today:%Y-%m}"),
        title=sentences.top_share(top, share, one, many, what),
        subtitle=f"{more or 'Share of the period'}; bars by month of the cycle's end, the pale one "
        "not over",
        alt=f"{unit} by month: {', '.join(top)} and everyone else",
    )
