"""Column mappings: the field of each column of a file, and the format of its dates."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from core.base.errors import InputError
from core.ingest.files.records import Record

ISO = "iso"
DAYS = (
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d.%m.%Y",
    "%d-%m-%Y",
    "%m-%d-%Y",
    "%Y/%m/%d",
    "%d %b %Y",
    "%b %d, %Y",
)
TIMES = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p", ", %H:%M", ", %H:%M:%S")


@dataclass(frozen=True)
class Field:
    """A field of a kind of record: its label, and other names of its column in exports.

    The names are separated by blanks, in lower case, without punctuation.
    """

    key: str
    label: str
    names: str = ""
    is_needed: bool = False
    is_instant: bool = False


FIELDS: Mapping[str, tuple[Field, ...]] = {
    "tickets": (
        Field("id", "Ticket id", "ticketid ticket number incident key", is_needed=True),
        Field("opened_at", "Opened", "opened createdat created opentime", is_instant=True),
        Field(
            "resolved_at",
            "Resolved or closed",
            "resolved closedat closed resolutiontime completedat",
            is_instant=True,
        ),
        Field("category", "Category", "type subject topic service"),
        Field("priority", "Priority", "severity urgency"),
        Field("technician", "Technician", "assignedto assignee owner agent resolvedby"),
        Field("enhanced", "Enhanced", "isenhanced enhancement aiassisted"),
        Field("minutes_spent", "Minutes spent", "minutes timespent effort worktime"),
        Field("reopened", "Reopened", "isreopened reopencount"),
    ),
    "enhancements": (
        Field("id", "Run id", "enhancementid uuid", is_needed=True),
        Field("tenant_id", "Tenant", "tenant"),
        Field("ticket_id", "Ticket id", "ticket"),
        Field("status", "Status", "state", is_needed=True),
        Field("processing_time_ms", "Duration in milliseconds", "durationms processingtime"),
        Field("created_at", "Created", "created", is_needed=True, is_instant=True),
        Field("completed_at", "Completed", "completed", is_instant=True),
        Field("error_message", "Error", "error"),
    ),
    "feedback": (
        Field("id", "Feedback id", "feedbackid", is_needed=True),
        Field("tenant_id", "Tenant", "tenant"),
        Field("ticket_id", "Ticket id", "ticket"),
        Field("enhancement_id", "Enhancement id"),
        Field("technician_email", "Technician", "technician email rater"),
        Field("feedback_type", "Kind", "type kind", is_needed=True),
        Field("rating_value", "Rating", "rating stars"),
        Field("feedback_comment", "Comment", "comment text"),
        Field("created_at", "Given", "created at", is_needed=True, is_instant=True),
    ),
    "surveys": (
        Field("id", "Response id", "responseid"),
        Field(
            "respondent",
            "Respondent or e-mail",
            "email emailaddress technician technicianemail name",
        ),
        Field(
            "answered_at",
            "Answered",
            "answered timestamp submittedat completedat date",
            is_needed=True,
            is_instant=True,
        ),
        Field("relevance", "Relevance, 1 to 5", "relevant"),
        Field("accuracy", "Accuracy, 1 to 5", "accurate"),
        Field("usefulness", "Usefulness, 1 to 5", "useful"),
        Field("overall", "Overall, 1 to 5", "overallsatisfaction satisfaction"),
        Field("minutes_saved", "Minutes saved for each ticket", "minutessavedperticket timesaved"),
        Field("better_resolution", "Better resolution: yes, no, unsure", "resolvedbetter"),
        Field("what_helps", "What helps", "helps mosthelpful"),
        Field("what_to_improve", "What to improve", "improve improvements improvement"),
        Field("renewal", "Renewal, 0 to 10", "renewallikelihood"),
        Field("may_interview", "May be interviewed", "maybeinterviewed interview"),
    ),
}


@dataclass(frozen=True, kw_only=True)
class ColumnMapping:
    """The columns of a file by field key, and the format of its dates.

    `date_format` is `ISO` or a format of strptime; instants without an offset are in `zone`.
    `tenant` is the tenant id of the account, where it differs from the account's id.
    """

    columns: Mapping[str, str]
    date_format: str = ISO
    zone: str = "UTC"
    tenant: str | None = None

    def __post_init__(self) -> None:
        try:
            ZoneInfo(self.zone)
        except (ZoneInfoNotFoundError, ValueError):
            raise InputError(
                f"{self.zone!r} is no time zone: write it like Europe/Berlin."
            ) from None

    @classmethod
    def read(cls, given: Any) -> "ColumnMapping":
        """Read a mapping from its JSON form; raises InputError."""
        if not isinstance(given, dict) or not isinstance(given.get("columns"), dict):
            raise InputError(
                'A mapping is a JSON object such as {"columns": {"id": "Number", "opened_at": '
                '"Created"}, "date_format": "%d/%m/%Y %H:%M"}.'
            )
        unknown = sorted(given.keys() - {"columns", "date_format", "zone", "tenant"})
        if unknown:
            raise InputError(f"The mapping has {unknown[0]!r}, which means nothing: remove it.")
        texts = [*given["columns"].items(), *((k, v) for k, v in given.items() if k != "columns")]
        for key, value in texts:
            if not isinstance(value, str) and (key, value) != ("tenant", None):
                raise InputError(f"{key!r} of the mapping is {value!r}: it is a text.")
        return cls(**given)

    def check(self, kind: str, columns: Sequence[str]) -> None:
        """Raise InputError unless the mapping fits a file with these columns."""
        fields = {f.key: f for f in FIELDS[kind]}
        for key, column in self.columns.items():
            if key not in fields:
                raise InputError(f"{key!r} is no field of {kind}: there is {', '.join(fields)}.")
            if column not in columns:
                raise InputError(f"The file has no column {column!r}: it has {', '.join(columns)}.")
        missing = [f for f in FIELDS[kind] if f.is_needed and f.key not in self.columns]
        if missing:
            raise InputError(
                f"No column is named for {missing[0].label.lower()!r} ({missing[0].key}), without "
                f"which no row can be kept: the file has {', '.join(columns)}."
            )

    def apply(self, kind: str, record: Record) -> Record:
        """Rename the columns of a record to fields; readable instants get their offset."""
        found = {key: record.get(column) for key, column in self.columns.items()}
        for f in FIELDS[kind]:
            text = found.get(f.key)
            if f.is_instant and isinstance(text, str):
                found[f.key] = self._instant(text.strip())
        return found

    def _instant(self, text: str) -> str:
        """ISO 8601 with an offset; an unreadable text is unchanged, for the parser to refuse."""
        read = read_date(text, self.date_format)
        if read is None:
            return text
        try:
            return (read if read.tzinfo else read.replace(tzinfo=ZoneInfo(self.zone))).isoformat()
        except OverflowError:
            return text


def propose(kind: str, columns: Sequence[str]) -> dict[str, str]:
    """Propose a mapping from the header: for each field the first of its names that occurs."""
    free = {_plain(column): column for column in reversed(columns)}
    found: dict[str, str] = {}
    for f in FIELDS[kind]:
        names = (_plain(f.key), *f.names.split())
        column = next((free.pop(name) for name in names if name in free), None)
        if column is not None:
            found[f.key] = column
    return found


def date_formats(texts: Iterable[str]) -> list[str]:
    """Every format in which all of the texts are dates; ISO alone where they are ISO dates."""
    texts = {text.strip() for text in texts if text.strip()}
    for formats in ((ISO,), (day + time for day in DAYS for time in TIMES)):
        fitting = [one for one in formats if all(read_date(text, one) for text in texts)]
        if fitting:
            return fitting
    return []


def read_date(text: str, date_format: str) -> datetime | None:
    """Parse an instant, naive where the text has no offset; None where it does not fit."""
    try:
        if date_format == ISO:
            return datetime.fromisoformat(text)
        return datetime.strptime(text, date_format)  # noqa: DTZ007  # the caller adds the offset
    except ValueError:
        return None


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "", name).lower()
