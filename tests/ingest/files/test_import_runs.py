"""Imports that do not reach their end: what is in is told, and the next one completes it."""

from datetime import timedelta

import pytest

from core.base import clock
from core.base.errors import StoreError
from core.ingest.files import load
from core.ingest.files.load import import_file
from core.ingest.sync.history import LOST, runs, start_run
from core.ingest.sync.lease import DURATION, take_lease
from core.store import Scope, SyncRun, Ticket, table

ROWS = 25
FULL = "The store s.db cannot be used: the disk is full: make room and try again."


@pytest.fixture
def acme(any_store, monkeypatch):
    monkeypatch.setattr(load, "UNIT_ROWS", 10)
    any_store.ensure_account("acme", "Acme")
    return Scope(any_store, "acme", "Ann")


@pytest.fixture
def path(tmp_path):
    lines = [f"T-{n:02},2026-01-05T09:00,{n}" for n in range(ROWS)]
    file = tmp_path / "tickets.csv"
    file.write_text("\n".join(["Number,Created,Priority", *lines]))
    return file


@pytest.fixture
def ends(monkeypatch):
    """A function that lets the import end with an error at its nth unit of rows."""

    def at(number, error):
        parse, save = load.HANDLERS["tickets"]
        calls = []

        def saved(unit, rows):
            calls.append(rows)
            if len(calls) == number:
                raise error
            return save(unit, rows)

        monkeypatch.setitem(load.HANDLERS, "tickets", (parse, saved))

    return at


def the_tickets(scope):
    return len(scope.objects(Ticket))


def finished(scope, path):
    report = import_file(scope, "tickets", path)
    assert (the_tickets(scope), report.stopped) == (ROWS, "")
    (last, *_) = runs(scope)
    assert (last.status, last.counts["ticket"]["added"]) == ("done", report.added)
    assert all(run.status != "running" for run in scope.objects(SyncRun))


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (StoreError(FULL), "the disk is full"),
        (KeyboardInterrupt(), "It was interrupted."),
        (OSError(5, "Input/output error"), "cannot be read to its end: Input/output error"),
    ],
)
def test_what_is_in_before_it_ends_is_told_and_the_next_one_completes_it(
    acme, path, ends, monkeypatch, error, said
):
    ends(3, error)
    report = import_file(acme, "tickets", path)
    assert (report.added, the_tickets(acme)) == (20, 20)
    assert said in report.message
    assert "What is counted here is in, the rest is not: start it again." in report.message
    (run,) = runs(acme)
    assert (run.status, run.counts["ticket"]["added"]) == ("failed", 20)
    assert run.message == f"tickets.csv: {report.message}"
    monkeypatch.undo()
    finished(acme, path)


@pytest.mark.parametrize("error", [StoreError(FULL), KeyboardInterrupt()])
def test_where_nothing_is_in_it_ends_with_its_reason(acme, path, ends, monkeypatch, error):
    ends(1, error)
    with pytest.raises(type(error)):
        import_file(acme, "tickets", path)
    (run,) = runs(acme)
    assert (run.status, the_tickets(acme)) == ("failed", 0)
    monkeypatch.undo()
    finished(acme, path)


def test_a_fault_of_the_product_is_not_hidden_and_its_run_has_ended(acme, path, ends):
    ends(2, TypeError("a bug"))
    with pytest.raises(TypeError):
        import_file(acme, "tickets", path)
    (run,) = runs(acme)
    assert (run.status, run.counts["ticket"]["added"]) == ("failed", 10)


class Killed(BaseException):
    """After it nothing is written any more."""


def test_a_killed_one_did_not_end_and_the_next_one_says_so_too(acme, path, ends, monkeypatch):
    ends(3, Killed())
    monkeypatch.setattr(load, "_stopped", lambda *_: (_ for _ in ()).throw(Killed))
    with pytest.raises(Killed):
        import_file(acme, "tickets", path)
    (run,) = runs(acme)
    assert (run.status, run.counts["ticket"]["added"]) == ("running", 20)
    monkeypatch.setattr(clock, "now", lambda now=clock.now: now() + DURATION + timedelta(seconds=1))
    (run,) = runs(acme)
    assert run.status == "did not end"
    assert "20 new, 0 changed and 0 unchanged tickets. It did not end. What" in run.message
    monkeypatch.undo()
    finished(acme, path)
    first = min(acme.objects(SyncRun), key=lambda run: run.id)
    assert first.status == "failed"
    assert "It did not end. What is counted here is in" in first.message


def test_one_that_is_taken_for_dead_and_goes_on_ends_as_done(acme, path, ends, monkeypatch):
    parse, save = load.HANDLERS["tickets"]

    def saved(unit, rows):
        number = unit.next_id(SyncRun) - 1
        if number == 1:
            unit.update(SyncRun, {"status": "failed"}, table(SyncRun).c.id == 1)
        return save(unit, rows)

    monkeypatch.setitem(load.HANDLERS, "tickets", (parse, saved))
    import_file(acme, "tickets", path)
    (run,) = runs(acme)
    assert run.status == "done"


def test_a_sync_whose_lease_is_gone_did_not_end(acme):
    with acme.write() as unit:
        start_run(unit, "prometheus", "Reading series")
        start_run(unit, "testio", "Reading bugs")
    assert [run.status for run in runs(acme)] == ["did not end", "did not end"]
    assert runs(acme)[0].message == f"Reading bugs {LOST}"
    with acme.write() as unit:
        take_lease(unit)
    assert [run.status for run in runs(acme)] == ["running", "did not end"]
