"""The import page: how a file is read is shown, asked where it is not clear, and can be changed."""

import pytest
from openpyxl import Workbook

from tests.pages.conftest import SCRIPTS

pytestmark = pytest.mark.usefixtures("demo_url")


def shown(app):
    told = " ".join(one.value for one in [*app.caption, *app.info, *app.error])
    return told.replace("\\", "")


def test_an_encoding_that_is_not_clear_is_asked_for(run_page):
    app = run_page("import_data")
    content = "id;created;technician\n1;2026-03-25;Иван\n".encode("cp1251")
    app.file_uploader[0].set_value(("t.csv", content, "text/csv")).run()
    assert "The encoding of t.csv is not clear" in shown(app)
    (encoding,) = (one for one in app.selectbox if one.label == "Encoding")
    encoding.set_value("cp1251").run()
    assert not app.exception
    assert "is not clear" not in shown(app)
    assert app.dataframe[0].value["technician"].tolist() == ["Иван"]
    (separator,) = (one for one in app.selectbox if one.label == "Separator")
    separator.set_value("|").run()
    assert "has no columns" in shown(app)


def test_another_sheet_has_its_own_header(run_page, tmp_path):
    app = run_page("import_data")
    book = Workbook()
    for row in (["Report"], [], ["id", "created"], ["A", "2026-03-25"]):
        book.active.append(row)
    for row in (["id", "created"], ["B", "2026-03-26"]):
        (book["More"] if "More" in book.sheetnames else book.create_sheet("More")).append(row)
    book.save(tmp_path / "t.xlsx")
    content = (tmp_path / "t.xlsx").read_bytes()
    app.file_uploader[0].set_value(("t.xlsx", content, "")).run()
    assert "Read from the sheet" in shown(app)
    assert app.dataframe[0].value["id"].tolist() == ["A"]
    (sheet,) = (one for one in app.selectbox if one.label == "Sheet or list")
    sheet.set_value("More").run()
    assert not app.exception
    assert app.dataframe[0].value["id"].tolist() == ["B"]
    # On other pages file, reading and mapping stay as they were chosen, until they are taken out.
    select(app, "What it holds", "tickets")
    select(app, "Technician", "created")
    for name in ("definitions", "import_data"):
        app.switch_page(SCRIPTS[name]).run()
    assert not app.exception
    assert [one.value for one in app.markdown if "Chosen before" in one.value] == [
        r"Chosen before\: t\.xlsx"
    ]
    assert app.dataframe[0].value["technician"].tolist() == ["2026-03-26"]
    app.button(key="import_remove").click().run()
    assert not app.exception
    assert len(app.dataframe) == 0
    app.switch_page(SCRIPTS["definitions"]).run()
    app.switch_page(SCRIPTS["import_data"]).run()
    assert len(app.dataframe) == 0


def select(app, label, value):
    next(one for one in app.selectbox if one.label.startswith(label)).set_value(value).run()
