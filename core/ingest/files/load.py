"""Bringing a file into the store: the good rows go in, each refused one is listed with its line."""

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
from core.ingest.save import (
    SaveResult,
    save_enhancements,
    save_feedback,
    save_surveys,
    save_tickets,
)
from core.ingest.sync.problems import note_problems
from core.store import AccountSetting, Counts, Scope, Store, SyncProblem, SyncRun, Unit, table

# Rows that become visible together.
UNIT = 10_000
# Problems that are kept: a file with more has one cause.
MOST_PROBLEMS = 1_000
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
    """A row or a field that could not be kept: where it stands, and why."""

    line: int
    field: str
    value: str
    reason: str


@dataclass
class ImportReport:
    """What became of a file: rows by what happened, and what could not be kept.

    `refused` counts rows, `problems` all that is wrong, also single fields of rows that went in;
    of these `listed` has the first `MOST_PROBLEMS`.
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
        """The report in a sentence or two."""
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

    It is the one remembered for a file with these columns, else what the header suggests.
    """
    with scope.read() as session:
        kept = session.get(AccountSetting, (scope.account, _memory(kind, found.columns)))
    if kept is not None:
        return ColumnMapping.read(kept.value), []
    columns = propose(kind, found.columns)
    instants = [columns[f.key] for f in FIELDS[kind] if f.is_instant and f.key in columns]
    sample = found.sample(SAMPLE)
    formats = date_formats(str(row[name]) for row in sample for name in instants if row.get(name))
    fits = formats[0] if len(formats) == 1 else ISO
    mapping = ColumnMapping(columns=columns, date_format=fits, zone=scope.zone.key)
    return mapping, formats if len(formats) > 1 else []


def remember_mapping(scope: Scope, kind: str, found: RecordFile, mapping: ColumnMapping) -> None:
    """Use the mapping for each later file of the kind with the same columns."""
    row = {"key": _memory(kind, found.columns), "value": asdict(mapping)}
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
    """Bring a file of records of a kind of `KINDS` into an account.

    Without a mapping the known one is used; `enters` has a new account entered first. The same file
    twice changes nothing. Raises InputError when nothing of the file can be used, as for dates that
    can be read in two ways.
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
    run = _Run(scope.store, scope.account, kind, path.name)
    while some := list(islice(rows, UNIT)):
        _import_unit(run, report, some, mapping)
        on_progress(report.message)
    run.finish(report)
    remember_mapping(scope, kind, found, mapping)
    return report


def _import_unit(
    run: "_Run", report: ImportReport, rows: Sequence[tuple[int, Any]], mapping: ColumnMapping
) -> None:
    kept, problems = [], []
    for line, row in rows:
        parsed = _parsed(run, row, mapping)
        if isinstance(parsed, Refused):
            report.refused += 1
            problems.append(Refused(line, parsed.field, parsed.value, parsed.reason))
            continue
        kept.append(parsed)
        problems += [Refused(line, p.field, p.value, p.reason) for p in parsed.problems]
    report.problems += len(problems)
    room = MOST_PROBLEMS - len(report.listed)
    report.listed += problems[:room]
    counts = run.write(kept, problems[:room])
    report.added += counts.added
    report.changed += counts.changed
    report.unchanged += len(kept) - counts.added - counts.changed


def _parsed(run: "_Run", row: Any, mapping: ColumnMapping) -> Any:
    if isinstance(row, BadRow):
        return Refused(0, "row", "", row.reason)
    record = mapping.apply(run.kind, row)
    tenant = record.get("tenant_id")
    if tenant not in {None, "", run.account, mapping.tenant}:
        return Refused(0, "tenant_id", excerpt(tenant), "it belongs to another tenant")
    parsed = PARSERS[run.kind](record)
    if isinstance(parsed, FieldProblem):
        return Refused(0, parsed.field, parsed.value, parsed.reason)
    return parsed


class _Run:
    """The record of an import among the account's runs."""

    def __init__(self, store: Store, account: str, kind: str, name: str) -> None:
        self.store, self.account, self.kind, self._name = store, account, kind, name
        self._entity = kind.removesuffix("s")
        with store.write(account, quiet=True) as unit:
            self._id = unit.next_id(SyncRun)
            problem = table(SyncProblem)
            # The list is of the last file: its lines are not those of the one before.
            unit.session.connection().execute(
                delete(problem).where(problem.c.account_id == account, problem.c.source == kind)
            )
            self._note(unit, "running", started_at=clock.now(), finished_at=None)

    def write(self, kept: Sequence[Any], problems: Sequence[Refused]) -> Counts:
        """Write parsed rows and the problems beside them as one unit."""
        with self.store.write(self.account) as unit:
            saved = SAVERS[self.kind](unit, kept)
            note_problems(unit, self.kind, self._id, map(self._problem, problems), read={})
        return next(iter(saved.counts.values()))

    def finish(self, report: ImportReport) -> None:
        """Note how it went."""
        counts = {
            "added": report.added,
            "changed": report.changed,
            "unchanged": report.unchanged,
            "refused": report.refused,
        }
        with self.store.write(self.account) as unit:
            self._note(
                unit,
                "partial" if report.refused else "done",
                finished_at=clock.now(),
                counts={self._entity: counts},
                message=f"{self._name}: {report.message}",
            )

    def _note(self, unit: Unit, status: str, **more: Any) -> None:
        row = {"id": self._id, "source": self.kind, "status": status, "step": "", "done": 0}
        begun: dict[str, Any] = {"total": None, "requests": 0, "counts": {}, "message": self._name}
        unit.upsert(SyncRun, [row | (begun if status == "running" else {}) | more])

    def _problem(self, refused: Refused) -> FieldProblem:
        line = f"line {refused.line}"
        return FieldProblem(self._entity, line, refused.field, refused.value, refused.reason)


def _memory(kind: str, columns: Sequence[str]) -> str:
    return f"mapping of {kind}: {json.dumps(list(columns), ensure_ascii=False)}"
