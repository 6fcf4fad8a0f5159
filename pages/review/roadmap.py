"""What should we improve next?"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import pandas as pd
import streamlit as st

from core.analytics.account_settings import changes
from core.analytics.dates import last_complete_week
from core.base import text
from core.criteria.verdicts import CriterionResult, results_by_key
from core.criteria.words import verdict_words
from core.review.actions import actions
from core.review.roadmap import (
    MOVES,
    STATUSES,
    Outcome,
    Scored,
    change_opportunity,
    create_opportunity,
    hit_rate,
    opportunities,
    outcomes,
    ranked,
)
from core.store import Opportunity
from pages import ui

PLACE = "roadmap"
COLOURS: Mapping[str | None, ui.Colour] = {"high": "red", "medium": "orange"}
DIRECTIONS = {"up": "should rise", "down": "should fall"}
WINDOW_DAYS = 28
# What is decided about an opportunity here.
FIELDS = {*MOVES, "effort", "confidence", "due_from", "due_to", "status"}
SOURCES = frozenset({"Enhancement runs", "Tickets", "Feedback"})


def show(page: ui.Page) -> None:
    ui.account_box(page)
    week = last_complete_week(page.today)
    results = ui.read(page, results_by_key, window=week)
    known = ui.read(page, opportunities)
    scored = ranked(known, results)
    told = ui.read(page, outcomes, found=tuple(known), today=page.today)
    ui.answer(page, said(scored, told), SOURCES, note=f"criteria of {week.label}")
    if not known:
        ui.empty(
            "Nothing is on the roadmap yet. Make a theme of comments an opportunity, or enter one.",
            *("feedback/feedback.py", "Go to themes"),
        )
    for one in scored:
        card(page, one, results)
    if told:
        past(page, told, hit_rate(told))
    done(page, [one for one in known if one.status in {"done", "dropped"}])
    if page.person:
        with st.expander("Enter an opportunity"):
            enter(page)


def said(scored: Sequence[Scored], told: Sequence[Outcome]) -> str:
    """The answer: what comes first and why, and how past estimates fared."""
    if not scored:
        return "No opportunity is open."
    first = scored[0]
    number = text.upper_first(text.times(len(scored), "opportunity", "opportunities"))
    sentence = f"{number}; "
    if first.score is None:
        sentence += "none is scored yet"
    else:
        sentence += f"first {first.opportunity.title}, priority {first.priority}"
    hits, of = hit_rate(told)
    return f"{sentence}. {hits} of {of} past estimates came true." if of else f"{sentence}."


def card(page: ui.Page, one: Scored, results: Mapping[str, CriterionResult]) -> None:
    opportunity = one.opportunity
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            colour = COLOURS.get(one.priority, "gray")
            st.badge(text.upper_first(one.priority or "not scored"), color=colour)
            st.subheader(ui.plain(opportunity.title), anchor=False, width="content")
            st.badge(STATUSES[opportunity.status], color="blue")
        st.text(opportunity.problem)
        if one.factors:
            st.table(pd.DataFrame([one.factors]).set_index("Reach"))
        else:
            st.caption(ui.plain(text.upper_first(one.words)))
        st.caption(ui.plain("; ".join(facts(opportunity, results))))
        with st.container(horizontal=True):
            if page.person:
                with st.popover("Decide", type="tertiary"):
                    decide(page, one, results)
            if opportunity.evidence:
                with st.popover("What was counted", type="tertiary"):
                    counted(opportunity)
            linked(page, opportunity)
        history = ui.read(page, changes, subject=f"opportunity {opportunity.id}")
        if len(history) > 1:
            at = ui.moment(page, history[0].at)
            st.caption(ui.plain(f"Last decided by {history[0].by}, {at}"))


def counted(one: Opportunity) -> None:
    """The comments and tickets behind the reach, as they were counted."""
    evidence = one.evidence or {}
    for name in ("tickets", "comments"):
        keys = evidence.get(name, [])
        st.markdown(f"**{text.upper_first(text.times(len(keys), name.removesuffix('s')))}**")
        st.dataframe(pd.DataFrame({name: keys}), hide_index=True, height=180)


def linked(page: ui.Page, one: Opportunity) -> None:
    """The theme that it came from, and the actions that should move the same criterion."""
    if one.theme_id is not None:
        st.page_link("feedback/feedback.py", label="Its theme", query_params={"tab": "Themes"})
    related = [
        action
        for action in ui.read(page, actions, status="open")
        if one.criterion_key is not None and action.criterion_key == one.criterion_key
    ]
    if related:
        st.page_link(
            "review/weekly_review.py",
            label=text.upper_first(text.times(len(related), "open action")),
        )


def facts(one: Opportunity, results: Mapping[str, CriterionResult]) -> list[str]:
    found = []
    if one.reach_from is not None and one.reach_to is not None:
        reach = [
            text.times(one.reach_comments or 0, "comment"),
            text.times(one.reach_raters or 0, "rater"),
            text.times(one.reach_tickets or 0, "ticket"),
        ]
        days = f"{text.day(one.reach_from)} to {text.day(one.reach_to)}"
        found.append(f"Counted {days}: {text.listed(reach)}")
    result = results.get(one.criterion_key or "")
    if result is not None:
        value = text.amount(result.estimate.value, result.criterion.unit)
        verdict = text.lower_first(verdict_words(result.judged))
        found.append(f"{result.criterion.label} is {value}, {verdict}")
    if one.direction is not None and one.due_from is not None and one.due_to is not None:
        found.append(
            f"it {DIRECTIONS[one.direction]} from {text.day(one.due_from)} to "
            f"{text.day(one.due_to)}"
        )
    return found or ["No promise yet: name the criterion, the direction and the window"]


def decide(page: ui.Page, one: Scored, results: Mapping[str, CriterionResult]) -> None:
    name = f"{PLACE}_{page.account.id}_{one.opportunity.id}"
    stored, subject = (
        one.opportunity.model_dump(include=FIELDS),
        f"opportunity {one.opportunity.id}",
    )
    draft = ui.draft(page, name, stored, subject)
    known = Opportunity(**one.opportunity.model_dump() | {**draft.opened})
    labels: dict[str | None, str] = {None: "None yet"}
    labels |= {key: result.criterion.label for key, result in results.items()}
    with ui.form(name):
        moves = known.criterion_key if known.criterion_key in labels else None
        key = ui.pick("Which criterion it moves", labels, at=moves)
        direction = ui.pick("It", DIRECTIONS, at=known.direction or "up")
        impact = st.number_input(
            "By how much, in the criterion's unit; shares in points of 100",
            min_value=0.0,
            value=known.impact and known.impact * _written(results.get(moves or "")),
            step=None,
        )
        effort = st.number_input("Effort in days", min_value=0.0, value=known.effort, step=None)
        sure = st.number_input(
            "Confidence in per cent; empty: from the criterion's verdict",
            min_value=0.0,
            max_value=100.0,
            value=None if known.confidence is None else known.confidence * 100,
            step=None,
        )
        first = known.due_from or page.today + timedelta(days=1)
        last = known.due_to or first + timedelta(days=WINDOW_DAYS - 1)
        days: tuple[date, ...] = st.date_input(
            "Window in which it shows", (first, last), format="YYYY-MM-DD"
        )
        due_from, due_to = days if len(days) == 2 else (None, None)
        decided: dict[str, Any] = {
            "criterion_key": key,
            "direction": direction if key else None,
            "impact": impact and impact / _written(results.get(key or "")),
            "effort": effort,
            "confidence": None if sure is None else sure / 100,
            "due_from": due_from,
            "due_to": due_to,
            "status": ui.pick("Status", STATUSES, at=known.status),
        }
        done, decided = "Saved with your name.", decided | draft.saving
        ui.submit_button(page, "Save", done, change_opportunity, known.id, **decided)


def _written(result: CriterionResult | None) -> float:
    """What an impact on a criterion is multiplied by where a person writes it."""
    return 100.0 if result is not None and result.criterion.unit == "fraction" else 1.0


def past(page: ui.Page, told: Sequence[Outcome], hits: tuple[int, int]) -> None:
    note = (
        "Each named its criterion, direction and window before; as expected is said only where "
        "the intervals before and after do not overlap"
    )
    with ui.panel(f"{hits[0]} of {text.times(hits[1], 'estimate')} came true", note):
        frame = pd.DataFrame(
            {
                "Opportunity": one.opportunity.title,
                "Expected": DIRECTIONS[one.opportunity.direction or "up"],
                "Before": one.before,
                "In its window": one.after,
                "Moved": one.moved,
            }
            for one in told
        )
        ui.Stamped(page, "all").table(frame, "Past estimates", key="past")


def done(page: ui.Page, known: Sequence[Opportunity]) -> None:
    if not known:
        return
    with st.expander(f"{len(known)} done or dropped"):
        for one in known:
            moment = ui.moment(page, one.decided_at or one.created_at)
            st.markdown(f"- **{ui.plain(one.title)}**, {STATUSES[one.status].lower()}, {moment}")


def enter(page: ui.Page) -> None:
    name = f"{PLACE}_new_{page.account.id}"
    with ui.form(name):
        fields: dict[str, Any] = {
            "title": st.text_input("Title", max_chars=120),
            "problem": st.text_area("Problem", max_chars=2_000, height=100),
        }
        ui.submit_button(page, "Enter it", "Entered.", create_opportunity, **fields, clears=name)


ui.run_page("roadmap", "What should we improve next?", show)
