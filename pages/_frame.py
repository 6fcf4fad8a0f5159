"""The frame around every page: its settings, and the navigation."""

from pathlib import Path

import streamlit as st

from pages.ui import rate

ICON = Path(__file__).resolve().parent / "_icon.svg"

st.set_page_config(
    page_title="Touchstone",
    # An icon of our own: a named one would be asked from an outside host.
    page_icon=str(ICON),
    layout="wide",
)

# A technician who rates a ticket needs nothing else.
is_rating = bool(rate.linked())
if not is_rating:
    st.logo(str(ICON), size="small")

page = st.navigation(
    {
        "": [
            st.Page("overview.py", title="Overview", default=True),
            st.Page("engagement/customer_engagement.py", title="Engagement"),
            st.Page("testers/tester_leaderboard.py", title="Testers"),
            st.Page("criteria/success_criteria.py", title="Criteria"),
            st.Page("feedback/feedback.py", title="Feedback"),
            st.Page("review/weekly_review.py", title="Review"),
        ],
        "More": [
            st.Page("review/roadmap.py", title="Roadmap"),
            st.Page("feedback/survey.py", title="Survey"),
            st.Page("explore.py", title="Explore"),
            st.Page("data/data.py", title="Data"),
            st.Page("data/import_data.py", title="Import"),
            st.Page("definitions.py", title="Definitions"),
        ],
    },
    position="hidden" if is_rating else "top",
)
page.run()
