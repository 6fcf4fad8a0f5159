"""What the pages share: the page frame, cached reads, actions, panels, charts, downloads."""

from pages.ui.actions import (
    draft,
    editor_button,
    form,
    fresh_key,
    press,
    run_action,
    submit_action,
    submit_button,
)
from pages.ui.address import Form, address, among, asked_text, linked
from pages.ui.charts import Stamped, add_mark, download, draw, empty, top_chart
from pages.ui.frame import PRESENTING, run_page
from pages.ui.page import Page, answer, moment, plain, read, read_facts, sources
from pages.ui.panels import (
    Colour,
    account_box,
    card,
    choice,
    history_table,
    leave_panel,
    line,
    moment_box,
    needs_editor,
    opens,
    panel,
    pick,
    pick_many,
    search_box,
    side_panel,
    tabs,
)
