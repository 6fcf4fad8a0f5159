"""Tables: columns in the formats of every page, rows that open a person, amounts as bars."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, Literal

import pandas as pd
import streamlit as st

from core.analytics.freshness import SYNCED, FreshSource, fresh_sources, last_synced
from core.base import text
from core.ingest.sync.history import sync_target
from core.testers.words import rank_label
from pages.ui.page import Page, moment, sources
from pages.ui.panels import panel, side_panel

ROW = 33
DAY = "D MMM YYYY"
ASKED = "person_asked"
TAIL = "\N{FIGURE SPACE}"  # str.strip takes it as well


def text_column(label: str, width: int | None = None, told: str | None = None, **more: Any) -> Any:
    return st.column_config.TextColumn(label, width=width, help=told, **more)


def number_column(
    label: str, width: int | None = None, told: str | None = None, *, form: str = "localized"
) -> Any:
    return st.column_config.NumberColumn(label, width=width, help=told, format=form)


def day_column(label: str, width: int | None = None, told: str | None = None) -> Any:
    return st.column_config.DateColumn(label, width=width, help=told, format=DAY)


def bar_column(
    label: str, width: int | None = None, *, most: float, form: str = "localized"
) -> Any:
    """An amount as a bar, which is full at `most`."""
    return st.column_config.ProgressColumn(
        label, width=width, format=form, min_value=0, max_value=most
    )


def months_column(told: str, width: int) -> Any:
    return st.column_config.BarChartColumn("By month", y_min=0, width=width, help=told)


def places(ranks: Iterable[int | None], tied: Iterable[bool]) -> list[str]:
    """Ranks as text that sorts as numbers do, the digits one below the other."""
    found = [rank_label(rank, tied=shared) for rank, shared in zip(ranks, tied, strict=True)]
    ended = [label if label.endswith("=") else f"{label}{TAIL}" for label in found]
    # Newcomers come last, however many digits the ranks have.
    return [label if label.startswith("new") else label.rjust(8) for label in ended]


def height(frame: pd.DataFrame, most: int) -> int:
    """Height of a table that scrolls beyond `most` rows, in pixels: its place is kept at once."""
    return ROW * (len(frame) + 1) + 2 if len(frame) <= most else ROW * (most + 1) + 20


def people_table(
    people: pd.DataFrame,
    ids: str,
    columns: Mapping[str, Any],
    *,
    key: str,
    height: int | Literal["content"],
    box: str,
) -> None:
    """Table of people by the column `ids`; a click on a row chooses the person in a box."""
    marked = st.session_state.get(box)
    known = [int(person) for person in people[ids]]
    # A browser keeps a mark by its place: other people, or another one marked, are another table.
    number, drawn = st.session_state.get(f"{key}_drawn", (0, None))
    if drawn != (known, marked):
        number += 1
        st.session_state[f"{key}_drawn"] = (number, (known, marked))
        st.session_state.pop(f"{key}_touched", None)
    first = next(iter(columns))
    cell = [(known.index(marked), first)] if marked in known else []
    shown = people[list(columns)].set_axis([""] * len(people))

    def clicked() -> None:
        cells = st.session_state[f"{key}_{number}"].selection.cells
        # Whoever comes by a head or by keys marks the first cell, and asks for no person.
        is_arrival = not cell and cells and cells[0][1] == "place"
        if cells and (st.session_state.get(f"{key}_touched") or not is_arrival):
            person = known[cells[0][0]]
            st.session_state[f"{key}_drawn"] = (number, (known, person))
            st.session_state[box] = person
            st.session_state[ASKED] = (key, person)
        st.session_state[f"{key}_touched"] = True

    st.dataframe(
        shown,
        hide_index=first == "place",  # of an index the browser does not tell that it is marked
        height=height,
        column_config={"_index": text_column("", 10), **columns},
        key=f"{key}_{number}",
        placeholder=text.UNKNOWN,
        on_select=clicked,
        selection_mode="single-cell",
        selection_default={"selection": {"rows": [], "columns": [], "cells": cell}},
    )


def open_asked(draw: Callable[[int], None], names: Mapping[int, str]) -> None:
    """Open a panel at the side on the person whose row was just chosen, drawn by `draw`."""
    key, person = st.session_state.pop(ASKED, ("", None))
    if person not in names:
        return

    def closed() -> None:
        # A cell that has the mark cannot be chosen again: it goes to the first of its row.
        number, drawn = st.session_state[f"{key}_drawn"]
        st.session_state[f"{key}_drawn"] = (number + 1, drawn)

    side_panel(names[person], partial(draw, person), closed)


def amounts(
    frame: pd.DataFrame, heads: Mapping[str, str], *, title: str, note: str, none: str
) -> None:
    """Panel of names with their amounts; `none` is shown where there is no row.

    `heads` are the heads by column: of the names, of the amount that is drawn as a bar, of others.
    """
    name, bar, *more = heads
    with panel(title, none if frame.empty else note, stretch=True):
        if not frame.empty:
            most = max(int(frame[bar].max()), 1)
            columns = {name: text_column(heads[name]), bar: bar_column(heads[bar], 110, most=most)}
            columns |= {column: number_column(heads[column], 80) for column in more}
            st.dataframe(
                frame[list(heads)], hide_index=True, height=height(frame, 7), column_config=columns
            )


def source_table(page: Page) -> None:
    """Each source with its target, and whether that is met."""
    runs = set(SYNCED.values())
    found = fresh_sources(
        sources(page),
        synced_at={run: last_synced(page.scope, source=run) for run in runs},
        sync_targets={run: sync_target(page.settings, page.account.id, source=run) for run in runs},
        now=page.now,
    )
    rows = pd.DataFrame(_source_row(page, source) for source in found)
    columns = {"Rows": number_column("Rows")}
    st.dataframe(rows, hide_index=True, height=height(rows, 9), column_config=columns)


def _source_row(page: Page, source: FreshSource) -> dict[str, object]:
    newest, synced = (
        moment(page, at) if at else text.UNKNOWN for at in (source.state.through, source.synced_at)
    )
    return {
        "Source": source.state.name,
        "On time": source.verdict,
        "Target": source.target,
        "Newest record": newest,
        "Last sync": synced,
        "Rows": source.state.rows,
    }
