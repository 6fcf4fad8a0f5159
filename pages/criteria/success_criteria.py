"""Are we meeting our success criteria?"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from core.analytics.dates import Window, iso_week
from core.base import text
from core.base.stats import Verdict
from core.criteria.baselines import baselines, window_of
from core.criteria.verdicts import evaluate
from core.criteria.words import criteria_answer
from core.store import BaselineWindow
from pages import ui
from pages.criteria import baseline, dashboard, edit, quality, roi, strip, time_saved, weeks
from pages.ui.filters import ENHANCER, past_weeks

SOURCES = frozenset({"Enhancement runs", "Tickets", "Feedback"})


def show(page: ui.Page) -> None:
    if not any(one.rows for one in ui.sources(page) if one.name in ENHANCER):
        ui.account_box(page)
        ui.answer(page, "Nothing of an enhancer is in this account.", SOURCES)
        why = "Criteria are judged by runs, tickets and ratings: connect or import them."
        ui.empty(why, "data/import_data.py", "Import")
        return
    windows = windows_of(page, ui.read(page, baselines))
    label = choose_window(page, windows)
    window = windows[label]
    results = ui.read(page, evaluate, window=window)
    main = [result for result in results if not result.criterion.is_guardrail]
    is_over = window.span[1] < page.today
    first, last = window.span
    note = f"{text.day(first)} to {text.day(last)}{'' if is_over else '; this window is not over'}"
    ui.answer(page, criteria_answer(main, window.label), SOURCES, note=note)
    if all(result.verdict is Verdict.NO_DATA for result in results):
        ui.empty(
            f"Nothing was recorded in {ui.plain(window.label)}: no enhancement run, no resolved "
            "ticket, no rating. Choose another window."
        )
    else:
        strip.strip(page, main, window)
    views = {
        "Dashboard": lambda: dashboard.show(page, results, window),
        "Eight weeks": lambda: weeks.show(page, results, window),
        "Baseline": lambda: baseline.show(page),
        "Before and after": lambda: time_saved.show(page, window),
        "Return": lambda: roi.show(page, window),
        "Data quality": lambda: quality.show(page, results, window),
        "Compare": lambda: weeks.compare(page, windows, label),
        "All criteria": lambda: edit.show(page, results, window),
    }
    ui.tabs(views, key="criteria_view")


def windows_of(page: ui.Page, known: Sequence[BaselineWindow]) -> dict[str, Window]:
    """The windows to choose from by label: this week, those before it, and the baselines."""
    found = {week.label: week for week in [iso_week(page.today), *past_weeks(page)]}
    for one in sorted(known, key=lambda one: one.id):
        if one.first_day <= page.today and one.restarted_as is None:
            # A name that is already taken is told apart by its number.
            label = f"{one.name} ({one.id})" if one.name in found else one.name
            found[label] = replace(window_of(one), label=label)
    return found


def choose_window(page: ui.Page, windows: Mapping[str, Window]) -> str:
    with page.bar:
        names = {name: name for name in windows}
        at, what = list(windows)[1], "week or baseline"
        chosen = ui.pick("Window", names, at=at, what=what, key="criteria_week", width=240)
        ui.account_box(page)
    return chosen


ui.run_page("criteria", "Are we meeting our success criteria?", show)
