"""Editing themes: make, rename, pin, merge, delete, add rules, move comments, enter the roadmap."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any, Literal, NamedTuple

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


class Box(NamedTuple):
    """An open popover, which a success empties; the keys of what is in it begin with `key`."""

    page: ui.Page
    name: str
    key: str

    def button(
        self,
        label: str,
        done: str,
        action: Callable[..., object],
        *given: object,
        of: object = "",
        kind: Literal["primary", "secondary"] = "secondary",
    ) -> None:
        """Button of an action, and what is told once it is done; `of` tells equal ones apart."""
        which = f"{label}{of}"
        pressed: dict[str, Any] = {"on_click": ui.press, "args": (self.name, self.key, which)}
        st.button(label, type=kind, key=f"{self.key}_{which}", **pressed)
        ui.submit_action(self.page, which, done, action, *given, clears=self.name)


@contextmanager
def _popover(page: ui.Page, label: str, name: str, **look: Any) -> Iterator[Box | None]:
    """Popover; None while it is closed."""
    key = ui.fresh_key(name)
    with st.popover(label, key=key, on_change="rerun", **look) as popover:
        yield Box(page, name, key) if popover.open else None


def make(page: ui.Page) -> None:
    with _popover(page, "Make a theme", "themes_make") as box:
        if box:
            name = st.text_input("Name", key=f"{box.key}_name", max_chars=edit.LONGEST_THEME_NAME)
            st.caption("Comments come in by rules, or when you move them.")
            box.button("Make it", f"Made: {name}.", edit.make_theme, name)


def restore(page: ui.Page, found: ThemeReport) -> None:
    """Deleted and merged themes, to be restored."""
    if not found.gone:
        return
    with _popover(page, "Restore a theme", "themes_gone") as box:
        if box:
            names = {theme.id: theme.name for theme in found.gone}
            number = ui.pick("Deleted and merged themes", names, key=f"{box.key}_id")
            done = f"{names[number]} is restored, with the comments it had."
            box.button("Restore", done, edit.restore_theme, number)


def change(page: ui.Page, found: ThemeReport, one: ThemeSummary) -> None:
    """All decisions about one theme."""
    with _popover(page, "Change", f"themes_change_{one.theme.key}", type="tertiary") as box:
        if box:
            _name(box, one.theme)
            st.divider()
            _rules(box, one)
            st.divider()
            _merge(box, found, one)


def opportunity(page: ui.Page, one: ThemeSummary) -> None:
    """The form that enters a theme into the roadmap."""
    name, label = f"themes_opportunity_{one.theme.key}", "Make it an opportunity"
    with _popover(page, label, name, type="tertiary") as box:
        if not box:
            return
        if one.opportunities:
            st.caption("It is already in the roadmap; this enters it again.")
        title = st.text_input("Title", one.theme.name, key=f"{box.key}_title", max_chars=120)
        problem = st.text_area(
            "Problem",
            problem_words(one.theme.name, one.figures, one.reach),
            key=f"{box.key}_problem",
            max_chars=2_000,
        )
        st.caption(ui.plain(f"Reach: {reach_words(one.reach)}."))
        enter = partial(
            create_opportunity, title=title, problem=problem, theme=one.theme, reach=one.reach
        )
        done = "Entered into the roadmap."
        box.button("Enter it into the roadmap", done, enter, kind="primary")


def move(page: ui.Page, found: ThemeReport, comment: Comment, one: ThemeSummary | None) -> None:
    """Move a comment to another theme, or to none."""
    with _popover(page, "Move", f"themes_move_{comment.key}", type="tertiary") as box:
        if box:
            themes = _others(found, one)
            names = {k: theme.name for k, theme in themes.items()}
            names |= {NO_THEME: NO_THEME, AUTOMATIC: AUTOMATIC}
            to = ui.pick("To", names, key=f"{box.key}_to")
            button = partial(box.button, "Move it", kind="primary")
            if to == AUTOMATIC:
                button("Assigned by rules and model again.", edit.release_comment, comment.key)
            else:
                done = f"Moved for good: {names[to]}."
                button(done, edit.move_comment, comment.key, themes.get(to))


def _name(box: Box, theme: Theme) -> None:
    longest = edit.LONGEST_THEME_NAME
    draft = ui.draft(box.page, box.name, {"name": theme.name}, f"theme {theme.id}")
    opened, seen = draft.opened["name"], draft.saving["seen"]["name"]
    name = st.text_input("Name", opened, key=f"{box.key}_name", max_chars=longest)
    theme = replace(theme, name=seen)
    with st.container(horizontal=True):
        box.button("Save name", f"Renamed to {name}.", edit.rename_theme, theme, name)
        pin = partial(edit.pin_theme, is_pinned=not theme.is_pinned)
        if theme.is_pinned:
            box.button("Unpin", "No longer pinned.", pin, theme)
        else:
            box.button("Pin", "Pinned: it stays at the top.", pin, theme)


def _rules(box: Box, one: ThemeSummary) -> None:
    key = box.key
    st.caption("Assign present and future comments with these words; separate words by commas.")
    any_of = st.text_input("Any of", key=f"{key}_any", placeholder="slow*, took ages").split(",")
    all_of = st.text_input("All of", key=f"{key}_all").split(",")
    none_of = st.text_input("None of", key=f"{key}_none").split(",")
    rule = partial(edit.add_rule, any_of=any_of, all_of=all_of, none_of=none_of)
    box.button("Add rule", "Added: the rule assigns comments from now on.", rule, one.theme)
    for kept in one.rules:
        parts = (("any of", kept.any_of), ("all of", kept.all_of), ("not", kept.none_of))
        words = [f"{what} {', '.join(terms)}" for what, terms in parts if terms]
        st.markdown(ui.plain("; ".join(words)))
        box.button("Withdraw", "The rule is withdrawn.", edit.withdraw_rule, kept.id, of=kept.id)


def _merge(box: Box, found: ThemeReport, one: ThemeSummary) -> None:
    others = _others(found, one)
    if others:
        names = {k: theme.name for k, theme in others.items()}
        into = others[ui.pick("Merge it into", names, key=f"{box.key}_into")]
        box.button("Merge", f"Merged into {into.name}.", edit.merge_themes, one.theme, into)
    number = text.times(len(one.theme.comments), "comment")
    st.caption(f"A deleted theme can be restored; until then its {number} are in no theme.")
    box.button("Delete", f"Deleted: {one.theme.name}.", edit.delete_theme, one.theme)


def _others(found: ThemeReport, one: ThemeSummary | None) -> dict[str, Theme]:
    return {other.theme.key: other.theme for other in found.themes if other is not one}
