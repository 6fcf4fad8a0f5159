"""How files become records: encodings, quotes, headers, widths, workbooks, nested JSON."""

import json
import zipfile
from datetime import date, datetime, timedelta

import pytest
from openpyxl import Workbook

from core.base.errors import InputError
from core.ingest.files import tables
from core.ingest.files.records import ReadAs, open_records
from tests.draws import within

HEADER = "id,created,title\n"
GLUE = "the quote that opens at '19\" rack' is not closed"
ODD = "it is not all in the encoding of the file, so its text is doubtful"
TOTAL = "it is a total, no record"


def read(tmp_path, content, **named):
    """The file, its records as lists of values by line, and its notes by line."""
    path = tmp_path / "f"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    found = open_records(path, ReadAs(**named))
    rows = list(found.rows())
    records = {row.line: list(row.record.values()) for row in rows if row.record is not None}
    return found, records, {row.line: row.note for row in rows if row.note}


@pytest.mark.parametrize(
    ("rows", "records", "notes"),
    [
        ('1,2026-03-25,"19"" rack\n2,2026-03-26,b\n', {3: "b"}, {2: GLUE}),
        (
            '1,2026-03-25,a\n2,2026-03-25,"19"" rack\n3,2026-03-25,"c"\n4,2026-03-25,"d\ne"\n',
            {2: "a", 4: "c", 5: "d\ne"},
            {3: GLUE},
        ),
        # Another row's inch mark closes it: still no row is swallowed.
        ('1,2026-03-25,"19"" rack\n2,2026-03-26,24"\n', {3: '24"'}, {2: GLUE}),
        ('1,2026-03-25,19" rack\n2,2026-03-26,24"\n', {2: '19" rack', 3: '24"'}, {}),
        ('1,2026-03-25,"a, with, commas\nand, more"\n', {2: "a, with, commas\nand, more"}, {}),
        (r'1,2026-03-25,"a \"b\", c"' + "\n", {2: 'a "b", c'}, {}),
        (r'1,2026-03-25,"says \"no\""' + "\n", {2: 'says "no"'}, {}),
        ('1,2026-03-25,"C:\\temp\\"\n2,2026-03-25,x\n', {2: "C:\\temp\\", 3: "x"}, {}),
        ('1, "2026-03-25", "a, b"\n', {2: "a, b"}, {}),
        (
            '1,2026-03-25,"19" rack"\n',
            {2: '19 rack"'},
            {2: "its quotes are not closed at the ends of fields"},
        ),
        (
            '1,2026-03-25,"the file is cut',
            {2: "the file is cut"},
            {2: "its quotes are not closed at the ends of fields"},
        ),
    ],
)
def test_quotes(tmp_path, rows, records, notes):
    _, found, told = read(tmp_path, HEADER + rows)
    assert ({line: values[2] for line, values in found.items()}, told) == (records, notes)


@pytest.mark.parametrize(
    ("names", "encoding", "read_in"),
    [
        ("Müller l\u2019été à Noël \u2013 50 °C Ærøskøbing", "cp1252", "cp1252"),
        ("Zoë Łukasz Иван", "utf-8", "utf-8-sig"),
        ("Иван Ольга", "cp1251", None),
        ("Łukasz Małgorzata", "cp1250", None),
        ("Müller René", "mac-roman", None),
        ("Müller René", "cp850", None),
        ("田中さん", "cp932", None),
        ("Γιώργος", "cp1253", None),
    ],
)
def test_an_encoding_is_told_or_asked_for(tmp_path, names, encoding, read_in):
    content = (HEADER + f"1,2026-03-25,{names}\n").encode(encoding)
    found, records, _ = read(tmp_path, content)
    if read_in is None:
        assert "is not clear: name it" in found.question
        found, records, _ = read(tmp_path, content, encoding=encoding)
    else:
        assert found.read_as.encoding == read_in
        assert bool(found.notes) == (read_in == "cp1252")
    assert (found.question, records[2][2]) == ("", names)


def test_odd_bytes_make_their_own_line_doubtful(tmp_path):
    good = "id;created;title\n1;2026-03-25;Zoë\n2;2026-03-25;Łukasz\n".encode()
    for odd, kind in ((b"3;2026-03-25;Ren\xe9 M\xfcller\n", "csv"), (b"", "csv")):
        found, records, notes = read(tmp_path, good + odd)
        assert (found.kind, records[2][2], records[3][2]) == (kind, "Zoë", "Łukasz")
        assert (records.get(4), notes) == (
            (["3", "2026-03-25", "René Müller"], {4: ODD}) if odd else (None, {})
        )
    lines = b'{"id": 1, "t": "Zo\xc3\xab"}\n{"id": 2, "t": "Ren\xe9"}\n'
    assert read(tmp_path, lines)[1:] == ({1: [1, "Zoë"], 2: [2, "René"]}, {2: ODD})


@pytest.mark.parametrize(
    ("content", "line", "columns"),
    [
        (HEADER + "1,2026-03-25,a\n", 1, "id created title"),
        ("Report,Resolved\nFrom,2026-03-01\n\n" + HEADER + "1,2026-03-25,a\n", 4, None),
        ("Report\nBy Kim,,\n,,\n" + HEADER + "1,2026-03-25,a\n", 4, None),
        (
            "Ticket,,Dates,\nid,title,created,closed\n1,a,2026-03-25,\n",
            2,
            "id title created closed",
        ),
        ("sep=;\nid;created;title\n1;2026-03-25;a\n", 2, None),
        ('"sep=|"\r\nid|created|title\r\n1|2026-03-25|a\r\n', 2, None),
        ("\ufeffsep=,\n" + HEADER + "1,2026-03-25,a\n", 2, None),
        ("id|created|title\n1|2026-03-25|a\n", 1, None),
        ("id;created, at;title\n1;2026-03-25;a, b\n2;2026-03-25;c, d\n", 1, "id created,_at title"),
        ("id;created;minutes\n1;2026-03-25;1,5\n2;2026-03-25;7,5\n", 1, "id created minutes"),
        (",id,created\n0,a,2026-03-25\n1,b,2026-03-25\n", 1, "column_1 id created"),
        ("Timestamp,1,2\n2026-03-25,5,4\n2026-03-26,3,4\n", 1, "Timestamp 1 2"),
        ('id,created,"Assigned\nto"\n1,2026-03-25,Kim\n', 1, "id created Assigned_to"),
        ("id,Labels,Labels,created,Labels\n1,a,b,2026-03-25,c\n", 1, None),
        ("id,created,title\r1,2026-03-25,a\r", 1, None),
    ],
)
def test_the_header(tmp_path, content, line, columns):
    found, _, _ = read(tmp_path, content)
    if "Labels" in content:
        columns = "id Labels Labels_(2) created Labels_(3)"
    expected = (columns or "id created title").split()
    assert (found.read_as.header, list(found.columns)) == (
        line,
        [one.replace("_", " ") for one in expected],
    )
    begins = 2 if "sep=" in content else 1
    assert bool(found.notes) == (line > begins)


def test_a_person_names_the_header_and_the_separator(tmp_path):
    content = "from;id,created\na;1,2026-03-25\nb;2,2026-03-26\n"
    found, records, _ = read(tmp_path, content, separator=";")
    assert (found.columns, records[2]) == (("from", "id,created"), ["a", "1,2026-03-25"])
    found, records, _ = read(tmp_path, content, header=2, separator=",")
    assert (found.columns, records) == (("a;1", "2026-03-25"), {3: ["b;2", "2026-03-26"]})
    for named in ({"encoding": "none"}, {"header": 9}, {"header": -1}, {"separator": "ab"}):
        with pytest.raises(InputError):
            read(tmp_path, content, **named)


@pytest.mark.parametrize(
    ("rows", "records", "notes"),
    [
        # The header again, and blank rows: nothing is lost with them.
        ("1,2026-03-25,a\nid,created,title\n,,\n\n2,2026-03-25,b\n", {2: 3, 6: 3}, {}),
        (
            "1,2026-03-25,a\nTotal,,5\nGrand total:,,\n,,Total: 5\n",
            {2: 3},
            dict.fromkeys((3, 4, 5), TOTAL),
        ),
        ("Total,2026-03-25,a\nTotal outage,2026-03-25,\n", {2: 3, 3: 3}, {}),
        # Blanks at the end are not written, or written too often.
        ("1,2026-03-25,a\n2,2026-03-25\n3,2026-03-25,c\n", {2: 3, 3: 2, 4: 3}, {}),
        ("1,2026-03-25,a,\n2,2026-03-25,b,,\n", {2: 3, 3: 3}, {}),
        ("1,2026-03-25,a\n2,-\n3,,c\n\ufeffid,created,title\n", {2: 3, 3: 2, 4: 3}, {}),
        # A row that is broken, misaligned, or where the file ends.
        (
            "1,2026-03-25,a\n2,2026-03-25,b,c\n",
            {2: 3},
            {3: "it has 4 fields where the header has 3"},
        ),
        (
            "1,2026-03-25,a\n2,2026-03-25,\n3,b\n",
            {2: 3, 3: 3},
            {4: "it has 2 fields where the header has 3"},
        ),
        ("1,2026-03-25,a\nand more,b\n", {2: 3}, {3: "it has 2 fields where the header has 3"}),
        ("1,2026-03-25,a\n2,2026-0", {2: 3}, {3: "it has 2 fields where the header has 3"}),
        ("1,2026-03-25,a\nWritten by Kim\n", {2: 3}, {3: "only one of its fields has text"}),
    ],
)
def test_rows_that_are_not_as_the_header(tmp_path, rows, records, notes):
    _, found, told = read(tmp_path, HEADER + rows)
    assert ({line: len(values) for line, values in found.items()}, told) == (records, notes)


def test_separators_at_the_end(tmp_path):
    for header, end in (
        ("id,created,title,", ","),
        ("id,created,title,", ""),
        ("id,created,title,,", ",,"),
    ):
        found, records, notes = read(
            tmp_path, f"{header}\n1,2026-03-25,a{end}\n2,2026-03-25,{end}\n"
        )
        assert found.columns == ("id", "created", "title")
        assert (records[2], records[3][:2], notes) == (
            ["1", "2026-03-25", "a"],
            ["2", "2026-03-25"],
            {},
        )


def test_ids_as_formulas(tmp_path):
    rows = '"=""00123""",2026-03-25,"<a href=""x"">"\n="00124",2026-03-25,b\n'
    _, records, _ = read(tmp_path, HEADER + rows)
    assert records == {2: ["00123", "2026-03-25", '<a href="x">'], 3: ["00124", "2026-03-25", "b"]}


def book(path, **sheets):
    made = Workbook()
    made.remove(made.active)
    for name, rows in sheets.items():
        sheet = made.create_sheet(name)
        for row in rows:
            sheet.append(row)
    made.save(path)
    return made


def test_a_workbook(tmp_path):
    at = datetime(2026, 3, 25, 9, 0)  # noqa: DTZ001  # cells have no offset
    tickets = [
        ["Resolved tickets"],
        [],
        ["id", "created", "spent", "ok", "note"],
        [1001, at, timedelta(hours=30, minutes=5), True, "Иван"],
        [1002.0, date(2026, 3, 26), 0.1 + 0.2],
        ["A-7", "25/03/2026 09:00", None, None, "x"],
        ["Total", None, 3],
    ]
    made = book(tmp_path / "b.xlsx", Cover=[["ACME"]], Tickets=tickets, More=[["a"]])
    made["Tickets"]["A5"].number_format = "00000"
    made.save(tmp_path / "b.xlsx")
    found = open_records(tmp_path / "b.xlsx")
    assert (found.kind, found.read_as.sheet, found.read_as.header) == ("xlsx", "Tickets", 3)
    assert found.notes == (
        "Read from the sheet “Tickets”, without Cover and More.",
        "The columns are named by line 3; what is above is left out.",
    )
    rows = list(found.rows())
    assert [row.record and list(row.record.values()) for row in rows] == [
        ["1001", "2026-03-25 09:00:00", "30:05:00", "True", "Иван"],
        ["01002", "2026-03-26 00:00:00", "0.3", "", ""],
        ["A-7", "25/03/2026 09:00", "", "", "x"],
        None,
    ]
    assert (rows[-1].line, rows[-1].note) == (7, TOTAL)
    made["Tickets"]["C5"] = "=1+1"
    made.save(tmp_path / "b.xlsx")
    assert "Formulas without results are blank" in open_records(tmp_path / "b.xlsx").notes[1]


def test_sheets_that_are_hidden_named_or_have_no_table(tmp_path):
    path = tmp_path / "b.xlsx"
    table = [["id", "created"], ["1", "2026-03-25"]]
    made = book(path, Old=table, Tickets=[["id", "created"], ["2", "2026-03-25"]])
    made["Old"].sheet_state = "hidden"
    made.save(path)
    assert open_records(path).sample(5) == [{"id": "2", "created": "2026-03-25"}]
    assert open_records(path, ReadAs(sheet="Old")).sample(5)[0]["id"] == "1"
    with pytest.raises(InputError, match="has no sheet 'None': it has Old, Tickets"):
        open_records(path, ReadAs(sheet="None"))
    book(path, Empty=[], Words=[["only words"]])
    with pytest.raises(InputError, match="has no sheet with a header and rows"):
        open_records(path)


def test_files_that_are_no_table(tmp_path, monkeypatch):
    path = tmp_path / "b.xlsx"
    book(path, T=[["id", "created"], ["1", "2026-03-25"]])
    whole = path.read_bytes()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as parts:
        parts.writestr("word/document.xml", "<x/>")
    document = path.read_bytes()
    old, page = b"\xd0\xcf\x11\xe0" + bytes(99), "<html><table>"
    for content, said in (
        (whole[: len(whole) // 2], "neither text nor a whole workbook"),
        (document, "neither text nor a whole workbook"),
        (old, "neither text nor a whole workbook"),
        (page, "neither text nor a whole workbook"),
    ):
        with pytest.raises(InputError, match=said):
            read(tmp_path, content)
    # A small file can unpack to anything.
    monkeypatch.setattr(tables, "LARGEST_WORKBOOK", 5_000)
    with pytest.raises(InputError, match="too large when unpacked"):
        read(tmp_path, whole)


ONE = {"id": 1, "created": "2026-03-25"}


@pytest.mark.parametrize(
    ("answer", "sheet", "record"),
    [
        (ONE | {"tags": []}, "", ONE | {"tags": ""}),
        (ONE | {"comments": [{"by": "x"}]}, "", ONE | {"comments": [{"by": "x"}]}),
        ({"tickets": [ONE], "errors": [], "count": 1}, "tickets", ONE),
        ({"users": [{"id": 7}], "ticket_events": [{"id": 8}], "tickets": [ONE]}, "tickets", ONE),
        ({"data": {"issues": {"edges": [{"node": ONE}]}}}, "data.issues.edges", ONE),
        ([{"helpdesk_ticket": ONE}], "", ONE),
        ([{"id": 1001.0, "n": 1.5, "x": 1e300}], "", {"id": 1001, "n": 1.5, "x": 1e300}),
        (
            # The fields of a Jira issue; those of its parent are its parent's.
            {"issues": [{"fields": ONE | {"parent": {"fields": {"created": "x"}}}, "id": "9"}]},
            "issues",
            ONE | {"id": "9", "parent.fields.created": "x"},
        ),
        (
            # ServiceNow: times as the server keeps them, all else as it is shown.
            {
                "result": [
                    {
                        "n": {"display_value": "Kim", "value": "6816f79"},
                        "at": {"display_value": "25/03/2026", "value": "2026-03-25 09:00:00"},
                    }
                ]
            },
            "result",
            {"n": "Kim", "at": "2026-03-25 09:00:00"},
        ),
        (
            [ONE | {"parts": [{"name": "web"}, {"name": "db"}], "labels": ["a", "b"], "e": {}}],
            "",
            ONE | {"parts": "web, db", "labels": "a, b"},
        ),
    ],
)
def test_values_and_lists_inside_json(tmp_path, answer, sheet, record):
    found, _, _ = read(tmp_path, json.dumps(answer))
    assert (found.read_as.sheet, found.sample(9)) == (sheet, [record])


def test_which_of_several_lists(tmp_path):
    answer = json.dumps({"users": [{"id": 7}], "things": [ONE]})
    with pytest.raises(InputError, match="no single list of records: name one of users, things"):
        read(tmp_path, answer)
    found, records, _ = read(tmp_path, answer, sheet="things")
    assert records == {1: [1, "2026-03-25"]}
    assert found.notes == ("Read from the list “things”, without users.",)


def test_json_lines(tmp_path):
    lines = '{"id": 1, "t": "a\u2028b\x85c"}\n{"id": 2}\n\n{"id": 3'
    found, records, notes = read(tmp_path, lines)
    assert (found.kind, records) == ("lines", {1: [1, "a\u2028b\x85c"], 2: [2]})
    assert notes == {4: "it is no JSON"}


def test_the_time_grows_with_the_size(tmp_path):
    with within(20):
        wide = ",".join(f"c{n}" for n in range(25_000))
        assert len(read(tmp_path, f"{wide}\n{wide}x\n")[0].columns) == 25_000
        assert len(read(tmp_path, ",".join(["Labels"] * 25_000) + "\n")[0].columns) == 25_000
        opened = '1,2026-03-25,"open\n' * 20_000
        assert len(read(tmp_path, HEADER + opened)[2]) == 20_000
        plain = '1,2026-03-25,"open\n' + "2,2026-03-25,plain\n" * 20_000
        assert len(read(tmp_path, HEADER + plain)[1]) == 20_000
        with pytest.raises(InputError, match="Line 2 of f is longer than any record"):
            read(tmp_path, HEADER + "1," * 3_000_000)
