"""Two testers side by side, to defend the rank of one above the other."""

import streamlit as st

from core.base import text
from core.report.comparison import comparison_report
from core.report.formats import render
from core.testers.bugs import count_by_value
from core.testers.comparison import (
    Comparison,
    compare,
    comparison_answer,
    comparison_method,
    comparison_rows,
)
from core.testers.leaderboard import Leaderboard
from pages import ui
from pages.testers.shared import View

TAB = "Compare"
ONE, OTHER = "testers_compare", "testers_with"


def pair(found: Leaderboard, tester_id: int) -> dict[str, int]:
    """The boxes of a tester and the next one in the order."""
    ids = found.people["tester_id"].tolist()
    at = ids.index(tester_id)
    return {ONE: tester_id, OTHER: ids[at + 1 if at + 1 < len(ids) else at - 1]}


def show(view: View, found: Leaderboard) -> None:
    """Compare two testers by their settled bugs alone."""
    settled = view.settled
    ranked = settled.leaderboard()
    names = dict(zip(ranked.people["tester_id"].tolist(), ranked.people["tester"], strict=True))
    if len(names) < 2:
        ui.empty(
            "A comparison takes two testers with settled bugs: of cycles that ended by "
            f"{text.day(view.since)}. Choose a longer period, or All time."
        )
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        one, other = (
            ui.pick(label, names, at=at, what="tester", key=key, width=260)
            for label, at, key in zip(("Tester", "With"), [*names][:2], (ONE, OTHER), strict=True)
        )
    if one == other:
        st.caption("Choose two different testers.")
        return
    bugs = {
        tester_id: ui.read_facts(
            view.page, count_by_value, selection=settled.of(tester_id), of="severity"
        )
        for tester_id in (one, other)
    }
    compared = compare(ranked, bugs, view.settings.weights)
    if compared is not None:
        _side_by_side(settled, compared, _left_out(found, ranked, {one, other}))


def _left_out(found: Leaderboard, settled: Leaderboard, ids: set[int]) -> int:
    counted = (own.people[own.people["tester_id"].isin(ids)] for own in (found, settled))
    everything, kept = (int(people["decided"].sum()) for people in counted)
    return everything - kept


def _side_by_side(view: View, found: Comparison, left_out: int) -> None:
    with ui.panel(comparison_answer(found)):
        names = (ui.plain(reason.row.tester) for reason in found.both)
        lines = [f"| What | {' | '.join(names)} |", "|:--|--:|--:|"]
        lines += [f"| {' | '.join(map(ui.plain, row))} |" for row in comparison_rows(found)]
        st.markdown("\n".join(lines))
        newer = f" {text.times(left_out, 'newer decided bug')} of theirs left out."
        said = comparison_method(found, view.since) + (newer if left_out else "")
        st.caption(ui.plain(said))
        stamped = view.stamped

        def pdf() -> bytes:
            document = comparison_report(
                found, since=view.since, stamp=stamped.stamp, is_demo=view.page.is_demo
            )
            return render(document, "pdf")

        file = f"two-testers-{view.page.today}.pdf"
        ui.download(view.page, "PDF", pdf, file, "application/pdf", key="compare_pdf")
