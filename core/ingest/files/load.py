"""Import of a file into the store: good rows are saved, refused ones are listed by line."""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from core.base import clock, text
from core.base.errors import InputError, StoreError, TouchstoneError
from core.base.fields import FieldProblem, excerpt
from core.feedback.surveys import parse_survey
from core.ingest.files.mapping import FIELDS, ISO, ColumnMapping, date_formats, propose
from core.ingest.files.records import ReadAs, RecordFile, open_records
from core.ingest.files.tables import Row
from core.ingest.parse.records import parse_enhancement, parse_feedback, parse_ticket
from core.ingest.save.platform import save_enhancements, save_feedback, save_surveys, save_tickets
from core.ingest.save.testio import SaveResult
from core.ingest.sync.history import LOST, READ, REST, start_run
from core.ingest.sync.problems import note_problems
from core.store import AccountSetting, Scope, SyncProblem, SyncRun, Unit, table

# What ends an import and is no fault of the product.
ENDINGS = (TouchstoneError, OSError, KeyboardInterrupt)
# Rows written as one unit.
UNIT_ROWS = 10_000
# Problems that are kept: a file with more has a single cause.
MOST_PROBLEMS = 1_000
# Rows from which the format of dates is told.
SAMPLE = 2_000

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
    `notes` how the file was read where that was guessed.
    """

    kind: str
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

    def record(self, unit: Unit, run_id: int, file: str, status: str) -> None:
        """Write into the run's record how far it has come; `finished_at` says that it works."""
        counts = {self.entity: {name: getattr(self, name) for name in (*READ, "refused")}}
        state = {"status": status, "counts": counts, "message": f"{file}: {self.message}"}
        unit.upsert(SyncRun, [{"id": run_id, "finished_at": clock.now()} | state])


def known_mapping(scope: Scope, kind: str, found: RecordFile) -> tuple[ColumnMapping, list[str]]:
    """The mapping for a file, and the date formats that fit where more than one does.

    It is the one remembered for these columns, or else proposed from the header.
    """
    kept = scope.get(AccountSetting, _mapping_key(kind, found.columns))
    if kept is not None:
        return ColumnMapping.read(kept.value), []
    columns = propose(kind, found.columns)
    formats = date_formats_of(kind, found, columns)
    fits = formats[0] if len(formats) == 1 else ISO
    mapping = ColumnMapping(columns=columns, date_format=fits, zone=scope.zone.key)
    return mapping, formats if len(formats) > 1 else []


def date_formats_of(kind: str, found: RecordFile, columns: Mapping[str, str]) -> list[str]:
    """The date formats that fit all instants in a sample of the file, by its mapped columns."""
    instants = [columns[f.key] for f in FIELDS[kind] if f.is_instant and f.key in columns]
    sample = found.sample(SAMPLE)
    return date_formats(str(row[name]) for row in sample for name in instants if row.get(name))


def remember_mapping(scope: Scope, kind: str, found: RecordFile, mapping: ColumnMapping) -> None:
    """Remember the mapping for later files of the kind with the same columns."""
    row = {"key": _mapping_key(kind, found.columns), "value": asdict(mapping)}
    with scope.write() as unit:
        unit.upsert(AccountSetting, [row])


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

    Without a mapping `known_mapping` is used; `enters` creates the account first. The same file
    twice changes nothing. Where it is stopped half-way, the report and the run's record say what is
    in. Raises InputError when nothing of the file can be used, or when its encoding or its dates
    are ambiguous, StoreError when nothing could be written.
    """
    found = open_records(path, read_as)
    if found.question:
        raise InputError(found.question)
    if mapping is None:
        mapping, formats = known_mapping(scope, kind, found)
        if formats:
            raise InputError(
                f"The dates of {path.name} can be read in more than one way "
                f"({', '.join(formats)}): name the right one as date_format of a mapping."
            )
    mapping.check(kind, found.columns)
    if enters:
        scope.store.ensure_account(scope.account, scope.account)
    with scope.write(quiet=True) as unit:
        # Problems are those of the last file: line numbers of an earlier one mean nothing.
        unit.delete(SyncProblem, table(SyncProblem).c.source == kind)
        # One that is at work after all says so again with its next rows.
        run = table(SyncRun).c
        lost = {"status": "failed", "message": run.message + f" {LOST}"}
        unit.update(SyncRun, lost, run.source == kind, run.status == "running")
        report, run_id = ImportReport(kind, notes=found.notes), start_run(unit, kind)
        report.record(unit, run_id, path.name, "running")
    try:
        rows = found.rows()
        while some := list(islice(rows, UNIT_ROWS)):
            parsed = [(row.line, _parsed(scope, kind, mapping, row)) for row in some]
            report = _save(scope, report, run_id, path.name, parsed)
        remember_mapping(scope, kind, found, mapping)
        with scope.write() as unit:
            report.record(unit, run_id, path.name, "partial" if report.refused else "done")
    except BaseException as error:
        report = _stopped(scope, report, run_id, path.name, error)
        if isinstance(error, OSError) and not report.has_written:
            raise InputError(report.stopped) from None
        if not report.has_written or not isinstance(error, ENDINGS):
            raise
    return report


def _stopped(
    scope: Scope, report: ImportReport, run_id: int, file: str, error: BaseException
) -> ImportReport:
    """The report of an import that ends before its end, written into the run's record."""
    why = str(error) if isinstance(error, TouchstoneError) else "It was interrupted."
    if isinstance(error, OSError):
        why = f"{file} cannot be read to its end: {error.strerror}."
    report = replace(report, stopped=why)
    with suppress(StoreError), scope.write() as unit:
        # The last rows may have been written without the report having heard of it.
        known: Any = unit.session.get_one(SyncRun, (scope.account, run_id)).counts
        report = replace(report, **known[report.entity])
        report.record(unit, run_id, file, "failed")
    return report


def _parsed(scope: Scope, kind: str, mapping: ColumnMapping, row: Row) -> Any:
    """Parse a row, or return the problem that refuses it."""
    if row.record is None:
        return FieldProblem(kind, "", "row", "", row.note)
    record = mapping.apply(kind, row.record)
    tenant = record.get("tenant_id")
    if tenant not in {None, "", scope.account, mapping.tenant}:
        reason = "it belongs to another tenant"
        return FieldProblem(kind, "", "tenant_id", excerpt(tenant), reason)
    parse, _ = HANDLERS[kind]
    parsed = parse(record)
    if row.note and not isinstance(parsed, FieldProblem):
        doubt = FieldProblem(kind, "", "row", "", row.note)
        return replace(parsed, problems=(*parsed.problems, doubt))
    return parsed


def _save(
    scope: Scope, report: ImportReport, run_id: int, file: str, parsed: Sequence[tuple[int, Any]]
) -> ImportReport:
    """Write parsed rows, each with its line, and their problems as one unit; the report then."""
    kept = [one for _, one in parsed if not isinstance(one, FieldProblem)]
    problems = [
        Refused(line, problem.field, problem.value, problem.reason)
        for line, one in parsed
        for problem in ([one] if isinstance(one, FieldProblem) else one.problems)
    ]
    listed = problems[: MOST_PROBLEMS - len(report.listed)]
    noted = [
        FieldProblem(report.entity, f"line {p.line}", p.field, p.value, p.reason) for p in listed
    ]
    _, save = HANDLERS[report.kind]
    with scope.write() as unit:
        (counts,) = save(unit, kept).counts.values()
        note_problems(unit, report.kind, run_id, noted, read={})
        report = replace(
            report,
            added=report.added + counts.added,
            changed=report.changed + counts.changed,
            unchanged=report.unchanged + len(kept) - counts.added - counts.changed,
            refused=report.refused + len(parsed) - len(kept),
            problems=report.problems + len(problems),
            listed=report.listed + listed,
        )
        report.record(unit, run_id, file, "running")
    return report


def _mapping_key(kind: str, columns: Sequence[str]) -> str:
    return f"mapping of {kind}: {json.dumps(list(columns), ensure_ascii=False)}"
