"""What do you want to bring in?"""

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from core.base import text
from core.base.csv import ENCODINGS
from core.demo.active_store import configured_store, enter_account
from core.ingest.files.load import ImportReport, import_file
from core.ingest.files.mapping import FIELDS, ColumnMapping, Proposal, known_mapping
from core.ingest.files.records import ReadAs, RecordFile, open_records
from core.store import Scope, accounts
from pages import ui

SOURCES = frozenset({"Enhancement runs", "Tickets", "Feedback", "Surveys"})
PREVIEW = 5
# How a file may be read, with the ways beside the one that was found.
PARTS: dict[str, tuple[str, Sequence[Any]]] = {
    "encoding": ("Encoding", ENCODINGS),
    "separator": ("Separator", (",", ";", "\t", "|")),
    "header": ("Line of the header", range(1, 31)),
    "sheet": ("Sheet or list", ()),
}
LONGEST_NAME = 100
# On other pages the boxes stay as they are.
KEPT: dict[str, Any] = {"persist_state": "session"}
LABELS = {
    "tickets": "Tickets of a service desk",
    "enhancements": "Runs of the ticket enhancer",
    "feedback": "Feedback of the platform",
    "surveys": "Answers to the survey",
}


def show(page: ui.Page) -> None:
    ui.answer(page, "A CSV, XLSX or JSON file; the same file twice changes nothing.", SOURCES)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        kind = ui.pick("What it holds", LABELS, width=260, key="import_kind", **KEPT)
        store = configured_store(page.settings)
        known = {account.name: account.id for account in accounts(store)}
        name = account_box(list(known))
    sent = file_box()
    if sent is not None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / Path(sent.name).name[-LONGEST_NAME:]
            path.write_bytes(sent.getbuffer())
            scope = Scope(store, known.get(name, ""))
            found = file_of(path, sent.file_id)
            mapping, place = mapping_of(scope, kind, found, sent.file_id)
            if mapping is not None and place.button("Import", type="primary"):
                with st.spinner("Reading the file."):
                    scope = Scope(store, enter_account(store, name))
                    read_as = found.read_as
                    report = import_file(scope, kind, path, mapping=mapping, read_as=read_as)
                st.session_state["import_told"] = (sent.name, report)
    told = st.session_state.get("import_told")
    if told and (sent is None or told[0] == sent.name):
        report_of(page, *told)


def file_box() -> Any:
    """The chosen file, which stays chosen on other pages; None without one."""

    def choose() -> None:
        st.session_state["import_sent"] = st.session_state.get("import_file")

    known = ["csv", "xlsx", "xlsm", "json", "jsonl", "ndjson", "txt", "tsv"]
    shown = st.file_uploader("File", type=known, key="import_file", on_change=choose)
    sent = st.session_state.get("import_sent")
    if sent is not None and shown is None:
        with ui.line():
            st.markdown(ui.plain(f"Chosen before: {sent.name}"), width="content")
            # Nothing is in the uploader any more: none is what it has.
            st.button("Remove", key="import_remove", type="tertiary", on_click=choose)
    return sent


def account_box(known: list[str]) -> str:
    """The name of the account to import into, known or new; "" for none."""
    name = st.selectbox(
        "Into the account",
        known,
        index=0 if known else None,
        accept_new_options=True,
        placeholder="Type a name for a new one",
        help="Type a name to enter a new account",
        width=260,
        key="import_account",
        **KEPT,
    )
    return name or ""


def file_of(path: Path, sent: str) -> RecordFile:
    """The file as it is read: as it was guessed, or as a person says instead."""
    found = open_records(path)
    chosen: dict[str, Any] = {}
    with st.container(horizontal=True):
        for part, (label, others) in PARTS.items():
            at = getattr(found.read_as, part)
            if at:
                one = st.selectbox(
                    label,
                    list(dict.fromkeys([at, *(others or found.others)])),
                    index=None if part == "encoding" and found.question else 0,
                    accept_new_options=part != "header",
                    format_func=lambda one: "tab" if one == "\t" else str(one),
                    width=180,
                    key=f"import_{part}_{sent}",
                    **KEPT,
                )
                # The other parts are found anew: another sheet has another header.
                if one is not None and (one != at or (part == "encoding" and found.question)):
                    chosen[part] = one
    if chosen:
        found = open_records(path, ReadAs(**chosen))
    for note in found.notes:
        st.caption(ui.plain(note))
    if found.question:
        st.info(ui.plain(found.question))
    return found


def mapping_of(
    scope: Scope, kind: str, found: RecordFile, sent: str
) -> tuple[ColumnMapping | None, Any]:
    """The mapping as chosen, None while a part is missing; and the place for the button."""
    proposal = seen(scope, kind, found, sent)
    left, right = st.columns([2, 3])
    with left, ui.panel("Which column is what"):
        columns = {}
        for field in FIELDS[kind]:
            column = st.selectbox(
                field.label + (" (needed)" if field.is_needed else ""),
                found.columns,
                index=_place(found.columns, proposal.mapping.columns.get(field.key)),
                placeholder="Not in the file",
                key=f"import_{kind}_{field.key}_{hash(found.columns)}",
                **KEPT,
            )
            if column is not None:
                columns[field.key] = column
    if columns != dict(proposal.mapping.columns):
        proposal = seen(scope, kind, found, sent, ColumnMapping(columns=columns))
    with right, ui.panel("How it is read", text.times(len(found.columns), "column")):
        formats = formats_of(kind, proposal)
        mapping = replace(proposal.mapping, formats=formats)
        st.caption(ui.plain(f"Times without an offset are in {mapping.zone or scope.zone.key}."))
        rows = [mapping.apply(kind, row, scope.zone) for row in found.sample(PREVIEW)]
        names = [f.key for f in FIELDS[kind] if any(f.key in row for row in rows)]
        st.dataframe(pd.DataFrame(rows, columns=names, dtype=object).astype(str), hide_index=True)
        missing = [f.label for f in FIELDS[kind] if f.is_needed and f.key not in columns]
        if missing:
            st.info(ui.plain(f"Choose the column for: {', '.join(missing)}."))
        asked = [guess.column for key, guess in proposal.guesses.items() if key not in formats]
        if asked:
            st.info(
                ui.plain(f"Choose how {text.listed(asked)} is written: it has several readings.")
            )
        read = {*columns, *({"resolved_at"} if "closed_at" in columns else ())}
        for f in FIELDS[kind]:
            if f.figures and f.key not in read:
                said = f"{f.label} is not in the file: its rows count in no {f.figures}."
                st.caption(ui.plain(said))
        place = st.container()
    return None if missing or asked or found.question else mapping, place


def seen(
    scope: Scope, kind: str, found: RecordFile, sent: str, given: ColumnMapping | None = None
) -> Proposal:
    """How the file would be read; its cells are looked at once, not at each click."""
    key = (sent, kind, scope.account, found.read_as, repr(given))
    kept: dict[Any, Proposal] = st.session_state.setdefault("import_seen", {})
    if key not in kept:
        kept[key] = known_mapping(scope, kind, found, given)
    return kept[key]


def formats_of(kind: str, proposal: Proposal) -> dict[str, str]:
    """The format of each date and duration, but for those that a person has yet to choose."""
    formats = {}
    for key, guess in proposal.guesses.items():
        named = proposal.mapping.formats.get(key)
        options = list(dict.fromkeys([*([named] if named else []), *guess.options]))
        if len(options) > 1:
            named = st.selectbox(
                f"{guess.target.label}: {guess.column}",
                options,
                index=_place(tuple(options), named),
                placeholder="Choose how it is written",
                key=f"import_format_{kind}_{key}_{hash(guess.column)}",
                **KEPT,
                format_func=lambda one, guess=guess: f"{guess.sample} is {guess.shown(one)}",
            )
        elif guess.sample and named:
            said = f"{guess.target.label}: {guess.sample} is {guess.shown(named)}."
            st.caption(ui.plain(said))
        if named is not None:
            formats[key] = named
    return formats


def report_of(page: ui.Page, name: str, report: ImportReport) -> None:
    (st.warning if report.problems or report.stopped else st.success)(
        ui.plain(f"{name}: {report.message}")
    )
    for note in report.notes:
        st.caption(ui.plain(note))
    if not report.listed:
        return
    frame = pd.DataFrame(report.listed)
    if report.problems > len(report.listed):
        st.caption(f"The first {len(report.listed):,} of {report.problems:,}.")
    st.dataframe(frame, hide_index=True)
    ui.Stamped(page, name).csv_button(frame, "Refused rows", key="refused")


def _place(columns: tuple[str, ...], column: Any) -> int | None:
    return columns.index(column) if column in columns else None


ui.run_page("import", "What do you want to bring in?", show, needs_data=False)
