"""What people say of a figure, in its panel; the review collects it."""

import streamlit as st

from core.criteria.ledger import comment, comments, withdraw
from core.store import Annotation
from pages.ui.actions import editor_button, form, submit_button
from pages.ui.page import Page, moment, plain, read


def show(page: Page, figure: str) -> None:
    """The comments on a figure, and a form for one more."""
    found = read(page, comments, figure=figure)
    if found or page.person:
        st.markdown("**Comments**")
    for one in found:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.text(one.text, width="stretch")  # never Markdown: people write what they like
            st.caption(plain(f"{one.entered_by}, {moment(page, one.from_at)}"), width="content")
            if page.person:
                look = {"type": "tertiary", "key": f"{page.key}_comment_{one.id}"}
                done = "The comment is removed."
                editor_button(page, "Remove", done, withdraw, Annotation, one.id, **look)
    if page.person:
        name = f"{page.key}_comment_{page.account.id}_{figure}"
        with form(name):
            said = st.text_input("Comment", max_chars=500, placeholder="For the review")
            done = "Added: the next review shows it."
            submit_button(
                page, "Add comment", done, comment, figure, text=said, clears=name, is_primary=False
            )
