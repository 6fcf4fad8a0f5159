"""The frame around every page: its settings, and the navigation."""

from pathlib import Path

import streamlit as st

ICON = Path(__file__).resolve().parent / "_icon.svg"

st.set_page_config(
    page_title="Touchstone",
    # An icon of our own: a named one would be asked from an outside host.
    page_icon=str(ICON),
    layout="wide",
)

st.logo(str(ICON), size="small")

page = st.navigation(
    {
        "": [
            st.Page("overview.py", title="Overview", default=True),
            st.Page("engagement/page.py", title="Engagement", url_path="customer_engagement"),
            st.Page("testers/page.py", title="Testers", url_path="tester_leaderboard"),
            st.Page("criteria/page.py", title="Criteria", url_path="success_criteria"),
            st.Page("feedback/page.py", title="Feedback", url_path="feedback"),
            st.Page("review/page.py", title="Review", url_path="weekly_review"),
        ],
        "More": [
            st.Page("review/roadmap.py", title="Roadmap", url_path="roadmap"),
            st.Page("feedback/survey.py", title="Survey", url_path="survey"),
            st.Page("explore.py", title="Explore"),
            st.Page("data/page.py", title="Data", url_path="data"),
            st.Page("data/imports.py", title="Import", url_path="import_data"),
            st.Page("definitions.py", title="Definitions"),
        ],
    },
    position="top",
)
page.run()
