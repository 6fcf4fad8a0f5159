"""One customer user: how they are chosen, and their own view of the engagement page."""

from collections.abc import Mapping
from typing import Any, Literal

import pandas as pd
import streamlit as st

from core import charts
from core.base import text
from core.engagement import words as engagement_words
from core.engagement.participation import customer_names
from core.engagement.person import Customer, customer
from core.engagement.words import SEGMENTS
from pages import ui
from pages.engagement import settings as thresholds
from pages.ui import people as _people
from pages.ui import proof as _proof
from pages.ui.filters import Filters

CHOSEN = "engagement_person"
VIEW = "engagement_view"
BACK = "engagement_back"
ACCOUNT = "engagement_account"
SHOWN = "engagement_shown"
# What stands on the view of everybody: it is not there meanwhile, and is to be as it was.
LEFT_AS = (VIEW, SHOWN, "engagement_slipping", "engagement_clock")
HISTORY_ROWS = 1_000
COLOURS: Mapping[str, Literal["blue", "green", "orange", "red"]] = {
    "new": "blue",
    "returning": "green",
    "fading": "orange",
    "silent": "red",
}


def known(page: ui.Page) -> tuple[Mapping[int, str], str | None]:
    """The customer users by id, and a name in the link that is unknown."""
    names = ui.read_facts(page, customer_names)
    # The box takes a name that it does not know out of the link, so it is read before.
    link = st.query_params.get(CHOSEN)
    chosen = st.session_state.get(CHOSEN)
    # Ids count within an account: in another one the same number is somebody else.
    elsewhere = st.session_state.get(ACCOUNT, page.account.id) != page.account.id
    if chosen is not None and (elsewhere or chosen not in names):
        st.session_state[CHOSEN] = None
    st.session_state[ACCOUNT] = page.account.id
    return names, link if link and link not in names.values() else None


def box(names: Mapping[int, str]) -> None:
    """The searchable box of customer users, in the link by their name."""
    st.selectbox(
        "Customer user",
        list(names),
        index=None,
        format_func=lambda key: names.get(key, text.UNKNOWN),
        key=CHOSEN,
        bind="query-params",
        placeholder="Everyone",
        width=220,
        on_change=_chosen,
    )


def table(
    people: pd.DataFrame, columns: Mapping[str, Any], *, key: str, height: int | Literal["content"]
) -> None:
    """A table of customer users; choosing a row opens their own view."""
    ids = tuple(int(person) for person in people["customer_id"])
    st.dataframe(
        people[list(columns)],
        hide_index=True,
        height=height,
        column_config=dict(columns),
        key=key,
        placeholder=text.UNKNOWN,
        on_select=lambda: _open(key, ids),
        selection_mode="single-row",
    )


def _open(key: str, ids: tuple[int, ...]) -> None:
    rows = st.session_state[key].selection.rows
    if rows:
        _remember_view()
        st.session_state[CHOSEN] = ids[rows[0]]


def _remember_view() -> None:
    if VIEW in st.session_state:
        st.session_state[BACK] = {
            key: st.session_state[key] for key in LEFT_AS if key in st.session_state
        }


def _back() -> None:
    st.session_state[CHOSEN] = None
    st.session_state.update(st.session_state.get(BACK, {}))


def _chosen() -> None:
    if st.session_state[CHOSEN] is None:
        _back()
    else:
        _remember_view()


def show(page: ui.Page, person: int, name: str, chosen: Filters, answer: Any) -> None:
    found = ui.read_facts(
        page, customer, person=person, **chosen.asked_of(page), settings=thresholds.in_use(page)
    )
    said = engagement_words.customer_answer(name, found, chosen.window.label, page.today)
    with answer:
        st.markdown(f"##### {ui.plain(said)}")
        ui.freshness_line(page, frozenset({"Test cycles", "Bug reports"}), window=chosen.window)
    thresholds.note(page)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button("Back to everyone", on_click=_back, key="engagement_leave")
        _badges(page, found)
    _figures(page, person, chosen)
    if found.history.empty:
        _nothing(found, chosen)
        return
    left, right = st.columns([12, 10])
    with left:
        _trend(page, name, found, chosen)
    with right:
        _found(found)
    left, right = st.columns(2)
    with left:
        _tested("Products they test", "Product", found.products)
    with right:
        _tested("Features they test", "Feature", found.features)
    _history(page, name, found, chosen)


def _badges(page: ui.Page, found: Customer) -> None:
    if found.lifecycle is not None:
        st.badge(SEGMENTS[found.lifecycle], color=COLOURS[found.lifecycle])
    none = found.activity == "none"
    st.badge("None created" if none else f"{SEGMENTS[found.activity]} activity", color="gray")
    if found.first is not None:
        begins = "ended" if found.first <= page.today else "ends"
        st.caption(f"first cycle {begins} {text.day(found.first)}", width="content")


def _nothing(found: Customer, chosen: Filters) -> None:
    if found.last is None and not found.undated:
        ui.empty("No test cycle in the store was created or submitted by them.")
        return
    undated = f" ({_undated(found)})" if found.undated else ""
    ui.empty(
        f"They had no part in a test cycle in this period "
        f"({text.lower_first(chosen.window.label)}){undated}. Choose a longer period, or All time."
    )


def _undated(found: Customer) -> str:
    number = text.times(found.undated, "cycle")
    return f"{number} without a date {'stands' if found.undated == 1 else 'stand'} in no period"


def _figures(page: ui.Page, person: int, chosen: Filters) -> None:
    """The figures of everyone, for one person: of what they created, and what they submitted."""
    asked = chosen.asked_of(page)
    created, submitted = (
        asked | {"filters": {f"{role}_id": [person]}} for role in ("customer", "submitter")
    )
    with st.grid(6, min_column_width=150):
        _proof.figure_cards(page, {"tests_created": "Created"}, created)
        _proof.figure_cards(page, {"tests_submitted": "Submitted"}, submitted)
        _proof.figure_cards(
            page,
            {
                "test_completion_rate": "Completion",
                "bug_count": "Bugs found",
                "bugs_per_test": "Bugs per cycle",
                "decided_acceptance_rate": "Acceptance",
            },
            created,
        )


def _trend(page: ui.Page, name: str, found: Customer, chosen: Filters) -> None:
    trend = found.trend
    if trend.empty:
        ui.empty("No cycle of theirs ended in the last 12 months.")
        return
    created = trend[trend["series"] == "Created"]
    busiest = created.iloc[int(created["value"].to_numpy().argmax())]
    title = (
        f"Busiest month: {engagement_words.month(busiest['period'])}, "
        f"{text.times(int(busiest['value']), 'cycle')} created"
        if busiest["value"]
        else "They submitted what others created"
    )
    ui.chart(
        charts.line(
            trend, unit="Cycles", value_format=",d", unfinished=f"{page.today:%Y-%m}", height=240
        ),
        title=title,
        subtitle="Cycles by month of their end, created and submitted; dotted: not over",
        alt=f"Cycles of {name} by month",
        page=page,
        filters=f"{chosen.words}; {name}",
        key="person",
    )


def _found(found: Customer) -> None:
    bugs = found.severities
    total = int(bugs["bugs"].sum())
    with st.container(border=True, height="stretch"):
        title = (
            f"Their cycles found {text.times(total, 'bug')}"
            if total
            else "No bug found in this period"
        )
        st.subheader(title, anchor=False)
        st.caption("Bugs of the cycles that they created, by severity")
        if not total:
            return
        shown = bugs.assign(
            severity=bugs["severity"].fillna("no severity"), share=bugs["bugs"] / total * 100
        )
        st.dataframe(
            shown,
            hide_index=True,
            column_config={
                "severity": "Severity",
                "bugs": st.column_config.NumberColumn("Bugs", format="localized", width=80),
                "share": st.column_config.ProgressColumn(
                    "Share %", format="%.0f", min_value=0, max_value=100
                ),
            },
        )


def _tested(title: str, what: str, frame: pd.DataFrame) -> None:
    one = what.lower()
    note = "; a cycle with several features counts under each" if one == "feature" else ""
    _people.amounts(
        frame.assign(name=[name or f"no {one}" for name in frame["name"]]),
        title=title,
        note=f"Of the cycles that they created{note}",
        none="They created none in this period.",
        names=what,
        bar=("cycles", "Cycles"),
        more={"bugs": st.column_config.NumberColumn("Bugs", format="localized", width=80)},
    )


def _history(page: ui.Page, name: str, found: Customer, chosen: Filters) -> None:
    history = found.history
    with st.container(border=True):
        st.subheader(f"Their {text.times(len(history), 'cycle')}, the latest first", anchor=False)
        notes = [text.upper_first(text.lower_first(chosen.window.label))]
        if found.undated:
            notes.append(_undated(found) if chosen.window.days else f"{found.undated} without date")
        if len(history) > HISTORY_ROWS:
            notes.append(f"the first {HISTORY_ROWS:,} here, all of them in the download")
        st.caption(ui.plain("; ".join(notes)))
        decided = history["decided"]
        shown = history.head(HISTORY_ROWS).assign(
            acceptance=(history["accepted"] / decided.where(decided > 0)).astype(float) * 100
        )
        st.dataframe(
            shown,
            hide_index=True,
            column_order=[
                *("end_day", "title", "product", "status", "testing_type", "part"),
                *("features", "bugs", "acceptance", "decided"),
            ],
            column_config=_HISTORY,
            placeholder=text.UNKNOWN,
        )
        ui.csv_button(page, history, name=f"Cycles of {name}", filters=chosen.words, key="history")


_HISTORY: dict[str, Any] = {
    "end_day": st.column_config.DateColumn("Ended, ends", format="D MMM YYYY", width=100),
    "title": st.column_config.TextColumn("Cycle", width=300),
    "product": st.column_config.TextColumn("Product", width=130),
    "status": st.column_config.TextColumn("Status", width=110),
    "testing_type": st.column_config.TextColumn("Type", width=90),
    "part": st.column_config.TextColumn("They", width=160),
    "features": st.column_config.NumberColumn("Features", width=76),
    "bugs": st.column_config.NumberColumn("Bugs", width=64),
    "acceptance": st.column_config.NumberColumn(
        "Accepted %", format="%.0f", width=90, help="Of the decided bugs"
    ),
    "decided": st.column_config.NumberColumn(
        "Decided", width=76, help="Bugs accepted, accepted automatically, or rejected"
    ),
}
