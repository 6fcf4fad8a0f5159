"""Column mappings: the field of each column of a file, and the formats of its values.

Formats of dates and durations are found from all cells of their column.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from core.base.cells import (
    DATE_FORMATS,
    ISO,
    UNIT,
    UNITS,
    is_nothing,
    order_of,
    read_date,
    read_duration,
    read_number,
    readings,
    unit_of,
)
from core.base.errors import InputError
from core.base.fields import number_in
from core.base.text import trimmed
from core.ingest.files.records import Record, RecordFile
from core.store import AccountSetting, Scope

PARTS = ("columns", "formats")
# Rows whose cells tell which of several columns has dates, and rows after which no more are looked
# at where all dates can be read in one way only.
SAMPLE, ENOUGH = 200, 2_000
# Jira exports times in seconds, whole minutes of them, under headers that do not say so.
JIRA = {"key", "issue key", "issue id"}
UNREADABLE = "not readable"
# Words in a header that leave its meaning: Opened on, Ticket No, Total time spent (sec).
TIME_WORDS = r"at|on|am|le|time|date|datetime|timestamp|day"
ID_WORDS = r"id|no|nr|num|number|nummer|key|ref|reference|code"
WORD = re.compile(r"[A-Z]?[a-zäöüßéèáíóúñ]+|[A-Z]+(?![a-z])|\d+|[^\W_]+")


@dataclass(frozen=True)
class Field:
    """A field of a kind of record: its label, and other names of its column in exports.

    The names are separated by blanks, in lower case, without punctuation. `unit` is that of a
    duration as it is stored; `figures` are those in which a record without the field is missing.
    """

    key: str
    label: str
    names: str = ""
    is_needed: bool = False
    is_instant: bool = False
    unit: str = ""
    figures: str = ""


def _fields(rows: str) -> tuple[Field, ...]:
    """Fields from lines of key, label, traits (needed, instant or a unit), figures and names."""
    found = []
    for line in rows.strip().splitlines():
        key, label, traits, figures, names = (cell.strip() for cell in line.split("|"))
        has = traits.split()
        unit = next((one for one in has if one in UNITS), "")
        found.append(Field(key, label, names, "needed" in has, "instant" in has, unit, figures))
    return tuple(found)


FIELDS: Mapping[str, tuple[Field, ...]] = {
    "tickets": _fields("""
id | Ticket id | needed | | ticket number incident key issuekey issueid requestid requestnumber \
    caseid casenumber ticketnummer nummer numéro
opened_at | Opened | instant | resolution times | opened created creation opentime opendate \
    submitted requested reported raised erstellt créé
resolved_at | Resolved | instant | resolution times | resolved resolutiondate solved fixed \
    gelöst résolu
closed_at | Closed (counts where nothing is resolved) | instant | | closed closetime closedate \
    closure completed completion finished geschlossen
category | Category | | | type issuetype tickettype topic service kategorie subject
priority | Priority | | | severity urgency priorität
technician | Technician | | | assignedto assignee owner agent responder resolvedby assignedagent
enhanced | Enhanced | | comparisons of enhanced tickets | isenhanced enhancement aiassisted
minutes_spent | Time spent | minutes | minutes of work | minutes spent timespent effort worktime \
    timeworked timetracked worklog aufwand
reopened | Reopened | | | isreopened reopens reopencount reopenedcount reopenings \
    numberofreopens timesreopened
"""),
    "enhancements": _fields("""
id | Run id | needed | | enhancement uuid
tenant_id | Tenant | | | tenant
ticket_id | Ticket id | | | ticket
status | Status | needed | | state
processing_time_ms | Duration | milliseconds | latencies | duration processingtime latency \
    durationms
created_at | Created | needed instant | | created
completed_at | Completed | instant | | completed
error_message | Error | | | error
"""),
    "feedback": _fields("""
id | Feedback id | needed | | feedbackid
tenant_id | Tenant | | | tenant
ticket_id | Ticket id | | | ticket
enhancement_id | Enhancement id | | | enhancement
technician_email | Technician | | | technician email rater
feedback_type | Kind | needed | | type kind
rating_value | Rating | | | rating stars
feedback_comment | Comment | | | comment text
created_at | Given | needed instant | | created given at
"""),
    "surveys": _fields("""
id | Response id | | | responseid
respondent | Respondent or e-mail | | | email emailaddress technician technicianemail name
answered_at | Answered | needed instant | | answered timestamp submitted completed date
relevance | Relevance, 1 to 5 | | | relevant
accuracy | Accuracy, 1 to 5 | | | accurate
usefulness | Usefulness, 1 to 5 | | | useful
overall | Overall, 1 to 5 | | | overallsatisfaction satisfaction
minutes_saved | Time saved for each ticket | minutes | | minutessavedperticket saved timesaved \
    savedperticket timesavedperticket
better_resolution | Better resolution: yes, no, unsure | | | resolvedbetter
what_helps | What helps | | | helps mosthelpful
what_to_improve | What to improve | | | improve improvements improvement
renewal | Renewal, 0 to 10 | | | renewallikelihood
may_interview | May be interviewed | | | maybeinterviewed interview
"""),
}


@dataclass(frozen=True, kw_only=True)
class ColumnMapping:
    """The columns of a file by field key, and the formats of its dates and durations.

    `formats` has, by field key, `ISO` or a format of strptime for a date and one of `UNITS` for a
    duration; `date_format` is that of all other dates. What is not named is found from the cells.
    Instants without an offset are in `zone`, None for the business time zone. `tenant` is the
    tenant id of the account, where it differs from the account's id.
    """

    columns: Mapping[str, str]
    formats: Mapping[str, str] = field(default_factory=dict)
    date_format: str | None = None
    zone: str | None = None
    tenant: str | None = None

    def __post_init__(self) -> None:
        try:
            ZoneInfo(self.zone or "UTC")
        except (ZoneInfoNotFoundError, ValueError):
            raise InputError(
                f"{self.zone!r} is no time zone: write it like Europe/Berlin."
            ) from None

    @classmethod
    def read(cls, given: Any) -> "ColumnMapping":
        """Read a mapping from its JSON form; raises InputError."""
        parts: Any = [given.get(name, {}) for name in PARTS] if isinstance(given, dict) else [given]
        if not given or not all(isinstance(part, dict) for part in parts):
            raise InputError(
                'A mapping is a JSON object such as {"columns": {"id": "Number", "opened_at": '
                '"Created"}, "formats": {"opened_at": "%d/%m/%Y"}}.'
            )
        unknown = sorted(given.keys() - cls.__dataclass_fields__.keys())
        if unknown:
            raise InputError(f"The mapping has {unknown[0]!r}, which means nothing: remove it.")
        rest = {k: v for k, v in given.items() if k not in PARTS and v is not None}
        for key, value in [*rest.items(), *parts[0].items(), *parts[1].items()]:
            if not isinstance(value, str):
                raise InputError(f"{key!r} of the mapping is {value!r}: it is a text.")
        return cls(columns=parts[0], formats=parts[1], **rest)

    def check(self, kind: str, columns: Sequence[str]) -> None:
        """Raise InputError unless the mapping fits a file with these columns."""
        fields = {f.key: f for f in FIELDS[kind]}
        for key in (*self.columns, *self.formats):
            if key not in fields:
                raise InputError(f"{key!r} is no field of {kind}: there is {', '.join(fields)}.")
        for column in self.columns.values():
            if column not in columns:
                raise InputError(f"The file has no column {column!r}: it has {', '.join(columns)}.")
        for key, named in self.formats.items():
            if named not in UNITS if fields[key].unit else "%" not in named and named != ISO:
                raise InputError(f"{named!r} is no format of {key}: write minutes, or %d/%m/%Y.")
        missing = [f for f in FIELDS[kind] if f.is_needed and f.key not in self.columns]
        if missing:
            raise InputError(
                f"No column is named for {missing[0].label.lower()!r} ({missing[0].key}), without "
                f"which no row can be kept: the file has {', '.join(columns)}."
            )

    def format_of(self, f: Field) -> str | None:
        """The format that is named for a date or a duration."""
        return self.formats.get(f.key) or (self.date_format if f.is_instant else None)

    def apply(self, kind: str, record: Record, zone: ZoneInfo) -> Record:
        """Rename the columns of a record to fields, and read dates and durations in their formats.

        Instants get an offset, that of a business time zone where they have none; a text that
        cannot be read is unchanged, for the parser to refuse. A field without a column in the
        record is left out; a ticket that has none resolved is resolved when it was closed.
        """
        found = {}
        for f in FIELDS[kind]:
            if (column := self.columns.get(f.key)) in record:
                value = record[column]
                if is_nothing(value):
                    value = None
                elif (f.is_instant or f.unit) and isinstance(value, str | int | float):
                    value = self._converted(f, value, zone)
                found[f.key] = value
        if "closed_at" in found:
            closed = found.pop("closed_at")
            if found.get("resolved_at") is None:
                found["resolved_at"] = closed
        return found

    def _converted(self, f: Field, value: Any, zone: ZoneInfo) -> Any:
        text, named = str(value).strip(), self.format_of(f)
        if f.unit:
            if named in {None, f.unit} and number_in(value) is not None:
                return value
            taken = read_duration(text, named or f.unit)
            return value if taken is None else round(taken / UNITS[f.unit], 6)
        at = read_date(text, named or ISO)
        if at is not None and at.tzinfo is None:
            at = at.replace(tzinfo=ZoneInfo(self.zone) if self.zone else zone)
        return at or value


def propose(kind: str, columns: Sequence[str], rows: Iterable[Record] = ()) -> dict[str, str]:
    """Propose a mapping from the header: for each field the first of its names that occurs.

    Of several columns with a name of a date, one whose cells in the rows are dates comes first.
    """
    rows, found = list(rows), dict[str, str]()
    for f in FIELDS[kind]:
        names = [_plain(f.key), *f.names.split()]
        places = [
            (f.is_instant and not dated, names.index(name), place, column)
            for column in columns
            for place, name in enumerate((_plain(column), _stem(column, f)))
            if name in names and column not in found.values()
            for dated in [any(readings(str(row.get(column))) for row in rows)]
        ]
        if places:
            found[f.key] = min(places, key=lambda one: one[:3])[-1]
    return found


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "", name).lower()


def _stem(column: str, f: Field) -> str:
    """A header without the words that a column of the field may have besides a name."""
    extra = TIME_WORDS if f.is_instant else rf"in|total|{UNIT}" if f.unit else ""
    extra = ID_WORDS if f.key.endswith("id") else extra
    words = [word.lower() for word in WORD.findall(column)]
    return "".join(word for word in words if not re.fullmatch(extra, word))


@dataclass
class Guess:
    """What the cells of a column of dates or durations can be.

    `fitting` are the formats of every readable cell, `possible` those of any, with `ISO` for what
    can be read in one way only. `sample` is a cell that cannot, or else the first one.
    """

    target: Field
    column: str
    is_jira: bool
    fitting: set[str] = field(default_factory=lambda: {*DATE_FORMATS, *UNITS})
    possible: set[str] = field(default_factory=set)
    sample: str = ""

    def see(self, value: Any) -> None:
        """Take a cell into account."""
        text = "" if is_nothing(value) else str(value).strip()
        found = {*readings(text)} if self.target.is_instant else self._units(text)
        if found:
            if not self.sample or ISO in self.fitting - found:
                self.sample = text
            self.fitting &= found
            self.possible |= found

    def _units(self, text: str) -> set[str]:
        number, unit = read_number(text), unit_of(self.column)
        if not number:
            return set() if read_duration(text, self.target.unit) is None else {ISO, *UNITS}
        if unit or not self.is_jira:
            return {unit} if unit else {*UNITS}
        return {*UNITS} - {"seconds"} if number % 60 else {"seconds"}

    @property
    def choices(self) -> list[str]:
        """The format of the column; several where a person has to say which."""
        if self.target.unit:
            known = [self.target.unit] if ISO in self.fitting else [*self.fitting & {*UNITS}]
            return known if len(known) == 1 else [*UNITS]
        orders = [one for one in DATE_FORMATS if one in self.fitting - {ISO}]
        if ISO in self.fitting and len(orders) != 1:
            return [ISO]
        return orders or [one for one in DATE_FORMATS if one in self.possible - {ISO}]

    @property
    def options(self) -> list[str]:
        """The formats that a person may choose: those that read the sample differently."""
        named = UNITS if self.target.unit else DATE_FORMATS
        found = {self.shown(one): one for one in (*named, *reversed(self.choices))}
        return [one for said, one in found.items() if said != UNREADABLE or one in self.choices]

    def fits(self, named: str) -> bool:
        """Whether every readable cell can be read in a format, and the header names no other."""
        if self.target.unit:
            return unit_of(self.column) in {None, named}
        return order_of(named) in self.fitting

    def shown(self, named: str) -> str:
        """The sample as it is read in a format: 4 March 2026 09:00:00; 30 minutes."""
        if self.target.is_instant:
            at = read_date(self.sample, named)
            return UNREADABLE if at is None else f"{at.day} {at:%B %Y %H:%M:%S %Z}".strip()
        taken, unit = read_duration(self.sample, named), self.target.unit
        return UNREADABLE if taken is None else f"{trimmed(taken / UNITS[unit], 2)} {unit}"


def guess_formats(kind: str, found: RecordFile, columns: Mapping[str, str]) -> dict[str, Guess]:
    """Look at the cells of the mapped columns of dates and durations; guesses by field key."""
    is_jira = any(column.casefold() in JIRA for column in found.columns)
    targets = [f for f in FIELDS[kind] if (f.is_instant or f.unit) and f.key in columns]
    guesses = {f.key: Guess(f, columns[f.key], is_jira) for f in targets}
    for number, row in enumerate(found.rows(), 1):
        for guess in guesses.values():
            guess.see((row.record or {}).get(guess.column))
        # So many dates that can be read in one way only are those of a machine.
        if number == ENOUGH and all(
            unit_of(one.column) or (one.possible and one.fitting >= {*DATE_FORMATS})
            for one in guesses.values()
        ):
            break
    return guesses


@dataclass(frozen=True)
class Proposal:
    """How a file would be read: its mapping, and what was seen in its dates and durations.

    `notes` tell of every guess, `questions` ask for each format that a person has to name.
    """

    mapping: ColumnMapping
    guesses: Mapping[str, Guess]
    questions: Sequence[str]
    notes: Sequence[str]


def known_mapping(
    scope: Scope, kind: str, found: RecordFile, given: ColumnMapping | None = None
) -> Proposal:
    """The mapping for a file: the given one, that remembered for its columns, or one proposed.

    A format that the given one does not name is found from the cells, and so is a remembered one
    that no longer fits them.
    """
    given = given or ColumnMapping(columns={})
    kept = None if given.columns else scope.get(AccountSetting, _mapping_key(kind, found.columns))
    known = given if kept is None else ColumnMapping.read(kept.value)
    columns = known.columns or propose(kind, found.columns, found.sample(SAMPLE))
    guesses = guess_formats(kind, found, columns)
    formats, questions, notes = {}, [], []
    for key, guess in guesses.items():
        named, choices = given.format_of(guess.target), guess.choices
        remembered = None if named else known.format_of(guess.target)
        if remembered and (guess.fits(remembered) or (remembered in choices and choices[1:])):
            named = remembered
        if named is None and len(choices) > 1:
            questions.append(
                f"{guess.column!r} can be read in more than one way ({', '.join(choices)}): name "
                "the right one in a mapping, as in "
                f'{{"formats": {{"{key}": "{guess.target.unit or choices[0]}"}}}}.'
            )
            continue
        formats[key] = named or choices[0]
        if guess.sample:
            anew = f", no longer {remembered} as remembered" if remembered and not named else ""
            notes.append(
                f"{guess.target.label}: {guess.sample} in {guess.column!r} is read as "
                f"{guess.shown(formats[key])} ({formats[key]}{anew})."
            )
    zone, tenant = given.zone or known.zone, given.tenant or known.tenant
    notes.append(f"Times without an offset are in {zone or scope.zone.key}.")
    mapping = ColumnMapping(columns=columns, formats=formats, zone=zone, tenant=tenant)
    return Proposal(mapping, guesses, questions, notes)


def remember_mapping(scope: Scope, kind: str, found: RecordFile, mapping: ColumnMapping) -> None:
    """Remember the mapping for later files of the kind with the same columns."""
    row = {"key": _mapping_key(kind, found.columns), "value": asdict(mapping)}
    with scope.write() as unit:
        unit.upsert(AccountSetting, [row])


def _mapping_key(kind: str, columns: Sequence[str]) -> str:
    names = json.dumps(list(columns), ensure_ascii=False)
    # PostgreSQL has no key of more than some 2,700 bytes.
    return f"mapping of {kind}: {names if len(names) < 500 else sha256(names.encode()).hexdigest()}"
