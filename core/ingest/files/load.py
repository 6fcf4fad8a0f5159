"""Import of a file into the store: good rows are saved, refused ones are listed by line."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import astuple, dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import func, select

from core.base import clock, text
from core.base.errors import InputError, StoreError, TouchstoneError
from core.base.fields import FieldProblem, excerpt
from core.feedback.surveys import parse_survey
from core.ingest.files.mapping import FIELDS, ColumnMapping, known_mapping, remember_mapping
from core.ingest.files.records import ReadAs, open_records
from core.ingest.files.tables import IS_TOTAL, Row
from core.ingest.parse.records import parse_enhancement, parse_feedback, parse_ticket
from core.ingest.save.platform import (
    SaveResult,
    save_enhancements,
    save_feedback,
    save_surveys,
    save_tickets,
)
from core.ingest.sync.history import LOST, READ, REST, note_problems, start_run
from core.store import Enhancement, Scope, SyncProblem, SyncRun, Ticket, Unit, table

# What ends an import and is no fault of the product.
ENDINGS = (TouchstoneError, OSError, KeyboardInterrupt)
# Rows written as one unit.
UNIT_ROWS = 10_000
# Problems that are kept: a file with more has a single cause.
MOST_PROBLEMS = 1_000

# The parser and the save of each kind.
HANDLERS: Mapping[str, tuple[Callable[[Any], Any], Callable[[Unit, Any], SaveResult]]] = {
    "tickets": (parse_ticket, save_tickets),
    "enhancements": (parse_enhancement, save_enhancements),
    "feedback": (parse_feedback, save_feedback),
    "surveys": (parse_survey, save_surveys),
}


class Refused(NamedTuple):
    """A row or field that could not be imported: its line, what was sent, and the reason."""

    line: int
    field: str
    value: str
    reason: str


@dataclass
class ImportReport:
    """The outcome of an import: counts of rows, and what could not be imported.

    `refused` counts rows, `problems` also single fields of rows that were imported; `listed` has
    the first `MOST_PROBLEMS` of them. `stopped` says why it did not reach the end of the file,
    `notes` how the file was read, and which figures are missing.
    """

    kind: str
    file: str = ""
    run_id: int = 0
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    refused: int = 0
    problems: int = 0
    stopped: str = ""
    listed: list[Refused] = field(default_factory=list)
    notes: tuple[str, ...] = ()

    @property
    def entity(self) -> str:
        """One row of the kind: ticket."""
        return self.kind.removesuffix("s")

    @property
    def message(self) -> str:
        """Summarise the report in a sentence."""
        said = (
            f"{self.added:,} new, {self.changed:,} changed and {self.unchanged:,} unchanged "
            f"{self.kind}"
        )
        if self.refused:
            said += f"; {text.times(self.refused, 'row')} refused"
        if self.problems > self.refused:
            said += f"; {text.times(self.problems - self.refused, 'field')} not readable"
        return f"{said}. {self.stopped} {REST}" if self.stopped else f"{said}."

    @property
    def has_written(self) -> bool:
        """Whether anything of the file is in the store, new or from before."""
        return self.added + self.changed + self.unchanged > 0

    def record(self, unit: Unit, status: str) -> None:
        """Write into the run's record how far it has come; `finished_at` says that it works."""
        counts = {self.entity: {name: getattr(self, name) for name in (*READ, "refused")}}
        state = {"status": status, "counts": counts, "message": f"{self.file}: {self.message}"}
        unit.upsert(SyncRun, [{"id": self.run_id, "finished_at": clock.now()} | state])


def import_file(
    scope: Scope,
    kind: str,
    path: Path,
    *,
    mapping: ColumnMapping | None = None,
    read_as: ReadAs | None = None,
    enters: bool = False,
) -> ImportReport:
    """Import a file of records of a kind of `FIELDS` into an account.

    What a mapping does not name is that of `known_mapping`; `enters` creates the account first. The
    same file twice changes nothing. Where it is stopped half-way, the report and the run's record
    say what is in. Raises InputError when nothing of the file can be used, or when its encoding, a
    date or a unit is ambiguous, StoreError when nothing could be written.
    """
    found = open_records(path, read_as)
    if found.question:
        raise InputError(found.question)
    proposal = known_mapping(scope, kind, found, mapping)
    mapping = proposal.mapping
    mapping.check(kind, found.columns)
    if proposal.questions:
        raise InputError(" ".join(proposal.questions))
    dated = {"opened_at", "resolved_at", "closed_at"} & mapping.columns.keys()
    if kind == "tickets" and not dated and not scope.objects(Ticket, limit=1):
        raise InputError(
            "No column is named for 'opened', 'resolved' or 'closed', and a ticket without a date "
            f"counts nowhere: the file has {', '.join(found.columns)}."
        )
    if enters:
        scope.store.ensure_account(scope.account, scope.account)
    with scope.write(quiet=True) as unit:
        # Problems are those of the last file: line numbers of an earlier one mean nothing.
        unit.delete(SyncProblem, table(SyncProblem).c.source == kind)
        # One that is at work after all says so again with its next rows.
        run = table(SyncRun).c
        lost = {"status": "failed", "message": run.message + f" {LOST}"}
        unit.update(SyncRun, lost, run.source == kind, run.status == "running")
        notes = (*found.notes, *proposal.notes)
        report = ImportReport(kind, path.name, start_run(unit, kind), notes=notes)
        report.record(unit, "running")
    totals: list[int] = []
    try:
        rows = found.rows()
        while some := list(islice(rows, UNIT_ROWS)):
            totals += [row.line for row in some if row.note == IS_TOTAL]
            records = (row for row in some if row.note != IS_TOTAL)
            parsed = [(row.line, _parsed(scope, kind, mapping, row)) for row in records]
            report = _save(scope, report, parsed)
        remember_mapping(scope, kind, found, mapping)
        with scope.write() as unit:
            report.record(unit, "partial" if report.problems else "done")
    except BaseException as error:
        report = _stopped(scope, report, error)
        if isinstance(error, OSError) and not report.has_written:
            raise InputError(report.stopped) from None
        if not report.has_written or not isinstance(error, ENDINGS):
            raise
    left_out = f"{text.times(len(totals), 'row')} with totals left out, the first in line"
    notes += (f"{left_out} {totals[0]:,}.",) if totals else ()
    return replace(report, notes=(*notes, *_missing_figures(scope, kind)))


def _stopped(scope: Scope, report: ImportReport, error: BaseException) -> ImportReport:
    """The report of an import that ends before its end, written into the run's record."""
    why = str(error) if isinstance(error, TouchstoneError) else "It was interrupted."
    if isinstance(error, OSError):
        why = f"{report.file} cannot be read to its end: {error.strerror}."
    report = replace(report, stopped=why)
    with suppress(StoreError), scope.write() as unit:
        # The last rows may have been written without the report having heard of it.
        known: Any = unit.session.get_one(SyncRun, (scope.account, report.run_id)).counts
        report = replace(report, **known[report.entity])
        report.record(unit, "failed")
    return report


def _missing_figures(scope: Scope, kind: str) -> Iterator[str]:
    """What no record of the account has, the figures that are missing for it, and ids to doubt."""
    wanted = [f for f in FIELDS[kind] if f.figures]
    if not wanted:
        return
    source = table(Ticket if kind == "tickets" else Enhancement).c
    counts = [func.count(), *(func.count(source[f.key]) for f in wanted)]
    total, *numbers = scope.rows(select(*counts).where(source.account_id == scope.account))[0]
    for f, number in zip(wanted, numbers, strict=True):
        if not number:
            yield f"No value for {f.label!r}: 0 of {total:,} {kind} count in {f.figures}."
    other = source.id.table.alias().c
    zeros = other.id.startswith("0"), other.account_id == scope.account
    bare = source.id.in_(select(func.ltrim(other.id, "0")).where(*zeros))
    if short := scope.rows(select(source.id).where(source.account_id == scope.account, bare)):
        yield (
            f"{text.times(len(short), 'id')} such as {short[0].id} also stand there with zeros in "
            "front, which spreadsheets drop: export again with ids as text."
        )


def _parsed(scope: Scope, kind: str, mapping: ColumnMapping, row: Row) -> Any:
    """Parse a row, or return the problem that refuses it."""
    if row.record is None:
        return FieldProblem(kind, "", "row", "", row.note)
    record = mapping.apply(kind, row.record, scope.zone)
    tenant = record.get("tenant_id")
    if tenant not in (None, "", scope.account, mapping.tenant):
        reason = "it belongs to another tenant"
        return FieldProblem(kind, "", "tenant_id", excerpt(tenant), reason)
    parse, _ = HANDLERS[kind]
    parsed = parse(record)
    if row.note and not isinstance(parsed, FieldProblem):
        doubt = FieldProblem(kind, "", "row", "", row.note)
        return replace(parsed, problems=(*parsed.problems, doubt))
    return parsed


def _save(scope: Scope, report: ImportReport, parsed: Sequence[tuple[int, Any]]) -> ImportReport:
    """Write parsed rows, each with its line, and their problems as one unit; the report then."""
    kept = [one for _, one in parsed if not isinstance(one, FieldProblem)]
    lines = {one.id: line for line, one in parsed if not isinstance(one, FieldProblem)}
    problems = [
        Refused(line, problem.field, problem.value, problem.reason)
        for line, one in parsed
        for problem in ([one] if isinstance(one, FieldProblem) else one.problems)
    ]
    _, save = HANDLERS[report.kind]
    with scope.write() as unit:
        saved = save(unit, kept)
        (counts,) = saved.counts.values()
        problems += [Refused(lines[p.source_id], *astuple(p)[2:]) for p in saved.problems]
        listed = problems[: MOST_PROBLEMS - len(report.listed)]
        noted = [FieldProblem(report.entity, f"line {line}", *rest) for line, *rest in listed]
        note_problems(unit, report.kind, report.run_id, noted, read={})
        report = replace(
            report,
            added=report.added + counts.added,
            changed=report.changed + counts.changed,
            unchanged=report.unchanged + len(kept) - counts.added - counts.changed,
            refused=report.refused + len(parsed) - len(kept),
            problems=report.problems + len(problems),
            listed=report.listed + listed,
        )
        report.record(unit, "running")
    return report
