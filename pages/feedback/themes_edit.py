"""What editors do with themes: make, name, pin, merge, delete, rule, move, take to the roadmap."""

from collections.abc import Callable
from functools import partial
from typing import Any

import streamlit as st

from core.base import text
from core.feedback.themes import (
    LONGEST_NAME,
    Comment,
    ThemeFound,
    ThemesFound,
    add_rule,
    delete_theme,
    make_theme,
    merge_themes,
    move_comment,
    pin_theme,
    release_comment,
    rename_theme,
    restore_theme,
    withdraw_rule,
)
from core.feedback.themes.words import problem_words, reach_words
from core.review.roadmap import create_opportunity
from pages import ui

NO_THEME = "No theme"
AS_FOUND = "As rules and model say"


def make(page: ui.Page) -> None:
    key = ui.fresh_key("themes_make")
    with st.popover("Make a theme", key=key, on_change="rerun") as box:
        if box.open:
            name = st.text_input("Name", key=f"{key}_name", max_chars=LONGEST_NAME)
            st.caption("It gets its comments by rules, and by those that you move there.")
            act = _buttons(page, "themes_make")
            act("Make it", f"Made: {name}.", make_theme, name)


def gone(page: ui.Page, found: ThemesFound) -> None:
    """Themes that were deleted or merged, to be brought back."""
    if not found.gone:
        return
    key = ui.fresh_key("themes_gone")
    with st.popover("Bring one back", key=key, on_change="rerun") as box:
        if box.open:
            names = {theme.id: theme.name for theme in found.gone}
            number = st.selectbox(
                "Deleted and merged themes", list(names), format_func=names.get, key=f"{key}_id"
            )
            done = f"{names[number]} is back, with the comments it had."
            _buttons(page, "themes_gone")("Bring it back", done, restore_theme, number)


def change(page: ui.Page, found: ThemesFound, one: ThemeFound) -> None:
    """All that can be decided about a theme."""
    change_box = f"themes_change_{one.theme.key}"
    key = ui.fresh_key(change_box)
    with st.popover("Change", type="tertiary", key=key, on_change="rerun") as box:
        if box.open:
            act = _buttons(page, change_box)
            _name(act, one, key)
            st.divider()
            _rules(act, one, key)
            st.divider()
            _merge(act, found, one, key)


def opportunity(page: ui.Page, one: ThemeFound) -> None:
    """Into the roadmap, once a person has seen what is entered."""
    name = f"themes_opportunity_{one.theme.key}"
    key = ui.fresh_key(name)
    label = "Make it an opportunity"
    with st.popover(label, type="tertiary", key=key, on_change="rerun") as box:
        if not box.open:
            return
        if one.opportunities:
            st.caption("It is in the roadmap already; this enters it once more.")
        title = st.text_input("Title", one.theme.name, key=f"{key}_title", max_chars=120)
        problem = st.text_area(
            "Problem",
            problem_words(one.theme.name, one.figures, one.reach),
            key=f"{key}_problem",
            max_chars=2_000,
        )
        st.caption(ui.plain(f"Its reach, as counted: {reach_words(one.reach)}."))
        if st.button("Enter it into the roadmap", type="primary", key=f"{key}_do"):
            ui.submit_action(
                page,
                "Entered into the roadmap.",
                create_opportunity,
                by=page.person or "",
                clears=name,
                title=title,
                problem=problem,
                theme=one.theme,
                reach=one.reach,
            )


def move(page: ui.Page, found: ThemesFound, comment: Comment, one: ThemeFound | None) -> None:
    """A comment into another theme, or into none."""
    name = f"themes_move_{comment.key}"
    key = ui.fresh_key(name)
    with st.popover("Move", type="tertiary", key=key, on_change="rerun") as box:
        if box.open:
            themes = {f.theme.key: f.theme for f in found.themes if f is not one}
            names = {k: theme.name for k, theme in themes.items()}
            names |= {NO_THEME: NO_THEME, AS_FOUND: AS_FOUND}
            to = st.selectbox("To", list(names), format_func=names.get, key=f"{key}_to")
            if st.button("Move it", type="primary", key=f"{key}_do"):
                more: Any = {"by": page.person or "", "clears": name}
                if to == AS_FOUND:
                    done = "Left to rules and model."
                    ui.submit_action(page, done, release_comment, comment.key, **more)
                done = f"Moved, to stay there: {names[to]}."
                ui.submit_action(page, done, move_comment, comment.key, themes.get(to), **more)


def _name(act: Callable[..., None], one: ThemeFound, key: str) -> None:
    theme = one.theme
    name = st.text_input("Name", theme.name, key=f"{key}_name", max_chars=LONGEST_NAME)
    with st.container(horizontal=True):
        act("Save name", f"Its name is {name}.", rename_theme, theme, name)
        label = "Unpin" if theme.is_pinned else "Pin"
        done = "No longer pinned." if theme.is_pinned else "Pinned: it stays at the top."
        pin = partial(pin_theme, is_pinned=not theme.is_pinned)
        act(label, done, pin, theme)


def _rules(act: Callable[..., None], one: ThemeFound, key: str) -> None:
    st.caption("Comments with these words belong here, also new ones; words apart by commas.")
    asked = {
        "any_of": st.text_input("Any of", key=f"{key}_any", placeholder="slow*, took ages"),
        "all_of": st.text_input("All of", key=f"{key}_all"),
        "none_of": st.text_input("None of", key=f"{key}_none"),
    }
    rule = partial(add_rule, **{name: text.split(",") for name, text in asked.items()})
    act("Add rule", "The rule assigns comments from now on.", rule, one.theme)
    for kept in one.rules:
        parts = (("any of", kept.rule.any_of), ("all of", kept.rule.all_of))
        said = [
            f"{what} {', '.join(of)}" for what, of in (*parts, ("not", kept.rule.none_of)) if of
        ]
        st.markdown(ui.plain("; ".join(said)))
        act(
            "Take back",
            "The rule is taken back.",
            withdraw_rule,
            kept.id,
            key=f"{key}_rule_{kept.id}",
        )


def _merge(act: Callable[..., None], found: ThemesFound, one: ThemeFound, key: str) -> None:
    others = {f.theme.key: f.theme for f in found.themes if f is not one}
    if others:
        into = st.selectbox(
            "Merge it into",
            list(others),
            format_func=lambda k: others[k].name,
            key=f"{key}_into",
        )
        done = f"Merged into {others[into].name}."
        act("Merge", done, merge_themes, one.theme, others[into])
    number = text.times(len(one.theme.comments), "comment")
    st.caption(f"Deleted, it can be brought back; its {number} are in no theme then.")
    act("Delete", f"Deleted: {one.theme.name}.", delete_theme, one.theme)


def _buttons(page: ui.Page, box: str) -> Callable[..., None]:
    """Draws a button of a popover: its label, what is told once done, and the action."""

    def button(
        label: str, done: str, action: Callable[..., Any], *args: Any, key: str = ""
    ) -> None:
        if st.button(label, key=key or f"{ui.fresh_key(box)}_{label}"):
            ui.submit_action(page, done, action, *args, by=page.person or "", clears=box)

    return button
