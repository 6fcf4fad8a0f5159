"""What do people talk about: the themes of their comments, each with its figures and quotes."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core.analytics.dates import Window
from core.base import text
from core.feedback.themes import SOURCES, STATUSES, Comment, ThemeFigures, ThemeFound, ThemesFound
from core.feedback.themes import themes_found as read_themes
from core.feedback.themes.words import (
    given_words,
    reach_words,
    themes_answer,
    trend_words,
    unassigned_words,
)
from pages import ui
from pages.feedback import themes_edit as edit

SHOWN = 10
MOST_FOUND = 30
TONES = {"complaint": ("Complaint", "orange"), "praise": ("Praise", "green")}


def show(page: ui.Page, window: Window) -> None:
    found = ui.read(page, read_themes, window=window, today=page.today)
    with st.container(border=True):
        st.subheader(ui.plain(themes_answer(found, window.label)), anchor=False)
        st.caption(ui.plain(unassigned_words(found)))
        search, status = _controls()
        with st.container(horizontal=True):
            if page.person:
                edit.make(page)
                edit.gone(page, found)
            ui.csv_button(
                page,
                lambda: pd.DataFrame([_row(one) for one in found.themes]),
                name="Themes",
                filters=window.label,
                key="themes",
            )
        if not page.person:
            st.caption("Deciding about themes takes an editor of this dashboard.")
    if search:
        _results(page, found, search)
        return
    _themes(page, found, [one for one in found.themes if one.is_of(status)])
    _unassigned(page, found)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption("Every comment of the period with its theme:", width="content")
        ui.csv_button(
            page,
            lambda: pd.DataFrame(_rows(found)),
            name="Comments by theme",
            filters=window.label,
            key="theme_comments",
        )


def _controls() -> tuple[str, str]:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        search = st.text_input(
            "Find in comments",
            key="themes_search",
            bind="query-params",
            placeholder="A word",
            width=260,
        )
        status = st.segmented_control(
            "Themes",
            list(STATUSES),
            default="all",
            format_func=STATUSES.get,
            key="themes_status",
            bind="query-params",
            required=True,
        )
    return search.strip(), status or "all"


def _themes(page: ui.Page, found: ThemesFound, shown: Sequence[ThemeFound]) -> None:
    if not shown:
        st.caption("No theme is of this kind yet." if found.themes else "There are no themes yet.")
    listed, pages = st.container(), -(-len(shown) // SHOWN)
    number = st.pagination(pages, key="themes_page") if pages > 1 else 1
    with listed:
        for one in shown[(number - 1) * SHOWN : number * SHOWN]:
            _theme(page, found, one)


def _theme(page: ui.Page, found: ThemesFound, one: ThemeFound) -> None:
    theme, figures = one.theme, one.figures
    with st.container(border=True, gap="small", key=f"theme_{theme.key}"):
        with st.container(
            horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"
        ):
            with st.container(
                horizontal=True, vertical_alignment="center", gap="small", width="content"
            ):
                st.markdown(f"**{ui.plain(theme.name)}**", width="content")
                _badges(one)
            if page.person:
                with st.container(horizontal=True, gap="small", width="content"):
                    edit.opportunity(page, one)
                    edit.change(page, found, one)
        st.markdown(ui.plain(_counted(figures)))
        st.caption(ui.plain(_about(one)))
        for quote in figures.quotes:
            _quote(page, quote)


def _badges(one: ThemeFound) -> None:
    if one.theme.is_pinned:
        st.badge("Pinned", color="blue")
    if one.figures.tone in TONES:
        label, colour = TONES[one.figures.tone]
        st.badge(label, color=colour, help="By what people gave with their comments, not by words")
    if one.opportunities:
        st.badge("In the roadmap", color="gray")


def _counted(figures: ThemeFigures) -> str:
    if not figures.count:
        return "No comment in this period."
    comments = text.times(figures.count, "comment")
    people = text.times(figures.raters, "person", "people")
    return f"{comments}, {people}; {trend_words(figures)}."


def _about(one: ThemeFound) -> str:
    figures = one.figures
    said = [given_words(given) for given in figures.given]
    if figures.busiest_share is not None and figures.raters > 1:
        said.append(f"{text.share(figures.busiest_share)} of the comments by one person")
    if figures.categories:
        first = list(figures.categories.items())[:3]
        said.append("tickets: " + ", ".join(f"{name} {number}" for name, number in first))
    if one.everything is not None:
        said.append(f"{text.count(one.everything.count)} with what is excluded")
    return "; ".join(said) or "Nobody gave a thumb or stars with it."


def _quote(page: ui.Page, comment: Comment) -> None:
    # Text, never Markdown: people write what they like.
    with st.container(gap=None):
        st.text(comment.text)
        st.caption(ui.plain(_where(page, comment)))


def _where(page: ui.Page, comment: Comment) -> str:
    said = (SOURCES[comment.source].rstrip("?"), comment.ticket, text.ago(comment.day, page.today))
    return ", ".join(filter(None, said))


def _unassigned(page: ui.Page, found: ThemesFound) -> None:
    figures = found.unassigned
    if not figures.count:
        return
    number = text.times(figures.count, "comment")
    with st.expander(f"{number} in no theme", key="themes_unassigned", on_change="rerun") as rest:
        if rest.open:
            newest = list(figures.comments)[::-1][:MOST_FOUND]
            _comments(page, found, [(comment, None) for comment in newest])


def _results(page: ui.Page, found: ThemesFound, search: str) -> None:
    wanted = search.casefold()
    hits = [
        (comment, one)
        for one in (*found.themes, None)
        for comment in (found.unassigned if one is None else one.figures).comments
        if wanted in comment.text.casefold()
    ]
    hits.sort(key=lambda hit: (hit[0].at, hit[0].key), reverse=True)
    with st.container(border=True):
        st.subheader(ui.plain(f"{text.times(len(hits), 'comment')} with {search}"), anchor=False)
        if len(hits) > MOST_FOUND:
            st.caption(f"The latest {MOST_FOUND} are shown.")
        if not hits:
            st.caption("No comment of this period has it.")
        _comments(page, found, hits[:MOST_FOUND])


def _comments(
    page: ui.Page, found: ThemesFound, hits: Sequence[tuple[Comment, ThemeFound | None]]
) -> None:
    for comment, one in hits:
        with st.container(
            horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"
        ):
            with st.container(gap=None, width="stretch"):
                st.text(comment.text)
                theme = one.theme.name if one is not None else "no theme"
                st.caption(ui.plain(f"{theme}; {_where(page, comment)}"))
            if page.person:
                edit.move(page, found, comment, one)


def _rows(found: ThemesFound) -> list[dict[str, object]]:
    """The comments behind the themes, without the names of those who wrote them."""
    groups = [
        (one.theme.name, dict(zip(one.theme.comments, one.theme.how, strict=True)), one.figures)
        for one in found.themes
    ]
    return [
        {
            "Theme": name,
            "How": how.get(comment),
            "Comment": comment.text,
            "Source": SOURCES[comment.source],
            "Day": comment.day,
            "Thumb": comment.thumb,
            "Stars": comment.stars,
            "Survey rating": comment.overall,
            "Ticket": comment.ticket,
            "Category": comment.category,
        }
        for name, how, figures in [*groups, ("", {}, found.unassigned)]
        for comment in figures.comments
    ]


def _row(one: ThemeFound) -> dict[str, object]:
    figures = one.figures
    return {
        "Theme": one.theme.name,
        "Comments": figures.count,
        "People": figures.raters,
        "Last 4 weeks": figures.recent,
        "4 weeks before": figures.before,
        "Tone": figures.tone,
        "Given": "; ".join(given_words(given) for given in figures.given),
        "Share of the busiest person": figures.busiest_share,
        "Ticket categories": ", ".join(f"{k} {v}" for k, v in (figures.categories or {}).items()),
        "Quotes": " | ".join(quote.text for quote in figures.quotes),
        "Reach": reach_words(one.reach),
        "Pinned": one.theme.is_pinned,
        "Kept by people": one.theme.id is not None,
    }
