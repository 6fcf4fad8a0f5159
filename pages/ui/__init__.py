"""What the pages share: the page frame, cached reads, actions, figure cards, charts, downloads."""

from pages.ui.actions import fresh_key, run_action, submit_action
from pages.ui.cards import chart, csv_button, draw, empty, figure_card, image
from pages.ui.frame import PRESENTING, run_page
from pages.ui.page import (
    Page,
    account_box,
    freshness_line,
    moment,
    plain,
    read,
    read_facts,
    sources,
)
