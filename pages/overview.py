"""How are we doing this week?"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from core.analytics import METRICS
from core.analytics.definitions import FACTS
from core.analytics.freshness import maturing_since
from core.analytics.handbook import PANELS
from core.analytics.series import Headline, MetricSeries
from core.base import text
from core.criteria.verdicts import evaluate
from core.criteria.words import criteria_answer
from core.engagement.movers import Mover, Movers, movers_of_customers, movers_of_testers
from core.engagement.words import movers_finding, movers_subtitle
from core.review import signal_words
from core.review.actions import actions, is_overdue
from pages import ui
from pages.criteria.strip import strip
from pages.ui import personal, proof, signals
from pages.ui.filters import ENHANCER, Filters, filter_bar, past_weeks
from pages.ui.tables import number_column, source_table, text_column

SOURCES = frozenset({"Test cycles", "Bug reports", "Enhancement runs", "Tickets", "Feedback"})
TREND_HEIGHT = 170
MOVERS = 3
ENGAGEMENT, TESTERS = "engagement/customer_engagement.py", "testers/tester_leaderboard.py"
FEEDBACK, RATE = "feedback/feedback.py", {"tab": "Rate"}
RANKING = ("decided_acceptance_rate", "rejection_rate", "review_rate")
# The cards that a role sees, in their order.
HOMES: Mapping[str, Sequence[str]] = {
    "Product manager": ("overdue", "criteria", "trends", "movers", "freshness"),
    "Quality lead": ("overdue", "freshness", "ranking", "criteria", "movers"),
    "Executive": ("criteria", "trends"),
    "Technician": ("rate", "criteria"),
}


def show(page: ui.Page) -> None:
    home, week = HOMES[home_box(page)], past_weeks(page)[0]
    known = {state.name for state in ui.sources(page) if state.rows}
    results = ui.read(page, evaluate, window=week) if known & ENHANCER else []
    main = [result for result in results if not result.criterion.is_guardrail]
    chosen = filter_bar(page)
    panel = {key: PANELS["Testers"][key] for key in RANKING} if "ranking" in home else {}
    panel |= PANELS["Overview"] if "trends" in home else {}
    # A card without a source says nothing.
    facts = {key: {FACTS[fact].source for fact in METRICS[key].facts} for key in panel}
    labels = {key: label for key, label in panel.items() if facts[key] <= known}
    found = signals.series_of(list(labels), chosen) if labels else []
    said = [criteria_answer(main, week.label)] if main else []
    said += [signal_words.news(found)] if found else []
    ui.answer(page, " ".join(said) or "Nothing to tell yet.", SOURCES, compare=chosen.compare)
    cards: Mapping[str, Callable[[], object]] = {
        "overdue": partial(overdue, page),
        "criteria": partial(strip, page, main, week, brief=True),
        "trends": partial(trends, chosen, labels, found),
        "movers": partial(movers, chosen),
        "ranking": partial(trends, chosen, labels, found),
        "freshness": partial(freshness, page, is_open=home[-1] != "freshness"),
        "rate": partial(st.page_link, FEEDBACK, label="Rate an enhancement", query_params=RATE),
    }
    has = {"criteria": main, "trends": found, "ranking": found, "movers": known - ENHANCER}
    for name in home:
        if has.get(name, True):
            cards[name]()


def home_box(page: ui.Page) -> str:
    """The role whose home is shown: that of the link, else the one that this person chose last."""
    key, last = "overview_home", personal.kept(page).get("home", "")

    def keep() -> None:
        personal.keep(page, home=st.session_state[key])

    names: dict[str, str] = {name: name for name in HOMES}
    look: dict[str, Any] = {"key": key, "width": 175, "on_change": keep}
    with page.bar:
        return ui.pick("Home of", names, at=names.get(last), what="home", **look)


def trends(chosen: Filters, labels: Mapping[str, str], found: Sequence[MetricSeries]) -> None:
    """The figures of the period, each over its series."""
    heading(f"Trends, {text.lower_first(chosen.window.label)}", "explore.py", "Explore")
    figures = proof.headlines(chosen, list(labels))
    with st.grid(len(found), min_column_width=300):
        for figure, trend in zip(figures, found, strict=True):
            trend_card(chosen, figure, labels[figure.metric.key], trend)
    with st.container(horizontal=True, horizontal_alignment="distribute", key="overview_rules"):
        marked = f"Marked: {signal_words.RULES}. {signal_words.chance_of_all(found)}"
        st.caption(ui.plain(marked), width="content")
        ui.add_mark(chosen.page, chosen.page.today, key="trends")
        signals.download(found, chosen)


def freshness(page: ui.Page, *, is_open: bool) -> None:
    with st.expander("How fresh each source is", expanded=is_open):
        source_table(page)
        st.page_link("data/data.py", label="Data")


def overdue(page: ui.Page) -> None:
    """What was agreed in a review and is not done in time."""
    late = [one for one in ui.read(page, actions, status="open") if is_overdue(one, page.today)]
    if late:
        with page.top, st.container(horizontal=True, vertical_alignment="center"):
            st.badge(f"{text.times(len(late), 'action')} overdue", color="orange")
            owners = text.listed(sorted({one.owner for one in late}))
            st.caption(ui.plain(f"of {owners}"), width="content")
            st.page_link("review/weekly_review.py", label="Review")


def heading(text: str, target: str, label: str) -> None:
    with st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="bottom"
    ):
        st.subheader(text, anchor=False, width="content")
        st.page_link(target, label=label)


def trend_card(chosen: Filters, figure: Headline, label: str, trend: MetricSeries) -> None:
    """A figure of the period over its series by week or month, with its signals marked."""
    metric = figure.metric
    marked = chosen.marked(signals.drawn(trend, height=TREND_HEIGHT))
    subtitle = marked.under(signal_words.subtitle(trend, brief=True))
    with st.container(
        border=True, height="stretch", gap="xsmall", key=f"overview_trend_{metric.key}"
    ):
        proof.figure_metric(figure, label)
        ui.draw(marked.drawn, alt=marked.said(signal_words.alt_text(trend)))
        sample = "" if figure.n is None else f" n = {text.count(figure.n)}."
        if figure.waiting:
            sample += f" {proof.waiting_words(figure.waiting)}."
        finding = text.upper_first(signal_words.short_finding(trend))
        st.markdown(f"**{ui.plain(finding)}**")
        st.caption(ui.plain(f"{subtitle}.{sample}"))
        with st.container(horizontal=True, horizontal_alignment="distribute"):
            proof.about(chosen.page, figure)
            title, key = signal_words.finding(trend), f"trend_{metric.key}"
            chosen.image(marked.drawn, key=key, title=title, subtitle=subtitle)


def movers(chosen: Filters) -> None:
    before = chosen.window.previous
    against = f" against {before.label}" if before else ""
    heading(f"Who moved most{against}", ENGAGEMENT, "Engagement")
    if before is None:
        ui.empty("All time has nothing before it to compare with: choose a shorter period.")
        return
    customers = ui.read_facts(chosen.page, movers_of_customers, **chosen.period)
    since = ui.read(chosen.page, maturing_since, today=chosen.page.today)
    testers = ui.read_facts(chosen.page, movers_of_testers, **chosen.period, since=since)
    with st.grid(2, min_column_width=340):
        mover_card(chosen, customers, "customer user", "cycles created", ENGAGEMENT)
        mover_card(chosen, testers, "tester", "accepted bugs", TESTERS)


def mover_card(chosen: Filters, found: Movers | None, who: str, what: str, target: str) -> None:
    if found is None or not found.people:
        begun = found and found.begun
        why = f"; the data begins on {text.day(begun)}" if begun else ""
        with st.container(border=True, height="stretch"):
            st.markdown(ui.plain(f"No {who} to compare in this period and the one before{why}."))
        return
    moved = [*found.risers, *reversed(found.fallers)]
    by_change = sorted(moved, key=lambda one: (not one.is_significant, -abs(one.change)))
    with ui.panel(movers_finding(found, who, what), stretch=True):
        for one in by_change[:MOVERS]:
            with ui.line():
                link = {"person": str(one.person_id)}
                st.page_link(target, label=ui.plain(one.name), query_params=link)
                amounts = f"{text.count(one.before)} \N{RIGHTWARDS ARROW} {text.count(one.now)}"
                st.caption(f"{amounts}, {one.certainty}", width="content")
        all_of_them = partial(every_mover, chosen, found, who, what)
        title = f"Who moved most by {what}"
        ui.opens(chosen.page, f"movers_{who}", title, all_of_them, label=f"All by {what}")


def every_mover(chosen: Filters, found: Movers, who: str, what: str) -> None:
    st.caption(ui.plain(movers_subtitle(found, who, what)))
    rows = mover_rows([*found.risers, *reversed(found.fallers)])
    st.dataframe(
        rows,
        hide_index=True,
        column_config={
            "Who": text_column("Who", 140),
            "Before": number_column("Before", 58),
            "Now": number_column("Now", 58),
            "Change": number_column("Change", 62, form="%+d"),
            "Is it more than chance?": text_column("More than chance?", 130),
        },
    )
    chosen.csv_button(rows, f"Who moved most by {what}", key=f"movers_{what}")


def mover_rows(people: Sequence[Mover]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Who": person.name,
            "Before": person.before,
            "Now": person.now,
            "Change": person.change,
            "Is it more than chance?": person.certainty,
        }
        for person in people
    )


ui.run_page("overview", "How are we doing?", show)
