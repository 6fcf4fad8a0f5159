"""`report` on the command line: its file and its exit code."""

import csv
import io

import pytest

from core import report
from tests.once import of_the_first
from tests.report.parsed import html_page
from tests.stores import open_store


@pytest.fixture
def run(run):
    return lambda *arguments: run("report", *arguments)


# Each test has the same demo, of which the same is written in all formats.
SAME = {name: of_the_first(getattr(report, name)) for name in ("baseline_report", "weekly_packet")}


@pytest.fixture
def of_one_demo(demo_url, monkeypatch):
    for name, made in SAME.items():
        monkeypatch.setattr(report, name, made)


@pytest.mark.parametrize(
    ("kind", "beginning"),
    [
        ("html", b"<!doctype html>"),
        ("pdf", b"%PDF-"),
        ("md", b"# Baseline report"),
        ("csv", b"\xef"),
    ],
)
@pytest.mark.usefixtures("of_one_demo")
def test_a_report_is_written(run, tmp_path, kind, beginning):
    out = tmp_path / f"report.{kind}"
    done = run("baseline", "--format", kind, "--out", str(out))
    assert (done.returncode, done.stderr.count("\n")) == (0, 1)
    assert "demo data" in done.stderr
    assert done.stdout.splitlines()[-1] == f"It is in {out}"
    data = out.read_bytes()
    assert data.startswith(beginning)
    if kind == "html":
        assert "Demo data" in "".join(html_page(data).text)
    if kind == "csv":
        rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"))))
        assert ["# Demo data: made up"] in rows


@pytest.mark.parametrize(
    ("kind", "beginning"),
    [
        ("html", b"<!doctype html>"),
        ("pdf", b"%PDF-"),
        ("pptx", b"PK"),
        ("md", b"# Weekly review"),
        ("csv", b"\xef"),
    ],
)
@pytest.mark.usefixtures("of_one_demo")
def test_the_packet_of_a_week_is_written(run, tmp_path, kind, beginning):
    out = tmp_path / f"packet.{kind}"
    done = run("weekly", "--format", kind, "--out", str(out))
    assert (done.returncode, done.stderr.count("\n")) == (0, 1)
    assert "demo data" in done.stderr
    assert "not closed yet" in done.stdout
    assert done.stdout.splitlines()[-1] == f"It is in {out}"
    assert out.read_bytes().startswith(beginning)


def test_a_week_and_an_account_are_chosen(run, tmp_path):
    store = open_store(f"sqlite:///{tmp_path}/touchstone.db")
    store.ensure_account("a", "First")
    store.ensure_account("b", "Second")
    store.close()
    out = tmp_path / "report.md"
    asked = ("baseline", "--format", "md", "--out", str(out), "--week", "2026-W40")
    unnamed = run(*asked)
    assert unnamed.returncode == 1
    assert "--account: there is a, b" in unnamed.stderr
    assert not out.exists()
    done = run(*asked, "--account", "b")
    assert (done.returncode, done.stderr) == (0, "")
    text = out.read_text(encoding="utf-8")
    assert "# Baseline report: 2026-W40" in text
    assert "- Account: Second" in text
    assert "Nothing was measured in 2026-W40" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("baseline", "--format", "html"), 2, "--out"),
        (("baseline", "--out", "x"), 2, "--format"),
        (("monthly", "--format", "html", "--out", "x"), 2, "invalid choice"),
        (("baseline", "--format", "docx", "--out", "x"), 2, "invalid choice"),
        (("baseline", "--format", "pptx", "--out", "x"), 2, "not written as pptx: use html, pdf"),
        (("baseline", "--format", "md", "--out", "x", "--week", "47"), 2, "write 2026-W47"),
        (("weekly", "--format", "md", "--out", "x", "--week", "2026-W60"), 2, "is no ISO week"),
        (("weekly", "--format", "md", "--out", "x", "--week", "2099-W01"), 1, "is not over"),
        (("weekly", "--format", "md", "--out", "x", "--account", "no"), 1, "no account 'no'"),
        (("weekly", "--format", "pptx", "--out", "/no/such/x"), 1, "/no/such/x cannot be written"),
        (("baseline", "--format", "md", "--out", "x", "--account", "no"), 1, "no account 'no'"),
        (("baseline", "--format", "md", "--out", "/no/such/x"), 1, "/no/such/x cannot be written"),
    ],
)
def test_what_cannot_be_done_is_said_and_nothing_is_written(run, demo_url, arguments, code, said):
    done = run(*arguments)
    assert done.returncode == code
    assert done.stdout == ""
    assert said in done.stderr
    assert "Traceback" not in done.stderr
