"""Import of a file into the store: good rows are saved, refused ones are listed by line."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import delete

from core.base import clock, text
from core.base.errors import InputError
from core.base.fields import FieldProblem, excerpt
from core.feedback.surveys import parse_survey
from core.ingest.files.mapping import FIELDS, ISO, ColumnMapping, date_formats, propose
from core.ingest.files.records import BadRow, RecordFile, open_records
from core.ingest.parse.records import parse_enhancement, parse_feedback, parse_ticket
from core.ingest.save.platform import save_enhancements, save_feedback, save_surveys, save_tickets
from core.ingest.save.testio import SaveResult
from core.ingest.sync.problems import note_problems
from core.store import AccountSetting, Counts, Scope, SyncProblem, SyncRun, Unit, table

# Rows written as one unit.
UNIT_ROWS = 10_000
# Problems that are kept: a file with more has a single cause.
MOST_PROBLEMS = 1_000
# Rows from which the format of dates is told.
SAMPLE = 2_000

PARSERS: Mapping[str, Callable[[Any], Any]] = {
    "tickets": parse_ticket,
    "enhancements": parse_enhancement,
    "feedback": parse_feedback,
    "surveys": parse_survey,
}
SAVERS: Mapping[str, Callable[[Unit, Any], SaveResult]] = {
    "tickets": save_tickets,
    "enhancements": save_enhancements,
    "feedback": save_feedback,
    "surveys": save_surveys,
}


@dataclass(frozen=True)
class Refused:
    """A row or field that could not be imported: its line, what was sent, and the reason."""

    line: int
    field: str
    value: str
    reason: str


@dataclass
class ImportReport:
    """The outcome of an import: counts of rows, and what could not be imported.

    `refused` counts rows, `problems` also single fields of rows that were imported; `listed` has
    the first `MOST_PROBLEMS` of them.
    """

    kind: str
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    refused: int = 0
    problems: int = 0
    listed: list[Refused] = field(default_factory=list)

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
        return f"{said}."


def known_mapping(scope: Scope, kind: str, found: RecordFile) -> tuple[ColumnMapping, list[str]]:
    """The mapping for a file, and the date formats that fit where more than one does.

    It is the one remembered for these columns, or else proposed from the header.
    """
    with scope.read() as session:
        kept = session.get(AccountSetting, (scope.account, _mapping_key(kind, found.columns)))
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
    enters: bool = False,
    on_progress: Callable[[str], None] = lambda _text: None,
) -> ImportReport:
    """Import a file of records of a kind of `KINDS` into an account.

    Without a mapping `known_mapping` is used; `enters` creates the account first. The same file
    twice changes nothing. Raises InputError when nothing of the file can be used, or when its dates
    are ambiguous.
    """
    found = open_records(path)
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
    report = ImportReport(kind)
    rows = found.rows()
    run = _ImportRun(scope, kind, path.name)
    while some := list(islice(rows, UNIT_ROWS)):
        _import_unit(run, report, some, mapping)
        on_progress(report.message)
    run.finish(report)
    remember_mapping(scope, kind, found, mapping)
    return report


def _import_unit(
    run: "_ImportRun", report: ImportReport, rows: Sequence[tuple[int, Any]], mapping: ColumnMapping
) -> None:
    kept: list[Any] = []
    problems: list[tuple[int, FieldProblem]] = []
    for line, row in rows:
        parsed = _parsed(run, row, mapping)
        if isinstance(parsed, FieldProblem):
            report.refused += 1
            problems.append((line, parsed))
        else:
            kept.append(parsed)
            problems += [(line, problem) for problem in parsed.problems]
    report.problems += len(problems)
    room = MOST_PROBLEMS - len(report.listed)
    listed = [Refused(line, p.field, p.value, p.reason) for line, p in problems[:room]]
    report.listed += listed
    counts = run.write(kept, listed)
    report.added += counts.added
    report.changed += counts.changed
    report.unchanged += len(kept) - counts.added - counts.changed


def _parsed(run: "_ImportRun", row: Any, mapping: ColumnMapping) -> Any:
    """Parse a row, or return the problem that refuses it."""
    if isinstance(row, BadRow):
        return FieldProblem(run.kind, "", "row", "", row.reason)
    record = mapping.apply(run.kind, row)
    tenant = record.get("tenant_id")
    if tenant not in {None, "", run.scope.account, mapping.tenant}:
        reason = "it belongs to another tenant"
        return FieldProblem(run.kind, "", "tenant_id", excerpt(tenant), reason)
    return PARSERS[run.kind](record)


class _ImportRun:
    """The record of an import among the account's sync runs."""

    def __init__(self, scope: Scope, kind: str, name: str) -> None:
        self.scope, self.kind, self._name = scope, kind, name
        self._entity = kind.removesuffix("s")
        with scope.write(quiet=True) as unit:
            self._id = unit.next_id(SyncRun)
            problem = table(SyncProblem)
            # Problems are those of the last file: line numbers of an earlier one mean nothing.
            unit.session.connection().execute(
                delete(problem).where(
                    problem.c.account_id == scope.account, problem.c.source == kind
                )
            )
            row = {"id": self._id, "source": kind, "status": "running", "message": name}
            row |= {"started_at": clock.now(), "finished_at": None, "counts": {}}
            unit.upsert(SyncRun, [row | {"step": "", "done": 0, "total": None, "requests": 0}])

    def write(self, kept: Sequence[Any], problems: Sequence[Refused]) -> Counts:
        """Write parsed rows and their problems as one unit."""
        with self.scope.write() as unit:
            saved = SAVERS[self.kind](unit, kept)
            note_problems(unit, self.kind, self._id, map(self._problem, problems), read={})
        return next(iter(saved.counts.values()))

    def finish(self, report: ImportReport) -> None:
        """Record the outcome."""
        counts = {
            name: getattr(report, name) for name in ("added", "changed", "unchanged", "refused")
        }
        row = {
            "id": self._id,
            "status": "partial" if report.refused else "done",
            "finished_at": clock.now(),
            "counts": {self._entity: counts},
            "message": f"{self._name}: {report.message}",
        }
        with self.scope.write() as unit:
            unit.upsert(SyncRun, [row])

    def _problem(self, refused: Refused) -> FieldProblem:
        line = f"line {refused.line}"
        return FieldProblem(self._entity, line, refused.field, refused.value, refused.reason)


def _mapping_key(kind: str, columns: Sequence[str]) -> str:
    return f"mapping of {kind}: {json.dumps(list(columns), ensure_ascii=False)}"
