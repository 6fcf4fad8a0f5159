"""Opening a review, closing it as it is, and what was restated since."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic_core import to_jsonable_python
from sqlalchemy import select

from core.analytics.account_settings import note_change
from core.base import clock, text
from core.base.errors import InputError
from core.base.given import given_text
from core.review.actions import actions
from core.review.agenda import agenda, week_of
from core.review.escalation import sent_of
from core.review.notes import notes_of
from core.store import Review, Scope, Unit, table

# Who is expected; the last two are optional.
ROLES = (
    *("Product manager", "Operations lead", "Engineering lead"),
    *("Executive sponsor", "Client account manager"),
)
LONGEST_NAME = 100


@dataclass(frozen=True, kw_only=True)
class Meeting:
    """The review of a week; `content` is what was shown when it closed, None before."""

    week: str
    opened_by: str
    opened_at: datetime
    attendees: Sequence[Sequence[str]]
    closed_by: str | None
    closed_at: datetime | None
    content: Mapping[str, Any] | None


def meetings(scope: Scope) -> list[Meeting]:
    """Every review of an account, the latest week first."""
    review = table(Review)
    found = (
        select(review).where(review.c.account_id == scope.account).order_by(review.c.week.desc())
    )
    with scope.read() as session:
        rows = session.connection().execute(found).mappings().all()
    return [Meeting(**{name: row[name] for name in Meeting.__dataclass_fields__}) for row in rows]


def meeting_of(scope: Scope, week: str) -> Meeting | None:
    """The review of a week; None where nobody has opened it."""
    return next((one for one in meetings(scope) if one.week == week), None)


def open_review(scope: Scope, week: str, *, by: str) -> None:
    """Begin the review of a complete week; one that has begun goes on. Raises InputError."""
    week_of(week, clock.today(scope.zone))
    with scope.write() as unit:
        if unit.session.get(Review, (scope.account, week)) is None:
            unit.session.add(
                Review(account_id=scope.account, week=week, opened_by=by, opened_at=clock.now())
            )


def set_attendees(scope: Scope, week: str, attendees: Mapping[str, str]) -> None:
    """Say who is there by role; a role without a name is left out. Raises InputError."""
    present = [
        [role, given_text(name, f"who the {role.lower()} is", longest=LONGEST_NAME)]
        for role, name in attendees.items()
        if name.strip()
    ]
    with scope.write() as unit:
        known = unit.session.get(Review, (scope.account, week))
        if known is None or known.closed_at is not None:
            raise InputError("Attendees are entered while a review is open.")
        known.attendees = present


def close_review(
    scope: Scope, week: str, *, name: str, by: str, now: datetime | None = None
) -> None:
    """Keep everything that the review showed, with what was written and agreed, and end it.

    Raises InputError where it is not open.
    """
    now = now or clock.now()
    window = week_of(week, now.astimezone(scope.zone).date())

    def compute() -> dict[str, Any]:
        return agenda(scope, window, name=name, now=now) | said_in(scope, week)

    def save(unit: Unit, content: dict[str, Any]) -> None:
        known = unit.session.get(Review, (scope.account, week))
        if known is None or known.closed_at is not None:
            raise InputError("This review is not open: reload the page.")
        known.content, known.closed_by, known.closed_at = content, by, now
        note_change(unit, f"review {week}", by=by, before=None, after={"closed": True})

    scope.freeze(compute, save)


def said_in(scope: Scope, week: str) -> dict[str, Any]:
    """What people wrote, agreed and sent in this review."""
    meeting = meeting_of(scope, week)
    told = {
        "attendees": [] if meeting is None else meeting.attendees,
        "notes": {key: note.text for key, note in notes_of(scope, week).items()},
        "new_actions": [one for one in actions(scope) if one.week == week],
        "sent": sent_of(scope, week=week),
    }
    plain: dict[str, Any] = to_jsonable_python(told)
    return plain


def restated_since(scope: Scope, meeting: Meeting, *, name: str) -> list[str]:
    """What today's data says otherwise of a closed review, line by line, and why."""
    if meeting.content is None or meeting.closed_at is None:
        return []
    then = meeting.content
    now = agenda(scope, week_of(meeting.week, clock.today(scope.zone)), name=name)
    found = []
    today = {row["key"]: row for row in now["criteria"]}
    for row in then["criteria"]:
        other = today.get(row["key"])
        if other is None:
            continue
        was, is_now = (
            f"{text.amount(one['value'], one['unit'])}, {text.lower_first(one['verdict'])}"
            for one in (row, other)
        )
        if was != is_now:
            found.append(f"{row['label']}: closed with {was}; today {is_now} ({_why(row, other)}).")
        elif row["target_words"] != other["target_words"]:
            found.append(f"{row['label']}: the target was {row['target_words']}.")
    series = {one["key"]: one for one in now["series"]}
    for one in then["series"]:
        other = series.get(one["key"])
        if other is None:
            continue
        was, is_now = (text.amount(part["value"], one["unit"]) for part in (one, other))
        if was != is_now:
            found.append(f"{one['label']}: closed with {was}; today {is_now} (late data).")
    gone = [cause for cause in now["causes"] if cause not in then["causes"]]
    return [*found, *(f"Noted since: {cause}." for cause in gone)]


def _why(then: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    if then["definition_version"] != now["definition_version"]:
        return "its definition has changed"
    if (then["with_excluded"] is None) != (now["with_excluded"] is None):
        return "exclusions have changed"
    more = now["n"] - then["n"]
    if more:
        return f"{text.times(abs(more), then['sample'])} {'more' if more > 0 else 'fewer'}"
    if then["target_words"] != now["target_words"]:
        return f"the target was {then['target_words']}"
    return "rows that were already stored have changed"
