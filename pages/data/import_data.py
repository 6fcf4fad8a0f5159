"""What do you want to bring in?"""

import tempfile
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from core.base import text
from core.demo.active_store import configured_store, enter_account
from core.ingest.files.load import ImportReport, date_formats_of, import_file, known_mapping
from core.ingest.files.mapping import FIELDS, ISO, ColumnMapping
from core.ingest.files.records import RecordFile, open_records
from core.store import Scope, accounts
from pages import ui

SOURCES = frozenset({"Enhancement runs", "Tickets", "Feedback", "Surveys"})
PREVIEW = 5
EXAMPLE = datetime(2026, 4, 3, 17, 5)  # noqa: DTZ001  # shown only
LABELS = {
    "tickets": "Tickets of a service desk",
    "enhancements": "Runs of the ticket enhancer",
    "feedback": "Feedback of the platform",
    "surveys": "Answers to the survey",
}


def show(page: ui.Page) -> None:
    ui.answer(page, "A CSV, XLSX or JSON file; the same file twice changes nothing.", SOURCES)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        kind = ui.pick("What it holds", LABELS, width=260)
        store = configured_store(page.settings)
        known = {account.name: account.id for account in accounts(store)}
        name = account_box(list(known))
    sent = st.file_uploader(
        "File",
        type=["csv", "xlsx", "xlsm", "json", "jsonl", "ndjson", "txt", "tsv"],
        key="import_file",
    )
    if sent is not None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "sent"
            path.write_bytes(sent.getbuffer())
            scope = Scope(store, known.get(name, ""))
            mapping, place = mapping_of(scope, kind, open_records(path))
            if mapping is not None and place.button("Import", type="primary"):
                with st.spinner("Reading the file."):
                    scope = Scope(store, enter_account(store, name))
                    report = import_file(scope, kind, path, mapping=mapping)
                st.session_state["import_told"] = (sent.name, report)
    told = st.session_state.get("import_told")
    if told and (sent is None or told[0] == sent.name):
        report_of(page, *told)


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
    )
    return name or ""


def mapping_of(scope: Scope, kind: str, found: RecordFile) -> tuple[ColumnMapping | None, Any]:
    """The mapping as chosen, None while a part is missing; and the place for the button."""
    proposed, formats = known_mapping(scope, kind, found)
    left, right = st.columns([2, 3])
    with left, ui.panel("Which column is what"):
        columns = {}
        for field in FIELDS[kind]:
            column = st.selectbox(
                field.label + (" (needed)" if field.is_needed else ""),
                found.columns,
                index=_place(found.columns, proposed.columns.get(field.key)),
                placeholder="Not in the file",
                key=f"import_{kind}_{field.key}_{hash(found.columns)}",
            )
            if column is not None:
                columns[field.key] = column
    how = filter(None, (found.kind, found.read_as.encoding, found.read_as.sheet))
    form = f"{', '.join(how)}, {text.times(len(found.columns), 'column')}"
    with right, ui.panel("The first rows", form):
        date_format = dates_of(kind, found, columns, proposed, formats)
        mapping = ColumnMapping(
            columns=columns, date_format=date_format or ISO, zone=scope.zone.key
        )
        rows = [mapping.apply(kind, row) for row in found.sample(PREVIEW)]
        st.dataframe(pd.DataFrame(rows, columns=list(columns)).astype(str), hide_index=True)
        st.caption(ui.plain(f"Times without an offset are taken as {scope.zone.key}."))
        missing = [f.label for f in FIELDS[kind] if f.is_needed and f.key not in columns]
        if missing:
            st.info(ui.plain(f"Choose the column for: {', '.join(missing)}."))
        if date_format is None:
            st.info("Choose how the dates are written: they can be read in more than one way.")
        place = st.container()
    return None if missing or date_format is None else mapping, place


def dates_of(
    kind: str,
    found: RecordFile,
    columns: Mapping[str, str],
    proposed: ColumnMapping,
    formats: list[str],
) -> str | None:
    """The format of the dates; None while the person has to choose."""
    if dict(columns) != dict(proposed.columns):
        formats = date_formats_of(kind, found, columns)
        formats = [] if formats == [proposed.date_format] else formats
    if not formats:
        return proposed.date_format
    return st.selectbox(
        "How dates are written",
        formats,
        index=0 if len(formats) == 1 else None,
        key=f"import_dates_{kind}",
        format_func=lambda one: f"{EXAMPLE.strftime(one)} is 3 April 2026",
    )


def report_of(page: ui.Page, name: str, report: ImportReport) -> None:
    (st.warning if report.problems else st.success)(ui.plain(f"{name}: {report.message}"))
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
