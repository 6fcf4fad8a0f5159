"""What does each number mean?"""

import streamlit as st

from core.analytics import DIMENSIONS, FACTS, METRICS, Dimension, Metric
from core.analytics.handbook import pages_of
from core.analytics.parse import dimensions_of
from core.base import text
from pages import ui
from pages.ui.proof import definition_facts, facts


def show(page: ui.Page) -> None:
    counts = f"{text.times(len(METRICS), 'metric')} by {text.times(len(DIMENSIONS), 'dimension')}"
    said = f"{counts}, each with one definition that every page uses."
    ui.answer(page, said, frozenset({"Test cycles", "Bug reports"}))
    search = ui.search_box("Find", key="definitions_search", placeholder="rate, tester, p95 ...")
    metrics = [
        m for m in METRICS.values() if found(search, m.key, m.label, m.definition, m.formula)
    ]
    dimensions = [
        d for d in DIMENSIONS.values() if found(search, d.key, d.label, d.description, *d.aliases)
    ]
    if not metrics and not dimensions:
        st.info(ui.plain(f"No definition contains {search!r}. Try a shorter word."))
        return
    if metrics:
        st.subheader("Metrics", anchor=False)
        for metric in metrics:
            metric_entry(metric, expanded=bool(search) and len(metrics) <= 3)
    if dimensions:
        st.subheader("Dimensions", anchor=False)
        for dimension in dimensions:
            dimension_entry(dimension)


def found(search: str, *texts: str) -> bool:
    """Whether every word of the search occurs in one of the texts."""
    return all(any(word in text.lower() for text in texts) for word in search.lower().split())


def metric_entry(metric: Metric, *, expanded: bool) -> None:
    used = pages_of(metric.key)
    sample = (
        f"caveat below n = {metric.smallest_sample}" if metric.smallest_sample else "no minimum"
    )
    with st.expander(
        f"**{ui.plain(metric.label)}** &ensp; {ui.plain(metric.definition)}", expanded=expanded
    ):
        facts(
            {"Key": metric.key}
            | definition_facts(metric)
            | {
                "Sample": sample,
                "By": text.listed([DIMENSIONS[key].label for key in dimensions_of([metric.key])]),
                "Used on": text.listed([*used, "Explore"]),
            }
        )
        st.page_link("explore.py", label="Explore", query_params={"metrics": metric.label})


def dimension_entry(dimension: Dimension) -> None:
    with st.expander(f"**{ui.plain(dimension.label)}** &ensp; {ui.plain(dimension.description)}"):
        facts(
            {
                "Key": text.listed([dimension.key, *dimension.aliases]),
                "Groups": text.listed([FACTS[fact].plural for fact in dimension.facts]),
                "Example": str(dimension.example),
            }
        )


ui.run_page("definitions", "What does each number mean?", show, needs_data=False)
