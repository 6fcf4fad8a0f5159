"""Editing themes: make, rename, pin, merge, delete, add rules, move comments, enter the roadmap."""

from collections.abc import Callable
from functools import partial
from typing import Literal

import streamlit as st

from core.base import text
from core.feedback.themes import edit
from core.feedback.themes.assignment import Theme
from core.feedback.themes.comments import Comment
from core.feedback.themes.figures import ThemeReport, ThemeSummary
from core.feedback.themes.words import problem_words, reach_words
from core.review.roadmap import create_opportunity
from pages import ui

NO_THEME = "No theme"
AUTOMATIC = "By rules and model"

# A label, what is told once it is done, the action, and what the action is given.
Button = Callable[..., None]


def make(page: ui.Page) -> None:
    box = "themes_make"
    key = ui.fresh_key(box)
    with st.popover("Make a theme", key=key, on_change="rerun") as popover:
        if popover.open:
            name = st.text_input("Name", key=f"{key}_name", max_chars=edit.LONGEST_THEME_NAME)
            st.caption("Comments come in by rules, or when you move them.")
            _button(page, box, "Make it", f"Made: {name}.", edit.make_theme, name)


def restore(page: ui.Page, found: ThemeReport) -> None:
    """Deleted and merged themes, to be restored."""
    if not found.gone:
        return
    box = "themes_gone"
    key = ui.fresh_key(box)
    with st.popover("Restore a theme", key=key, on_change="rerun") as popover:
        if popover.open:
            names = {theme.id: theme.name for theme in found.gone}
            number = ui.pick("Deleted and merged themes", names, key=f"{key}_id")
            done = f"{names[number]} is restored, with the comments it had."
            _button(page, box, "Restore", done, edit.restore_theme, number)


def change(page: ui.Page, found: ThemeReport, one: ThemeSummary) -> None:
    """All decisions about one theme."""
    box = f"themes_change_{one.theme.key}"
    key = ui.fresh_key(box)
    with st.popover("Change", type="tertiary", key=key, on_change="rerun") as popover:
        if popover.open:
            button = partial(_button, page, box)
            _name(button, one, key)
            st.divider()
            _rules(button, one, key)
            st.divider()
            _merge(button, found, one, key)


def opportunity(page: ui.Page, one: ThemeSummary) -> None:
    """The form that enters a theme into the roadmap."""
    box = f"themes_opportunity_{one.theme.key}"
    key = ui.fresh_key(box)
    label = "Make it an opportunity"
    with st.popover(label, type="tertiary", key=key, on_change="rerun") as popover:
        if not popover.open:
            return
        if one.opportunities:
            st.caption("It is already in the roadmap; this enters it again.")
        title = st.text_input("Title", one.theme.name, key=f"{key}_title", max_chars=120)
        problem = st.text_area(
            "Problem",
            problem_words(one.theme.name, one.figures, one.reach),
            key=f"{key}_problem",
            max_chars=2_000,
        )
        st.caption(ui.plain(f"Reach: {reach_words(one.reach)}."))
        enter = partial(
            create_opportunity, title=title, problem=problem, theme=one.theme, reach=one.reach
        )
        button = partial(_button, page, key, "Enter it into the roadmap", kind="primary")
        button("Entered into the roadmap.", enter)


def move(page: ui.Page, found: ThemeReport, comment: Comment, one: ThemeSummary | None) -> None:
    """Move a comment to another theme, or to none."""
    box = f"themes_move_{comment.key}"
    key = ui.fresh_key(box)
    with st.popover("Move", type="tertiary", key=key, on_change="rerun") as popover:
        if popover.open:
            themes = _others(found, one)
            names = {k: theme.name for k, theme in themes.items()}
            names |= {NO_THEME: NO_THEME, AUTOMATIC: AUTOMATIC}
            to = ui.pick("To", names, key=f"{key}_to")
            button = partial(_button, page, box, "Move it", kind="primary")
            if to == AUTOMATIC:
                button("Assigned by rules and model again.", edit.release_comment, comment.key)
            else:
                done = f"Moved for good: {names[to]}."
                button(done, edit.move_comment, comment.key, themes.get(to))


def _name(button: Button, one: ThemeSummary, key: str) -> None:
    theme = one.theme
    name = st.text_input("Name", theme.name, key=f"{key}_name", max_chars=edit.LONGEST_THEME_NAME)
    with st.container(horizontal=True):
        button("Save name", f"Renamed to {name}.", edit.rename_theme, theme, name)
        pin = partial(edit.pin_theme, is_pinned=not theme.is_pinned)
        if theme.is_pinned:
            button("Unpin", "No longer pinned.", pin, theme)
        else:
            button("Pin", "Pinned: it stays at the top.", pin, theme)


def _rules(button: Button, one: ThemeSummary, key: str) -> None:
    st.caption("Assign present and future comments with these words; separate words by commas.")
    any_of = st.text_input("Any of", key=f"{key}_any", placeholder="slow*, took ages").split(",")
    all_of = st.text_input("All of", key=f"{key}_all").split(",")
    none_of = st.text_input("None of", key=f"{key}_none").split(",")
    rule = partial(edit.add_rule, any_of=any_of, all_of=all_of, none_of=none_of)
    button("Add rule", "Added: the rule assigns comments from now on.", rule, one.theme)
    for kept in one.rules:
        parts = (("any of", kept.any_of), ("all of", kept.all_of), ("not", kept.none_of))
        words = [f"{what} {', '.join(terms)}" for what, terms in parts if terms]
        st.markdown(ui.plain("; ".join(words)))
        of_rule = f"{key}_rule_{kept.id}"
        button("Withdraw", "The rule is withdrawn.", edit.withdraw_rule, kept.id, key=of_rule)


def _merge(button: Button, found: ThemeReport, one: ThemeSummary, key: str) -> None:
    others = _others(found, one)
    if others:
        names = {k: theme.name for k, theme in others.items()}
        into = others[ui.pick("Merge it into", names, key=f"{key}_into")]
        button("Merge", f"Merged into {into.name}.", edit.merge_themes, one.theme, into)
    number = text.times(len(one.theme.comments), "comment")
    st.caption(f"A deleted theme can be restored; until then its {number} are in no theme.")
    button("Delete", f"Deleted: {one.theme.name}.", edit.delete_theme, one.theme)


def _others(found: ThemeReport, one: ThemeSummary | None) -> dict[str, Theme]:
    return {other.theme.key: other.theme for other in found.themes if other is not one}


def _button(
    page: ui.Page,
    popover: str,
    label: str,
    done: str,
    action: Callable[..., object],
    *given: object,
    key: str = "",
    kind: Literal["primary", "secondary"] = "secondary",
) -> None:
    if st.button(label, type=kind, key=key or f"{ui.fresh_key(popover)}_{label}"):
        ui.submit_action(page, done, action, *given, clears=popover)
