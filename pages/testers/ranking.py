"""The ranking of testers, and why each has their rank."""

from typing import Any

import pandas as pd
import streamlit as st

from core import charts
from core.analytics.handbook import PANELS
from core.base import text
from core.base.stats import Estimate
from core.testers import words as tester_words
from core.testers.bugs import count_breadth, count_by_value, count_details
from core.testers.leaderboard import Leaderboard, RankExplanation, explain_rank, sort_by
from pages import ui
from pages.testers import shared as common
from pages.testers.shared import View
from pages.ui import proof as _proof

WHY = "testers_why"
TABLE = "testers_ranked"
NEWCOMERS = "testers_new"
ROW = 35
DRAWN = 15
TAIL = "\N{FIGURE SPACE}"


def show(view: View, found: Leaderboard) -> None:
    asked = view.chosen.asked_of(view.page)
    with st.grid(5, min_column_width=160):
        _proof.figure_cards(view.page, PANELS["Testers"], asked, brief=True)
    left, right = st.columns([13, 9])
    with left:
        _ranks(view, found)
    with right:
        _chosen(view, found)
    common.maturing_note(view)
    left, right = st.columns([13, 9])
    with left:
        _dots(view, found)
    with right:
        _newcomers(view, found)


def _ranks(view: View, found: Leaderboard) -> None:
    people = common.with_trends(found.ranked, view.trend(found.people, "score"))
    shown = people.assign(
        place=_places(people),
        between=[
            tester_words.rank_range(low, high)
            for low, high in zip(people["rank_low"], people["rank_high"], strict=True)
        ],
        acceptance=people["acceptance"] * 100,
    )
    with st.container(border=True, height="stretch"):
        st.subheader(text.times(len(people), "ranked tester"), anchor=False)
        if people.empty:
            st.markdown("No tester has enough decided bugs in this period to be ranked.")
        else:
            _table(TABLE, shown, _COLUMNS, found, height=624)
            st.caption(
                "Score: points of decided bugs times acceptance; few decided bugs: pulled towards "
                f"the field's average of {text.share(found.prior.shrunk(0, 0))}. Click a row to "
                "see why."
            )
        with st.container(horizontal=True, vertical_alignment="center"):
            ui.csv_button(
                view.page,
                lambda: _every_term(view, found),
                name="Tester leaderboard",
                filters=view.words,
                key="testers",
            )
            common.without_tester_note(found)


def _newcomers(view: View, found: Leaderboard) -> None:
    """Those who cannot be ranked, apart from those who are: their few bugs may be luck."""
    people = found.newcomers
    below = text.count(view.settings.newcomer_below)
    with st.container(border=True, height="stretch"):
        st.subheader(f"{text.times(len(people), 'newcomer')}, not ranked", anchor=False)
        if people.empty:
            st.caption(f"Every tester has {below} decided bugs or more.")
            return
        st.caption(
            f"Fewer than {below} decided bugs: too few to tell skill from luck. The score is what "
            "they have so far."
        )
        shown = people.assign(acceptance=people["acceptance"] * 100)
        _table(NEWCOMERS, shown, _NEW_COLUMNS, found, height=380)


def _table(
    key: str, shown: pd.DataFrame, columns: list[str], found: Leaderboard, *, height: int
) -> None:
    """Testers in a table; a click on a row asks why they stand there."""
    ids = tuple(int(tester) for tester in shown["tester_id"])
    st.dataframe(
        shown[columns],
        hide_index=True,
        height=height if len(shown) * ROW + ROW > height else "content",
        key=key,
        on_select=lambda: _pick(key, ids),
        selection_mode="single-row",
        column_config=_config(found.people),
        placeholder=text.UNKNOWN,
    )


_COLUMNS = ["place", "tester", "score", "between", "points", "decided", "acceptance", "trend"]
_NEW_COLUMNS = ["tester", "score", "decided", "acceptance"]


def _config(people: pd.DataFrame) -> dict[str, Any]:
    return {
        "place": st.column_config.TextColumn(
            "#", width=54, alignment="right", help="3=: others have the same score"
        ),
        "tester": st.column_config.TextColumn("Tester", width=126),
        "score": st.column_config.ProgressColumn(
            "Score",
            width=98,
            format="%.1f",
            min_value=0,
            max_value=max(float(people["score"].max()), 1.0),
        ),
        "between": st.column_config.TextColumn("95 %", width=74, help="95 % interval of the rank"),
        "points": st.column_config.NumberColumn(
            "Points", width=64, format="localized", help="The decided bugs times their weights"
        ),
        "decided": st.column_config.NumberColumn(
            "Decided", width=70, format="localized", help="Accepted, automatically too, or rejected"
        ),
        "acceptance": st.column_config.NumberColumn(
            "Accepted %", format="%.1f", width=94, help="Of the decided bugs"
        ),
        "trend": common.trend_column(),
    }


def _places(people: pd.DataFrame) -> list[str]:
    """Ranks as text that sorts as numbers do, the digits one below the other."""
    places = [
        tester_words.rank_label(rank, tied=tied)
        for rank, tied in zip(people["rank"], people["tied"], strict=True)
    ]
    ended = [text if text.endswith("=") else f"{text}{TAIL}" for text in places]
    # Newcomers come last, however many digits the ranks have.
    return [text if text.startswith("new") else text.rjust(8) for text in ended]


def _pick(table: str, ids: tuple[int, ...]) -> None:
    chosen = common.row_chosen(table, ids)
    if chosen is not None:
        st.session_state[WHY] = chosen


def _chosen(view: View, found: Leaderboard) -> None:
    people = found.people
    columns = (people[name] for name in ("tester_id", "rank", "tied", "tester"))
    labels = {
        int(tester_id): f"{tester_words.rank_label(rank, tied=tied)}  {tester}"
        for tester_id, rank, tied, tester in zip(*columns, strict=True)
    }
    if st.session_state.get(WHY) not in labels:
        st.session_state[WHY] = next(iter(labels))
    with st.container(border=True, height="stretch"):
        st.subheader("Why this rank?", anchor=False)
        tester_id = st.selectbox(
            "Whose rank",
            list(labels),
            format_func=lambda key: labels.get(key, text.UNKNOWN),
            key=WHY,
            label_visibility="collapsed",
            persist_state="session",
        )
        explain(view, found, tester_id)
        st.button(
            f"Open {ui.plain(_name(people, tester_id))}'s own page",
            key="testers_open",
            type="tertiary",
            on_click=common.go_to,
            args=(tester_id,),
        )


def _name(people: pd.DataFrame, tester_id: int) -> str:
    return str(people.loc[people["tester_id"] == tester_id, "tester"].iloc[0])


def explain(view: View, found: Leaderboard, tester_id: int) -> None:
    """The arithmetic of one tester's rank, and what separates them from their neighbours."""
    bugs = ui.read_facts(view.page, count_by_value, selection=view.of(tester_id), of="severity")
    reason = explain_rank(found, tester_id=tester_id, bugs=bugs, weights=view.settings.weights)
    if reason is None:
        return
    st.markdown(f"**{ui.plain(tester_words.rank_sentence(reason, view.settings.newcomer_below))}**")
    lines = ["| What | Sum | Result |", "|:--|:--|--:|"]
    for what, how, result in tester_words.arithmetic(reason):
        is_sum = what in {"Points", "Score"}
        cells = [ui.plain(what), ui.plain(how), ui.plain(result)]
        if is_sum:
            cells = [f"**{cells[0]}**", cells[1], f"**{cells[2]}**"]
        lines.append(f"| {' | '.join(cells)} |")
    st.markdown("\n".join(lines))
    prior = reason.prior
    said = (
        f"Pulled towards the field's average as by {prior.strength:.2f} more decided bugs, "
        f"{prior.accepted:.2f} of them accepted; the less testers differ, the stronger. "
        f"{tester_words.tied(reason)}"
    )
    st.caption(ui.plain(said))
    _neighbours(reason)


def _neighbours(reason: RankExplanation) -> None:
    lines = []
    for other, side in ((reason.above, "Above"), (reason.below, "Below")):
        if other is not None:
            said = tester_words.neighbour(other, is_above=side == "Above")
            lines.append(f"- {side}: **{ui.plain(other.tester)}**, {ui.plain(said)}")
    if lines:
        st.markdown("\n".join(lines))


def _dots(view: View, found: Leaderboard) -> None:
    first = found.ranked.head(DRAWN)
    if len(first) < 2:
        return
    settled = int(((first["rank_low"] == first["rank_high"]) & ~first["tied"]).sum())
    title = (
        f"{text.upper_first(text.number(settled))} of the first {len(first)} ranks "
        f"{'is' if settled == 1 else 'are'} settled"
    )
    columns = first[["rank", "rank_low", "rank_high", "tied", "tester"]]
    ranks = {
        f"{tester_words.rank_label(rank, tied=tied)}  {name}": Estimate(
            value=rank, low=low, high=high, n=0, method="rank"
        )
        for rank, low, high, tied, name in columns.astype(object).to_numpy().tolist()
    }
    ui.chart(
        charts.intervals(ranks, unit="count", title="Rank", start=1),
        title=title,
        subtitle="The rank with its 95 % interval",
        alt="Ranks of the first testers with their 95 % intervals",
        page=view.page,
        filters=view.words,
        key="ranks",
    )


def _every_term(view: View, found: Leaderboard) -> pd.DataFrame:
    """All testers with every number that their rank is made of."""
    scope = view.page.scope
    details = count_details(scope, selection=view.selection)
    people = found.people.set_index("tester_id")
    severities = details.severities.rename(columns=lambda name: f"decided {name}")
    prior = pd.DataFrame(
        {"prior_accepted": found.prior.accepted, "prior_rejected": found.prior.rejected},
        index=people.index,
    )
    parts = [
        people,
        prior,
        details.counts,
        severities,
        count_breadth(scope, selection=view.selection),
    ]
    whole = pd.concat([part.reindex(people.index) for part in parts], axis=1)
    whole.insert(0, "place", [text.strip().rstrip(TAIL) for text in _places(found.people)])
    return sort_by(whole.reset_index(), "score")
