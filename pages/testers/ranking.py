"""The ranking of testers, and why each has their rank."""

import string
from typing import Any

import pandas as pd
import streamlit as st

from core import charts
from core.analytics.handbook import PANELS
from core.base import text
from core.base.stats import Estimate
from core.testers import words
from core.testers.bugs import count_breadth, count_by_value, count_details
from core.testers.leaderboard import (
    Leaderboard,
    RankExplanation,
    explain_rank,
    leaderboard,
    sort_by,
)
from core.testers.ranking import Order
from pages import ui
from pages.testers import shared
from pages.testers.shared import View
from pages.ui.proof import figure_cards
from pages.ui.tables import bar_column, height, number_column, people_table, places, text_column

WHY = "testers_why"
HOW = {
    "contribution": "Points of accepted bugs times quality: mostly how much somebody found.",
    "quality": "The share of points that was accepted; of few bugs, pulled to the field's average.",
}
DRAWN = 15
BAND = "Within a band the order may be chance: nobody is below its first with 95 % certainty"
LETTERS = string.ascii_uppercase
BOLD = frozenset({"Points earned", "Quality", "Contribution"})


def show(view: View, found: Leaderboard) -> None:
    with st.grid(5, min_column_width=160):
        figure_cards(view.chosen, PANELS["Testers"], brief=True)
    left, right = st.columns([13, 9])
    with right, ui.panel("Why this rank?", stretch=True):
        _chosen(view, found)
    with left:
        _ranks(view, found)
    shared.maturing_note(view)
    left, right = st.columns([13, 9])
    with left:
        _dots(view, found)
    with right:
        _newcomers(view, found)


def _ranks(view: View, found: Leaderboard) -> None:
    people = shared.with_trends(found.ranked, view.trend(found.people, "score"))
    intervals = zip(people["rank_low"], people["rank_high"], strict=True)
    shown = people.assign(
        place=places(people["rank"], people["tied"]),
        band=pd.Series(map(_band, people["band"]), index=people.index, dtype=object),
        between=[words.rank_range(low, high) for low, high in intervals],
    )
    with ui.panel(text.times(len(people), "ranked tester"), stretch=True):
        if people.empty:
            st.markdown("No tester has enough decided bugs in this period to be ranked.")
        else:
            _table("testers_ranked", shown, _COLUMNS, found, rows=16)
            said = f"{HOW[found.order]} Click a row to open a tester. {words.unknown_note(found)}"
            st.caption(said)
        with st.container(horizontal=True, vertical_alignment="center"):
            view.stamped.csv_button(
                lambda: _every_term(view, found), "Tester leaderboard", key="testers"
            )
            shared.without_tester_note(found)


def _newcomers(view: View, found: Leaderboard) -> None:
    """Those who cannot be ranked, apart from those who are: their few bugs may be luck."""
    people = found.newcomers
    below = text.count(view.settings.newcomer_below)
    with ui.panel(
        f"{text.times(len(people), 'newcomer')}, not ranked",
        f"Every tester has {below} decided bugs or more."
        if people.empty
        else f"Fewer than {below} decided bugs with a weight: too few to tell skill from luck.",
        stretch=True,
    ):
        if not people.empty:
            _table("testers_new", people, _NEW_COLUMNS, found, rows=9)


def _table(
    key: str, people: pd.DataFrame, names: list[str], found: Leaderboard, *, rows: int
) -> None:
    """Testers in a table; a click on a row asks why they stand there."""
    scale = 100 if found.order == "quality" else 1
    columns = _columns(found.order, most=max(float(found.people["score"].max()) * scale, 1.0))
    people_table(
        people.assign(score=people["score"] * scale, share=people["share"] * 100),
        "tester_id",
        {name: columns[name] for name in names},
        key=key,
        height=height(people, rows),
        box=WHY,
    )


_COLUMNS = [
    *("place", "tester", "score", "band", "between", "share", "trend"),
    *("earned", "points", "decided"),
]
_NEW_COLUMNS = ["tester", "score", "decided", "share"]


def _columns(order: Order, *, most: float) -> dict[str, Any]:
    score = "Contribution" if order == "contribution" else "Quality, %"
    tied = "3=: others have the same score"
    return {
        "place": text_column("#", 48, tied, alignment="right"),
        "tester": text_column("Tester", 118),
        "score": bar_column(score, 96, most=most, form="%.1f"),
        "band": st.column_config.MultiselectColumn(
            "Band", width=54, help=BAND, options=[*LETTERS], color=["blue", "violet"] * 13
        ),
        "between": text_column("Rank, 95 % sure", 122, "With 95 % certainty the rank is in here"),
        "earned": number_column("Points earned", 108, "The points of the accepted bugs"),
        "points": number_column("Points decided", 114, "The decided bugs times their weights"),
        "decided": number_column("Bugs decided", 104, "Accepted, automatically too, or rejected"),
        "share": number_column("Accepted, %", 96, "Of the points decided", form="%.1f"),
        "trend": shared.trend_column(),
    }


def _band(number: int) -> list[str]:
    """The letter of a band, as the column takes it."""
    return [LETTERS[min(number, len(LETTERS)) - 1]]


def _chosen(view: View, found: Leaderboard) -> None:
    people = found.people
    names = dict(zip(people["tester_id"].tolist(), people["tester"], strict=True))
    ranks = zip(names, people["rank"], people["tied"], strict=True)
    labels: dict[int, str] = {
        key: f"{words.rank_label(rank, tied=tied)}  {names[key]}" for key, rank, tied in ranks
    }

    def draw(opened: int) -> int:
        return ui.pick("Whose rank", labels, at=opened, key=WHY, label_visibility="collapsed")

    tester_id = ui.linked(draw, WHY, ui.among(names, next(iter(names)), "tester"))
    explain(view, found, tester_id)
    st.button(
        f"Open {ui.plain(names[tester_id])}'s own page",
        key="testers_open",
        type="tertiary",
        on_click=st.session_state.update,
        args=({shared.PERSON: tester_id},),
    )


def explain(view: View, found: Leaderboard, tester_id: int) -> None:
    """The arithmetic of one tester's rank, and what separates them from their neighbours."""
    bugs = ui.read_facts(view.page, count_by_value, selection=view.of(tester_id), of="severity")
    reason = explain_rank(found, tester_id=tester_id, bugs=bugs, weights=view.settings.weights)
    if reason is None:
        return
    st.markdown(f"**{ui.plain(words.rank_sentence(reason, view.settings.newcomer_below))}**")
    lines = ["| What | Sum | Result |", "|:--|:--|--:|"]
    for step in words.arithmetic(reason):
        what, how, result = map(ui.plain, step)
        mark = "**" if what in BOLD else ""
        lines.append(f"| {mark}{what}{mark} | {how} | {mark}{result}{mark} |")
    st.markdown("\n".join(lines))
    prior = reason.prior
    said = (
        f"Quality is pulled towards the field's average, {text.share(prior.shrunk(0, 0))}, as by "
        f"{prior.strength:g} more points; the less testers differ, the stronger. "
        f"{words.tied(reason)}"
    )
    st.caption(ui.plain(said))
    _neighbours(reason)


def _neighbours(reason: RankExplanation) -> None:
    lines = []
    for other, side in ((reason.above, "Above"), (reason.below, "Below")):
        if other is not None:
            said = words.neighbour(other, reason.order, is_above=side == "Above")
            lines.append(f"- {side}: **{ui.plain(other.tester)}**, {ui.plain(said)}")
    if lines:
        st.markdown("\n".join(lines))


def _dots(view: View, found: Leaderboard) -> None:
    first = found.ranked.head(DRAWN)
    if len(first) < 2:
        return
    settled = int(((first["rank_low"] == first["rank_high"]) & ~first["tied"]).sum())
    columns = first[["rank", "rank_low", "rank_high", "tied", "tester"]]
    ranks = {
        f"{words.rank_label(rank, tied=tied)}  {name}": Estimate(
            value=rank, low=low, high=high, n=0, method="rank"
        )
        for rank, low, high, tied, name in columns.astype(object).to_numpy().tolist()
    }
    view.stamped.chart(
        charts.intervals(ranks, unit="count", title="Rank", start=1),
        key="ranks",
        title=f"{text.upper_first(text.number(settled))} of the first {len(first)} ranks "
        f"{'is' if settled == 1 else 'are'} settled",
        subtitle=f"The rank by {found.order} with its 95 % interval",
        alt="Ranks of the first testers with their 95 % intervals",
    )


def _every_term(view: View, found: Leaderboard) -> pd.DataFrame:
    """All testers with every number that their rank is made of, and their ranks in both orders."""
    scope, prior = view.page.scope, found.prior
    both = {
        order: leaderboard(scope, **view.ranked_by | {"order": order}).people.set_index("tester_id")
        for order in shared.ORDERS.values()
    }
    columns = ["score", "rank", "rank_low", "rank_high"]
    ranks = [people[columns].add_prefix(f"{order} ") for order, people in both.items()]
    details = count_details(scope, selection=view.selection)
    people = found.people.set_index("tester_id").assign(
        prior_accepted=prior.accepted, prior_rejected=prior.rejected
    )
    severities = details.severities.add_prefix("decided ")
    broad = count_breadth(scope, selection=view.selection)
    parts = [people, *ranks, details.counts, severities, broad]
    whole = pd.concat([part.reindex(people.index) for part in parts], axis=1)
    whole.insert(
        0, "place", [place.strip() for place in places(found.people["rank"], found.people["tied"])]
    )
    return sort_by(whole.reset_index(), "score")
