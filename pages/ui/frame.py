"""A page from its title to its error edge."""

from collections.abc import Callable

import streamlit as st

from core.base.errors import TouchstoneError
from core.base.telemetry import PAGE_SECONDS
from core.store import one_state
from pages.ui import keeper
from pages.ui.actions import begin_visit, show_outcome, tell_lost_press
from pages.ui.address import address
from pages.ui.first_run import checklist
from pages.ui.page import Page, open_page, plain, signed_in, sources
from pages.ui.panels import account_box
from pages.ui.rate import was_useful

# Set while a page is presented: nothing else is on the screen then.
PRESENTING = "review_present"


def run_page(
    key: str,
    question: str,
    show: Callable[[Page], None],
    *,
    needs_data: bool = True,
    is_rated: bool = True,
) -> None:
    """Draw a page from its title to its error edge, where every domain error becomes a sentence.

    A page that `needs_data` is not shown before there is any: its zeros would be unknowns. One that
    `is_rated` asks at its foot whether it was useful.
    """
    held, scope = address(), ""
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key="bar"):
        st.title(question, anchor=False, width="content")
        # On a phone the boxes are behind this one; a tap shows them without asking the server.
        st.html('<label class="chip"><input type="checkbox">Filters</label>', width="content")
        boxes = st.container(horizontal=True, gap="xsmall", width="content", key="bar_boxes")
        share = st.container(width="content", key="share_bar")
    try:
        with PAGE_SECONDS.labels(key).time(), one_state():
            show_outcome(key)
            if key != held.page:
                st.session_state.pop(PRESENTING, None)  # Back leaves a presentation as well
            begin_visit(key)
            held.begin(key)
            told = st.container()
            page = open_page(key, boxes)
            scope = f"{page.account.id} {signed_in()}"
            has_data = any(state.rows for state in sources(page))
            if checklist(page, has_data=has_data) and needs_data:
                account_box(page)
            else:
                show(page)
                with told:
                    tell_lost_press(key)
                if is_rated and not st.session_state.get(PRESENTING):
                    was_useful(page)
            if said := held.end(share):
                told.warning(plain(said))
    except TouchstoneError as error:
        st.error(plain(str(error)))
    finally:
        keeper.mount(scope)
