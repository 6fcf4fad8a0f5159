"""Files of service desks: which column is what, in which format, and what is asked."""

import pytest
from sqlalchemy import select

from core.base.errors import InputError
from core.ingest.files.load import import_file
from core.ingest.files.mapping import FIELDS, ColumnMapping, known_mapping, propose
from core.ingest.files.records import open_records
from core.store import Enhancement, Scope, Ticket, table
from tests.stores import open_store


@pytest.fixture
def brings(tmp_path):
    """Import texts as files, one after the other; the last report, and the stored rows."""
    stores = []

    def imports(*texts, kind="tickets", zone="UTC", mapping=None):
        store = open_store("sqlite://", timezone=zone)
        stores.append(store)
        store.ensure_account("acme", "Acme")
        for number, text in enumerate(texts):
            path = tmp_path / f"{number}.csv"
            path.write_text(text, encoding="utf-8")
            report = import_file(Scope(store, "acme"), kind, path, mapping=mapping)
        source = table(Ticket if kind == "tickets" else Enhancement)
        with store.read() as session:
            found = session.connection().execute(select(source)).mappings()
            return report, {row["id"]: row for row in found}

    yield imports
    for store in stores:
        store.close()


def times(row):
    return [at and f"{at:%m-%d %H:%M}" for at in (row["opened_at"], row["resolved_at"])]


@pytest.mark.parametrize(
    ("header", "opened", "resolved", "closed"),
    [
        ("Issue key,Issue id,Created,Updated,Resolved", "Created", "Resolved", None),
        ("Number,Opened,Resolved,Closed,Reopen count", "Opened", "Resolved", "Closed"),
        ("Id,Status,Created at,Updated at,Solved at,Reopens", "Created at", "Solved at", None),
        (
            "Request ID,Created Time,Resolved Time,Completed Time,Time Spent",
            *("Created Time", "Resolved Time", "Completed Time"),
        ),
        (
            "Case Number,Date/Time Opened,Date/Time Closed",
            *("Date/Time Opened", None, "Date/Time Closed"),
        ),
        ("Ticket No,Opened on,Date solved", "Opened on", "Date solved", None),
        ("Ticketnummer,Erstellt am,Geschlossen am", "Erstellt am", None, "Geschlossen am"),
        ("ticketId,createdAt,resolvedAt", "createdAt", "resolvedAt", None),
    ],
)
def test_headers_of_desks(header, opened, resolved, closed):
    columns = header.split(",")
    found = propose("tickets", columns)
    assert found["id"] == columns[0]
    assert [found.get(f"{name}_at") for name in ("opened", "resolved", "closed")] == [
        *(opened, resolved, closed)
    ]


def test_of_two_columns_the_one_with_dates_counts():
    rows = [{"id": "1", "Resolved": "yes", "Resolved time": "2026-03-25 10:00"}]
    assert propose("tickets", [*rows[0]], rows)["resolved_at"] == "Resolved time"
    assert "resolved_at" not in propose("tickets", ["id", "Resolution time (in hrs)"])


def test_every_name_of_a_column_is_written_as_it_is_compared():
    for fields in FIELDS.values():
        assert len({f.key for f in fields}) == len(fields)
        assert all(
            name == name.lower() and name.isalnum() for f in fields for name in f.names.split()
        )


@pytest.mark.parametrize(
    ("cells", "formats"),
    [
        (("03/04/2026", "25/04/2026"), ["%d/%m/%Y"]),
        (("03/04/2026", "04/25/2026"), ["%m/%d/%Y"]),
        (("03/04/2026", "05/06/2026"), ["%d/%m/%Y", "%m/%d/%Y"]),
        (("25/04/2026", "04/25/2026", "03/04/2026"), ["%d/%m/%Y", "%m/%d/%Y"]),
        (("03.04.2026 17:05", "-"), ["%d/%m/%Y"]),
        (("3 Apr 2026", "2026-04-03T10:00:00+02:00", "1774429200"), ["iso"]),
        (("soon", "25/04/2026"), ["%d/%m/%Y"]),
        (("soon",), ["iso"]),
        (("26/03/25",), ["%d/%m/%Y", "%y/%m/%d"]),
        (("26/03/25", "26/03/31"), ["%y/%m/%d"]),
        # The last of many rows decides.
        (("03/04/2026",) * 2_500 + ("25/04/2026",), ["%d/%m/%Y"]),
    ],
)
def test_the_format_of_a_column_is_that_of_all_its_cells(tmp_path, store, cells, formats):
    path = tmp_path / "t.csv"
    path.write_text("id;created\n" + "".join(f"{n};{cell}\n" for n, cell in enumerate(cells)))
    store.ensure_account("acme", "Acme")
    found = known_mapping(Scope(store, "acme"), "tickets", open_records(path))
    assert found.guesses["opened_at"].choices == formats
    assert len(found.questions) == (len(formats) > 1)


@pytest.mark.parametrize(
    ("header", "cells", "units"),
    [
        ("Time Spent (sec)", ("1800", "90"), ["seconds"]),
        ("Time Spent", ("1h 30m", "2:00", "-"), ["minutes"]),
        ("Time Spent", ("30",), ["milliseconds", "seconds", "minutes", "hours"]),
        ("Time Spent", ("0",), ["minutes"]),
    ],
)
def test_the_unit_of_numbers_is_known_or_asked(tmp_path, store, header, cells, units):
    path = tmp_path / "t.csv"
    path.write_text(f"id;{header}\n" + "".join(f"{n};{cell}\n" for n, cell in enumerate(cells)))
    store.ensure_account("acme", "Acme")
    found = known_mapping(Scope(store, "acme"), "tickets", open_records(path))
    assert found.guesses["minutes_spent"].choices == units
    path.write_text(f"Key;{header}\nA;3600\nB;5400\n")
    jira = known_mapping(Scope(store, "acme"), "tickets", open_records(path))
    assert jira.guesses["minutes_spent"].choices == ["seconds"]
    assert any("3600 in" in note and "is read as 60 minutes" in note for note in jira.notes)


def test_what_is_asked_can_be_named_alone_and_is_remembered(brings):
    text = "id,created,effort\n1,03/04/2026,1.5\n"
    with pytest.raises(InputError, match=r"'created' .*%d/%m/%Y.* 'effort' .*minutes.*hours"):
        brings(text)
    formats = {"opened_at": "%m/%d/%Y", "minutes_spent": "hours"}
    report, found = brings(text, mapping=ColumnMapping.read({"formats": formats}))
    assert (times(found["1"])[0], found["1"]["minutes_spent"]) == ("03-04 00:00", 90)
    assert "Time spent: 1.5 in 'effort' is read as 90 minutes (hours)." in report.notes
    with pytest.raises(InputError, match="'months' is no format of minutes_spent"):
        brings(text, mapping=ColumnMapping.read({"formats": {"minutes_spent": "months"}}))


def test_a_remembered_format_that_no_longer_fits_is_found_anew_and_told(brings):
    first, then = "id,created\n1,25/03/2026\n", "id,created\n2,03/25/2026\n3,03/04/2026\n"
    report, found = brings(first, then)
    assert [times(found[n])[0][:5] for n in "123"] == ["03-25", "03-25", "03-04"]
    assert any("%m/%d/%Y, no longer %d/%m/%Y as remembered" in note for note in report.notes)
    # One that fits is taken, though the cells alone would have to be asked about.
    _, found = brings(first, "id,created\n2,03/04/2026\n")
    assert times(found["2"])[0] == "04-03 00:00"


def test_times_without_an_offset_are_business_time_in_every_shape(brings):
    shapes = ("25/03/2026 09:00", "2026-03-25 09:00", "25 Mar 2026 9:00 AM", "46106.375")
    text = "id;created\n" + "".join(f"{n};{shape}\n" for n, shape in enumerate(shapes))
    mapping = ColumnMapping(columns={"id": "id", "opened_at": "created"}, date_format="%d/%m/%Y")
    for given in (None, mapping):
        _, found = brings(text, zone="America/New_York", mapping=given)
        assert {times(row)[0] for row in found.values()} == {"03-25 13:00"}


def test_closed_counts_row_by_row_where_nothing_is_resolved(brings):
    text = (
        "Number,Opened,Resolved,Closed\n1,2026-03-25,2026-03-26,2026-03-30\n"
        "2,2026-03-25,-,2026-03-27\n3,2026-03-25,,\n4,2026-03-25,soon,2026-03-28\n"
    )
    report, found = brings(text)
    assert [times(row)[1] and times(row)[1][:5] for row in found.values()] == [
        *("03-26", "03-27", None, None)
    ]
    assert [p.line for p in report.listed] == [5]


def test_a_column_that_is_not_in_a_file_says_nothing(brings):
    full = "id,created,resolved,category\n1,2026-03-25 09:00,2026-03-25 10:00,Mail\n"
    _, found = brings(full, "id,enhanced\n1,yes\n")
    assert (times(found["1"]), found["1"]["category"]) == (["03-25 09:00", "03-25 10:00"], "Mail")
    assert found["1"]["enhanced"] is True
    # An empty cell says that there is nothing: the ticket was opened again.
    _, found = brings(full, "id,created,resolved,category\n1,soon,,Mail\n")
    assert times(found["1"]) == ["03-25 09:00", None]


def test_figures_that_will_be_missing_are_told(brings):
    report, _ = brings("id,created\n1,2026-03-25\n2,2026-03-25\n")
    assert "No value for 'Resolved': 0 of 2 tickets count in resolution times." in report.notes
    with pytest.raises(InputError, match=r"a ticket without a date counts nowhere: .* id, Ende"):
        brings("id,Ende\n1,2026-03-25\n")


def test_ids_that_lost_their_zeros_are_told(brings):
    report, found = brings("id,created\n00123,2026-03-25\n", "id,created\n123,2026-03-26\n")
    assert times(found["00123"])[0] == "03-25 00:00"
    assert any(note.startswith("1 id such as 123 also") for note in report.notes)
