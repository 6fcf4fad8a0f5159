"""Satisfaction by votes: bounds, weekly means, and breakdowns by stars and kind of ticket."""

from datetime import timedelta
from typing import Any

import pandas as pd
import streamlit as st

from core.analytics.dates import last_complete_week
from core.analytics.exclusions import excluded
from core.base import text
from core.charts import stacked_choices, time_chart
from core.criteria.panels import week_points
from core.feedback.satisfaction import (
    BREAKDOWNS,
    Group,
    ResponseBounds,
    breakdown,
    rating_counts,
    response_bounds,
    weekly_ratings,
)
from pages import ui
from pages.ui.filters import Filters

WEEKS = 12
# Above this share of the votes the busiest rater is shown in orange.
MOST_OF_ONE = 0.3


def show(chosen: Filters) -> None:
    without = ui.read(chosen.page, excluded)
    asked = {"window": chosen.window, "without": without}
    ratings, thumbs = ui.read(chosen.page, response_bounds, **asked)
    left, right = st.columns(2)
    with left:
        _figure(ratings, "stars", "ratings", "Stars")
        _over_time(chosen)
    with right:
        _figure(thumbs, "fraction", "thumbs", "Thumbs up")
        _distribution(chosen)
    _groups(chosen, asked)


def _figure(found: ResponseBounds, unit: str, what: str, label: str) -> None:
    """One kind of votes: its mean with interval, and its bounds for runs without votes."""
    estimate = found.estimate
    with st.container(border=True):
        st.metric(label, text.amount(estimate.value, unit))
        if estimate.value is None:
            st.caption(f"No {what} in this period.")
            return
        interval = text.between(estimate.low, estimate.high, unit)
        st.caption(f"{text.count(estimate.n)} {what}")
        with st.popover(f"How sure: {label.lower()}", type="tertiary"):
            st.markdown(ui.plain(f"95 % sure: {interval}."))
            if found.asked:
                rate = text.share(min(1.0, found.answered / found.asked))
                bounds = text.between(found.worst, found.best, unit)
                got = f"{rate} of {text.times(found.asked, 'completed run')} got {what}"
                st.markdown(ui.plain(f"{got}; if all had, this would be {bounds}."))
        if found.busiest_share is not None:
            share = text.share(found.busiest_share)
            colour = "orange" if found.busiest_share > MOST_OF_ONE else "gray"
            st.caption(f":{colour}[{ui.plain(f'The busiest rater gave {share} of the {what}')}]")


def _over_time(chosen: Filters) -> None:
    page = chosen.page
    # Whole weeks only, none later than the period.
    after = min((chosen.window.end or page.today) + timedelta(days=1), page.today)
    weeks = tuple(last_complete_week(after, ago) for ago in range(WEEKS - 1, -1, -1))
    estimates = ui.read(page, weekly_ratings, weeks=weeks)
    known = [estimate.value for estimate in estimates if estimate.value is not None]
    if not known:
        return
    points = week_points(weeks, estimates, today=page.today)
    least, most = min(known), max(known)
    chosen.chart(
        time_chart({"Stars": points}, unit="stars", grain="week", height=200),
        key="weeks",
        title=f"Between {text.amount(least, 'stars')} and {text.amount(most, 'stars')} stars",
        subtitle=f"Mean rating of each of {WEEKS} whole weeks, with its 95 % interval",
        alt="Mean rating by week",
    )


def _distribution(chosen: Filters) -> None:
    given = ui.read(chosen.page, rating_counts, window=chosen.window)
    total = sum(given.values())
    if not total:
        return
    frame = pd.DataFrame(
        [{"choice": str(n), "series": "In the product", "value": given[n]} for n in range(1, 6)]
    )
    chosen.chart(
        stacked_choices(frame, unit="Ratings", what="Stars", height=200),
        key="stars",
        title=f"{text.share((given[4] + given[5]) / total)} of the ratings are 4 or 5 stars",
        subtitle="Number of ratings by stars",
        alt="Ratings by stars",
    )


def _groups(chosen: Filters, asked: dict[str, Any]) -> None:
    with ui.panel("By kind of ticket"):
        by = ui.choice("By", list(BREAKDOWNS), key="feedback_by", label_visibility="collapsed")
        found = ui.read(chosen.page, breakdown, **asked, by=by)
        if not found:
            st.caption("No votes in this period.")
            return
        frame = pd.DataFrame([_row(group) for group in found])
        st.dataframe(frame, hide_index=True)
        st.caption("Stars and thumbs are separate; groups of fewer than five are pooled.")
        chosen.csv_button(frame, "Votes by kind", key="groups")


def _row(group: Group) -> dict[str, object]:
    rating, positive = group.rating, group.positive
    return {
        "Kind": group.name,
        "Votes": group.votes,
        "Stars": text.amount(rating.value, "stars"),
        "Stars, 95 % sure": text.between(rating.low, rating.high, "stars"),
        "Ratings": rating.n,
        "Thumbs up": text.amount(positive.value, "fraction"),
        "Thumbs up, 95 % sure": text.between(positive.low, positive.high, "fraction"),
        "Thumbs": positive.n,
    }
