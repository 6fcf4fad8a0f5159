"""The themes of comments, each with its figures and quotes."""

from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from core.base import text
from core.feedback.themes.comments import SOURCES, Comment
from core.feedback.themes.figures import STATUSES, ThemeReport, ThemeSummary, theme_report
from core.feedback.themes.words import (
    figures_words,
    given_words,
    reach_words,
    themes_answer,
    unassigned_words,
)
from pages import ui
from pages.feedback import themes_edit as edit
from pages.ui.filters import Filters

SHOWN = 10
MOST_FOUND = 30
SEARCH = {"placeholder": "A word", "width": 300}
TONES: Mapping[str, tuple[str, ui.Colour]] = {
    "complaint": ("Complaint", "orange"),
    "praise": ("Praise", "green"),
}


def show(chosen: Filters) -> None:
    page, window = chosen.page, chosen.window
    found = ui.read(page, theme_report, window=window, today=page.today)
    with ui.panel(themes_answer(found, window.label), unassigned_words(found)):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            search = ui.search_box("Find in comments", key="themes_search", **SEARCH)
            status = ui.choice(
                "Themes", list(STATUSES), key="themes_status", format_func=STATUSES.__getitem__
            )
        with st.container(horizontal=True):
            if page.person:
                edit.make(page)
                edit.restore(page, found)
            chosen.csv_button(
                lambda: pd.DataFrame([_row(one) for one in found.themes]), "Themes", key="themes"
            )
        if not page.person:
            st.caption("Only editors of this dashboard can change themes.")
    if search:
        _results(page, found, search)
        return
    _themes(page, found, [one for one in found.themes if one.is_of(status)])
    _unassigned(page, found)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption("Every comment of the period with its theme:", width="content")
        chosen.csv_button(
            lambda: pd.DataFrame(_comment_rows(found)), "Comments by theme", key="theme_comments"
        )


def _themes(page: ui.Page, found: ThemeReport, shown: Sequence[ThemeSummary]) -> None:
    if not shown:
        st.caption("No themes of this kind yet." if found.themes else "There are no themes yet.")
    listed, pages = st.container(), -(-len(shown) // SHOWN)
    number = st.pagination(pages, key="themes_page") if pages > 1 else 1
    with listed:
        for one in shown[(number - 1) * SHOWN : number * SHOWN]:
            _theme(page, found, one)


def _theme(page: ui.Page, found: ThemeReport, one: ThemeSummary) -> None:
    theme, figures = one.theme, one.figures
    with st.container(border=True, gap="small", key=f"theme_{theme.key}"):
        with ui.line():
            with st.container(
                horizontal=True, vertical_alignment="center", gap="small", width="content"
            ):
                st.markdown(f"**{ui.plain(theme.name)}**", width="content")
                _badges(one)
            if page.person:
                with st.container(horizontal=True, gap="small", width="content"):
                    edit.opportunity(page, one)
                    edit.change(page, found, one)
        words = f"{figures_words(figures)}." if figures.count else "No comments in this period."
        st.markdown(ui.plain(words))
        st.caption(ui.plain(_about(one)))
        for quote in figures.quotes:
            # Text, never Markdown: people may write markup.
            with st.container(gap=None):
                st.text(quote.text)
                st.caption(ui.plain(_origin(page, quote)))


def _badges(one: ThemeSummary) -> None:
    if one.theme.is_pinned:
        st.badge("Pinned", color="blue")
    if one.figures.tone in TONES:
        label, colour = TONES[one.figures.tone]
        st.badge(label, color=colour, help="From ratings given with the comments, not their words")
    if one.opportunities:
        st.badge("In the roadmap", color="gray")


def _about(one: ThemeSummary) -> str:
    figures = one.figures
    parts = [given_words(given) for given in figures.given]
    if figures.busiest_share is not None and figures.raters > 1:
        parts.append(f"{text.share(figures.busiest_share)} of the comments by one person")
    if figures.categories:
        first = list(figures.categories.items())[:3]
        parts.append("tickets: " + ", ".join(f"{name} {number}" for name, number in first))
    if one.everything is not None:
        parts.append(f"{text.count(one.everything.count)} with excluded comments")
    return "; ".join(parts) or "No thumbs or stars were given with these comments."


def _origin(page: ui.Page, comment: Comment) -> str:
    parts = (SOURCES[comment.source].rstrip("?"), comment.ticket, text.ago(comment.day, page.today))
    return ", ".join(filter(None, parts))


def _unassigned(page: ui.Page, found: ThemeReport) -> None:
    figures = found.unassigned
    if not figures.count:
        return
    number = text.times(figures.count, "comment")
    with st.expander(f"{number} in no theme", key="themes_unassigned", on_change="rerun") as rest:
        if rest.open:
            newest = list(figures.comments)[::-1][:MOST_FOUND]
            _comments(page, found, [(comment, None) for comment in newest])


def _results(page: ui.Page, found: ThemeReport, search: str) -> None:
    hits = [
        (comment, one)
        for one in (*found.themes, None)
        for comment in (found.unassigned if one is None else one.figures).comments
        if search.casefold() in comment.text.casefold()
    ]
    hits.sort(key=lambda hit: (hit[0].at, hit[0].key), reverse=True)
    with ui.panel(f"{text.times(len(hits), 'comment')} with {search}"):
        if len(hits) > MOST_FOUND:
            st.caption(f"The latest {MOST_FOUND} are shown.")
        if not hits:
            st.caption("No comment of this period has it.")
        _comments(page, found, hits[:MOST_FOUND])


def _comments(
    page: ui.Page, found: ThemeReport, hits: Sequence[tuple[Comment, ThemeSummary | None]]
) -> None:
    for comment, one in hits:
        with ui.line():
            with st.container(gap=None, width="stretch"):
                st.text(comment.text)
                theme = one.theme.name if one is not None else "no theme"
                st.caption(ui.plain(f"{theme}; {_origin(page, comment)}"))
            if page.person:
                edit.move(page, found, comment, one)


def _comment_rows(found: ThemeReport) -> list[dict[str, object]]:
    """The comments by theme, without the names of their authors."""
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


def _row(one: ThemeSummary) -> dict[str, object]:
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
