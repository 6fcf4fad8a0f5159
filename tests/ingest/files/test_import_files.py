"""Files as people have them: what goes in, what is refused and why, and nothing twice."""

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from core.base.errors import InputError
from core.ingest.files.load import import_file
from core.ingest.files.mapping import ColumnMapping, known_mapping, remember_mapping
from core.ingest.files.records import open_records
from core.store import Enhancement, Feedback, Scope, SyncProblem, SyncRun, Ticket, table

DATA = Path(__file__).resolve().parents[4] / "shared" / "data" / "incidents_uci"
HEADER = "Number,Created,Resolved,Category,Priority,Assigned to,Enhanced"
ROWS = (
    "T-1,2026-01-05T09:00,2026-01-05T10:30,Mail,P1,Kim,yes",
    "T-2,2026-01-06T09:00,,Mäil — ☃,P2,,no",
)


@pytest.fixture
def acme(any_store):
    any_store.ensure_account("acme", "Acme")
    any_store.ensure_account("other", "Other")
    return any_store


def rows(store, model, *columns):
    with store.read() as session:
        wanted = [table(model).c[name] for name in columns]
        return sorted(map(tuple, session.connection().execute(select(*wanted))), key=repr)


def written(tmp_path, text, name="t.csv", encoding="utf-8"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
    return path


def tickets(acme, path, **more):
    return import_file(Scope(acme, "acme"), "tickets", path, **more)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_every_encoding_and_separator(tmp_path, store, encoding, separator):
    store.ensure_account("acme", "Acme")
    text = "\r\n".join((HEADER, *ROWS)).replace(",", separator)
    report = import_file(
        Scope(store, "acme"), "tickets", written(tmp_path, text, encoding=encoding)
    )
    assert (report.added, report.refused, report.problems) == (2, 0, 0)
    assert rows(store, Ticket, "id", "category", "enhanced", "technician") == [
        ("T-1", "Mail", True, "Kim"),
        ("T-2", "Mäil — ☃", False, None),
    ]
    assert rows(store, Ticket, "opened_at")[0] == (datetime(2026, 1, 5, 9, tzinfo=UTC),)


def test_a_total_row_is_told_and_is_no_fault_of_the_file(acme, tmp_path):
    path = written(tmp_path, "\n".join((HEADER, *ROWS, "Total,,,2,,,", "Grand total,,,2,,,")))
    report = tickets(acme, path)
    assert (report.added, report.refused, report.problems) == (2, 0, 0)
    assert "2 rows with totals left out, the first in line 4." in report.notes
    assert rows(acme, SyncRun, "status") == [("done",)]


def test_windows_1252(acme, tmp_path):
    text = f"{HEADER}\n{ROWS[0]}\nT-3,2026-01-06,,Büro € “x”,P2,,no\n"
    tickets(acme, written(tmp_path, text, encoding="cp1252"))
    assert ("T-3", "Büro € “x”") in rows(acme, Ticket, "id", "category")


def test_the_same_file_twice_changes_nothing(acme, tmp_path):
    path = written(tmp_path, "\n".join((HEADER, *ROWS)))
    tickets(acme, path)
    before = acme.data_version("acme")
    again = tickets(acme, path)
    assert (again.added, again.changed, again.unchanged) == (0, 0, 2)
    assert acme.data_version("acme") == before
    assert rows(acme, Ticket, "account_id") == [("acme",), ("acme",)]


def test_good_rows_go_in_and_each_bad_one_is_listed_with_its_line(acme, tmp_path):
    text = "\n".join(
        (
            HEADER,
            ROWS[0],
            "T-9,2026-01-05T09:00,,Mail,P1,,yes,T-8",
            "",
            ",2026-01-05T09:00,,Mail,P1,,yes",
            'T-4,2026-01-05T09:00,,"two\nlines",P1,,yes',
            "T-5,yesterday,,Mail,P1,,perhaps",
            "T-6,2026-01-05T09:00,2026-01-04T09:00,Mail,P1,,yes",
        )
    )
    report = tickets(acme, written(tmp_path, text), mapping=mapping_of(text))
    assert (report.added, report.refused) == (4, 2)
    assert [(p.line, p.field) for p in report.listed] == [
        (3, "row"),
        (5, "id"),
        (8, "opened_at"),
        (8, "enhanced"),
        (9, "resolved_at"),
    ]
    assert report.listed[0].reason == "it has 8 fields where the header has 7"
    assert "2 rows refused" in report.message
    assert "3 fields not readable" in report.message
    noted = rows(acme, SyncProblem, "source", "source_id", "field")
    assert ("tickets", "line 3", "row") in noted
    assert len(noted) == 5
    ((status, message),) = rows(acme, SyncRun, "status", "message")
    assert status == "partial"
    assert message.startswith("t.csv: 4 new")
    tickets(acme, written(tmp_path, "\n".join((HEADER, *ROWS)), "u.csv"))
    assert rows(acme, SyncProblem, "source_id") == []


def mapping_of(text):
    names = text.splitlines()[0].split(",")
    keys = ("id", "opened_at", "resolved_at", "category", "priority", "technician", "enhanced")
    return ColumnMapping(columns=dict(zip(keys, names, strict=True)))


def test_a_quote_that_is_never_closed_costs_no_more_than_its_own_rows(acme, tmp_path):
    good = [f"T-{n},2026-01-05,,Mail,P1,,yes" for n in range(10)]
    text = "\n".join((HEADER, *good, 'T-x,2026-01-05,,"Mail,P1,,yes', *good))
    report = tickets(acme, written(tmp_path, text))
    assert report.added == 10
    assert [p.line for p in report.listed] == [12]


def test_dates_that_can_be_read_in_two_ways_are_asked_about(acme, tmp_path):
    path = written(tmp_path, "id,opened\nA,03/04/2026\nB,05/06/2026\n")
    with pytest.raises(InputError, match=r"more than one way \(%d/%m/%Y, %m/%d/%Y\)"):
        tickets(acme, path)
    assert rows(acme, Ticket, "id") == []
    mapping = ColumnMapping(columns={"id": "id", "opened_at": "opened"}, date_format="%m/%d/%Y")
    tickets(acme, path, mapping=mapping)
    assert rows(acme, Ticket, "id", "opened_at")[0] == ("A", datetime(2026, 3, 4, tzinfo=UTC))
    # It is remembered for this account.
    assert tickets(acme, path).unchanged == 2
    with pytest.raises(InputError):
        import_file(Scope(acme, "other"), "tickets", path)


def test_times_without_an_offset_are_in_the_zone_of_the_mapping(acme, tmp_path):
    path = written(tmp_path, "id,opened\nA,2026-07-01 09:00\nB,2026-07-01 09:00+05:00\n")
    mapping = ColumnMapping(columns={"id": "id", "opened_at": "opened"}, zone="Europe/Berlin")
    tickets(acme, path, mapping=mapping)
    assert rows(acme, Ticket, "id", "opened_at") == [
        ("A", datetime(2026, 7, 1, 7, tzinfo=UTC)),
        ("B", datetime(2026, 7, 1, 4, tzinfo=UTC)),
    ]


def test_a_mapping_is_proposed_from_the_header_and_kept_when_corrected(acme, tmp_path):
    found = open_records(written(tmp_path, "\n".join((HEADER, *ROWS))))
    proposal = known_mapping(Scope(acme, "acme"), "tickets", found)
    assert proposal.mapping.columns == {
        "id": "Number",
        "opened_at": "Created",
        "resolved_at": "Resolved",
        "category": "Category",
        "priority": "Priority",
        "technician": "Assigned to",
        "enhanced": "Enhanced",
    }
    assert proposal.questions == []
    columns = {"id": "Number", "opened_at": "Created"}
    other = ColumnMapping(columns=columns, formats={"opened_at": "iso"})
    remember_mapping(Scope(acme, "acme"), "tickets", found, other)
    assert known_mapping(Scope(acme, "acme"), "tickets", found).mapping == other
    unknown = known_mapping(Scope(acme, "other"), "tickets", found)
    assert unknown.mapping.columns == proposal.mapping.columns


def test_the_mapping_of_a_file_with_very_many_columns_is_remembered(acme, tmp_path):
    names = ("Number", "Created", *(f"Ünused column {n * 7919}" for n in range(900)))
    found = open_records(written(tmp_path, ",".join(names) + "\nT-1,2026-01-05" + "," * 900))
    columns = {"id": "Number", "opened_at": "Created"}
    other = ColumnMapping(columns=columns, formats={"opened_at": "iso"})
    remember_mapping(Scope(acme, "acme"), "tickets", found, other)
    assert known_mapping(Scope(acme, "acme"), "tickets", found).mapping == other


RUN = {"id": "r1", "tenant_id": "acme", "ticket_id": "T-1", "status": "completed"}
RUN |= {"processing_time_ms": 1200, "created_at": "2026-01-05T09:00:00Z"}


@pytest.mark.parametrize("form", ["lines", "array", "wrapped", "csv"])
def test_enhancements_in_every_form(acme, tmp_path, form):
    runs = [RUN, RUN | {"id": "r2", "status": "failed", "error_message": None}]
    if form == "csv":
        text = "\n".join([",".join(RUN), *(",".join(str(run[k]) for k in RUN) for run in runs)])
    elif form == "lines":
        text = "\n".join(map(json.dumps, runs)) + "\nno json\n[1]\n"
    else:
        text = json.dumps(runs if form == "array" else {"enhancements": runs, "count": 2}, indent=1)
    report = import_file(Scope(acme, "acme"), "enhancements", written(tmp_path, text, "r.x"))
    assert report.added == 2
    assert [(p.line, p.reason) for p in report.listed] == (
        [(3, "it is no JSON"), (4, "it is no object")] if form == "lines" else []
    )
    assert rows(acme, Enhancement, "id", "status", "processing_time_ms") == [
        ("r1", "completed", 1200),
        ("r2", "failed", 1200),
    ]


def test_rows_of_another_tenant_stay_out(acme, tmp_path):
    text = "\n".join(json.dumps(RUN | {"id": t, "tenant_id": t}) for t in ("acme", "evil", "T9"))
    path = written(tmp_path, text, "r.jsonl")
    report = import_file(Scope(acme, "acme"), "enhancements", path)
    assert (report.added, report.refused) == (1, 2)
    assert report.listed[0].reason == "it belongs to another tenant"
    columns = {key: key for key in RUN}
    mapping = ColumnMapping(columns=columns, tenant="T9")
    assert import_file(Scope(acme, "acme"), "enhancements", path, mapping=mapping).added == 1


def test_feedback(acme, tmp_path):
    vote = {"id": "f1", "ticket_id": "T-1", "technician_email": "kim@example.org"}
    vote |= {"feedback_type": "rating", "rating_value": 4, "created_at": "2026-01-05T09:00:00Z"}
    text = json.dumps({"feedback": [vote, vote | {"id": "f2", "rating_value": 9}], "count": 2})
    report = import_file(Scope(acme, "acme"), "feedback", written(tmp_path, text, "f.json"))
    assert (report.added, report.refused) == (1, 1)
    assert rows(acme, Feedback, "rating") == [(4,)]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"  \n ", "is empty"),
        (b"PK\x03\x04xlsx", "neither text nor a whole workbook"),
        (b"\x1f\x8b\x08\0packed", "neither text nor a whole workbook"),
        (b"just words\nand more", "has no columns"),
        (b'[{"id": 1}', "is cut off or is no JSON"),
        (b"[]", "has no records"),
        (b"name,opened\nx,2026-01-05\n", "No column is named for 'ticket id'"),
    ],
)
def test_a_file_of_which_nothing_can_be_used(acme, tmp_path, content, said):
    with pytest.raises(InputError, match=said):
        tickets(acme, written(tmp_path, content))
    assert rows(acme, SyncRun, "id") == []


def test_a_file_that_is_not_there(acme, tmp_path):
    with pytest.raises(InputError, match="cannot be read: No such file"):
        tickets(acme, tmp_path / "none.csv")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([], "A mapping is a JSON object"),
        ({"columns": {"id": 3}}, "'id' of the mapping is 3"),
        ({"columns": {"id": "Number"}, "colour": "red"}, "'colour', which means nothing"),
        ({"columns": {"id": "Number"}, "zone": "Mars"}, "'Mars' is no time zone"),
        ({"columns": {"id": "Nummer"}}, "no column 'Nummer'"),
        ({"columns": {"price": "Number"}}, "'price' is no field of tickets"),
        ({"columns": {"opened_at": "Created"}}, "No column is named for 'ticket id'"),
    ],
)
def test_a_mapping_without_sense(acme, tmp_path, given, said):
    path = written(tmp_path, "\n".join((HEADER, *ROWS)))
    with pytest.raises(InputError, match=said):
        tickets(acme, path, mapping=ColumnMapping.read(given))


@pytest.mark.skipif(not DATA.exists(), reason="the incident data is not here")
def test_a_real_log_of_incidents(store, tmp_path):
    store.ensure_account("acme", "Acme")
    path = tmp_path / "incidents.csv"
    path.write_bytes(gzip.decompress((DATA / "incidents.csv.gz").read_bytes()))
    found = open_records(path)
    proposal = known_mapping(Scope(store, "acme"), "tickets", found)
    assert proposal.questions == []
    columns = dict(proposal.mapping.columns) | {"enhanced": "knowledge"}
    report = import_file(
        Scope(store, "acme"), "tickets", path, mapping=ColumnMapping(columns=columns)
    )
    assert (report.added, report.refused) == (24_918, 0)
    enhanced = [flag for (flag,) in rows(store, Ticket, "enhanced")]
    assert enhanced.count(True) == 3_551
