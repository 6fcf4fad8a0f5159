"""Settings of an account: a form in which they are tried and saved, and their history."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zlib import crc32

import streamlit as st

from core.analytics.account_settings import (
    S,
    changes,
    fields_of,
    save_settings,
    settings_from,
    settings_of,
)
from core.base import text
from core.store import AuditEntry, Scope
from pages import ui

Values = Mapping[str, Any]


@dataclass(frozen=True)
class NumberBox:
    """Box of a number up to `most`: a whole one from 1, any other from 0."""

    label: str
    value: float
    most: int

    def draw(self, key: str) -> None:
        label, most = ui.plain(self.label), self.most
        if isinstance(self.value, int):
            st.number_input(label, 1, most, self.value, 1, key=key)
        else:
            st.number_input(label, 0.0, float(most), self.value, 1.0, format="%g", key=key)


def settings_form(
    page: ui.Page,
    in_use: S,
    grids: Sequence[tuple[int, Mapping[str, NumberBox]]],
    *,
    what: str,
    tried: str,
    make: Callable[[Values], S],
    begin_trial: Callable[[S], None],
    end_trial: Callable[[], None],
) -> None:
    """Form of settings, which every person may try and editors save.

    `grids` are the boxes by name, each with its number of columns; `make` makes settings of what
    is in them. `what` they are is told once they are saved, `tried` once they are tried.
    """
    saved = fields_of(ui.read(page, settings_of, kind=type(in_use)))
    name, subject = f"{page.key}_settings_{page.account.id}", f"settings of {in_use.KEY}"
    draft = ui.draft(page, name, saved, subject)
    # Boxes keep what is typed; another trial has other boxes.
    trial = {field: one for field, one in fields_of(in_use).items() if one != saved.get(field)}
    key = f"{draft.key}_{crc32(repr(trial).encode())}"

    def typed() -> S:
        fields = [field for _, boxes in grids for field in boxes]
        return make({field: st.session_state[f"{key}_{field}"] for field in fields})

    def save(scope: Scope, *, seen: Values) -> None:
        save_settings(scope, typed(), seen=seen)
        end_trial()

    with ui.form(name):
        for columns, boxes in grids:
            with st.grid(columns, min_column_width=480 // columns):
                for field, box in boxes.items():
                    box.draw(f"{key}_{field}")
        with st.container(horizontal=True):
            st.form_submit_button(
                "Try",
                on_click=ui.run_action,
                args=(page, tried, lambda _scope: begin_trial(typed())),
                kwargs={"clears": name},
                key=f"{key}_try",
            )
            st.form_submit_button(
                "Save for the account",
                type="primary",
                disabled=page.person is None,
                on_click=ui.run_action,
                args=(page, f"{what} saved for the account.", save),
                kwargs=draft.saving,
                help="For all people, on every page; noted here with who did it",
                key=f"{key}_save",
            )
    if page.person is None:
        said = text.lower_first(what)
        st.caption(f"You may try {said}; saving them takes an editor of this dashboard.")


def settings_history(page: ui.Page, kind: type[S], moved: Callable[[S, S], Sequence[str]]) -> None:
    """Changes of the settings of a kind, with what `moved` from some to others in words."""
    found = ui.read(page, changes, subject=f"settings of {kind.KEY}")

    def said(change: AuditEntry) -> str:
        before, after = (settings_from(kind, side) for side in (change.before, change.after))
        return "; ".join(moved(before, after)) or "confirmed as they were"

    ui.history_table(page, found, said)
