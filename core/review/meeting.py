"""The meeting: opening a review, its notes and attendees, closing it, and later restatements."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from difflib import SequenceMatcher
from typing import Any

from pydantic_core import to_jsonable_python
from sqlmodel import Session, col, select

from core.base import clock, text
from core.base.errors import InputError
from core.base.text import LONGEST_NAME, clean, given_text
from core.criteria.words import CriterionRow
from core.review.actions import actions, check_open, sent_of
from core.review.agenda import agenda, week_of
from core.store import Review, ReviewNote, Scope, Unit, table

# Who is expected; the last two are optional.
ROLES = (
    *("Product manager", "Operations lead", "Engineering lead"),
    *("Executive sponsor", "Client account manager"),
)
LONGEST_NOTE = 20_000
UNDO = timedelta(hours=1)
MOST_MATCHED = 2_000


def meetings(scope: Scope) -> list[Review]:
    """Every review of an account, the latest week first."""
    return scope.objects(Review, order_by=[table(Review).c.week.desc()])


def meeting_of(scope: Scope, week: str) -> Review | None:
    """The review of a week; None before it was opened."""
    return scope.get(Review, week)


def open_review(scope: Scope, week: str) -> None:
    """Begin the review of a complete week; one that has begun goes on. Raises InputError."""
    week_of(week, clock.today(scope.zone))
    with scope.write() as unit:
        begun = {"opened_by": unit.author, "opened_at": clock.now(), "attendees": []}
        unit.upsert(Review, [{"week": week, **begun}], keep_existing=True)


def set_attendees(
    scope: Scope, week: str, attendees: Mapping[str, str], *, seen: Mapping[str, str]
) -> None:
    """Record the attendees by role; a role without a name is left out. Raises InputError.

    `seen` are the names as they were shown: see `Unit.merge`.
    """
    present = {
        role: name and given_text(name, f"who the {role.lower()} is", longest=LONGEST_NAME)
        for role, name in ((role, name.strip()) for role, name in attendees.items())
    }
    with scope.write() as unit:
        check_open(unit, week)
        known = unit.known(Review, week, f"The review of {week} has not begun.")
        before, subject = dict(known.attendees), f"review {week}"
        now = dict.fromkeys(present, "") | before
        after = unit.merge(subject, now, present, dict.fromkeys(present, "") | {**seen})
        if after != now:
            known.attendees = [[role, name] for role, name in after.items() if name]
            unit.record_change(subject, before=before, after=after)


def notes_of(scope: Scope, week: str) -> dict[str, ReviewNote]:
    """The latest text of each section that has one."""
    with scope.read() as session:
        return _notes(session, scope.account, week)


def _notes(session: Session, account: str, week: str) -> dict[str, ReviewNote]:
    found = select(ReviewNote).filter_by(account_id=account, week=week)
    return {note.section: note for note in session.exec(found.order_by(col(ReviewNote.version)))}


def save_note(scope: Scope, week: str, section: str, written: str, *, seen: int) -> tuple[str, int]:
    """Save the text of a section and return the resulting text and its version.

    `seen` is the version that it was written over, 0 for none. Where others have written in the
    meantime, both changes are merged; where they changed the same lines, both are kept. Raises
    InputError for a closed review and for a text that is too long.
    """
    written = clean(written.replace("\r\n", "\n")).rstrip()
    if len(written) > LONGEST_NOTE:
        raise InputError(
            f"The note has {len(written):,} characters: shorten it to {LONGEST_NOTE:,}."
        )
    # No figure shows a note: the agenda need not be computed again for it.
    with scope.write(quiet=True) as unit:
        check_open(unit, week)
        own = {"week": week, "section": section}
        versions = select(ReviewNote).filter_by(account_id=scope.account, **own)
        known = unit.session.exec(versions.order_by(col(ReviewNote.version))).all()
        latest, version = (known[-1].text, known[-1].version) if known else ("", 0)
        if version != seen:
            base = next((note.text for note in known if note.version == seen), "")
            written = merged_texts(base, latest, written)
        if written == latest:
            return latest, version
        note = own | {"version": version + 1, "text": written}
        note |= {"written_by": unit.author, "written_at": clock.now()}
        unit.upsert(ReviewNote, [note])
    return written, version + 1


def close_review(
    scope: Scope, week: str, *, left_open: Sequence[str] = (), now: datetime | None = None
) -> None:
    """Store everything that the review shows, with its notes and actions, and close it.

    `left_open` says what was not done, a sentence each. Raises InputError where it is not open.
    """
    now = now or clock.now()
    window = week_of(week, now.astimezone(scope.zone).date())

    def compute() -> dict[str, Any]:
        shown = agenda(scope, window, now=now) | said_in(scope, week)
        return shown | {"left_open": [*left_open]}

    def save(unit: Unit, content: dict[str, Any]) -> None:
        known = unit.session.get(Review, (scope.account, week))
        if known is None or known.closed_at is not None:
            raise InputError("This review is not open: reload the page.")
        # Notes are written quietly: one may have been saved since the content was computed.
        texts = {key: note.text for key, note in _notes(unit.session, scope.account, week).items()}
        known.content = content | {"notes": texts}
        known.closed_by, known.closed_at = unit.author, now
        after = {"closed": True, "left_open": [*left_open]}
        unit.record_change(f"review {week}", before=None, after=after)

    scope.freeze(compute, save)


def reopen_review(scope: Scope, week: str) -> None:
    """Undo a close within `UNDO`; what it had stored is kept in the history.

    Raises InputError where it is too late, or the review is not closed.
    """
    with scope.write() as unit:
        known = unit.known(Review, week, f"The review of {week} has not begun.")
        if known.closed_at is None:
            raise InputError("This review is open: reload the page.")
        if not can_reopen(known):
            raise InputError("It was closed more than an hour ago: it stays as it was.")
        state = known.model_dump(include={"closed_by", "closed_at", "content"})
        for name in state:
            setattr(known, name, None)
        unit.record_change(f"review {week}", before=state, after={"closed": False})


def can_reopen(meeting: Review) -> bool:
    """Whether a review is closed, and not for longer than `UNDO`."""
    return meeting.closed_at is not None and clock.now() - meeting.closed_at <= UNDO


def said_in(scope: Scope, week: str) -> dict[str, Any]:
    """The attendees, notes, actions and sent escalations of a review, as JSON."""
    meeting = meeting_of(scope, week)
    told = {
        "attendees": [] if meeting is None else meeting.attendees,
        "notes": {key: note.text for key, note in notes_of(scope, week).items()},
        "new_actions": [one for one in actions(scope) if one.week == week],
        "sent": sent_of(scope, week=week),
    }
    plain: dict[str, Any] = to_jsonable_python(told)
    return plain


def restated_since(scope: Scope, meeting: Review) -> list[str]:
    """Where today's data differs from a closed review, a sentence each, with the reason."""
    if meeting.content is None or meeting.closed_at is None:
        return []
    then = meeting.content
    now = agenda(scope, week_of(meeting.week, clock.today(scope.zone)))
    found = []
    today = {row["key"]: row for row in now["criteria"]}
    for row in then["criteria"]:
        other = today.get(row["key"])
        if other is None:
            continue
        closed, now_row = CriterionRow.load(row), CriterionRow.load(other)
        if not now_row.is_like(closed):
            was, is_now = closed.judged_value, now_row.judged_value
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
    if then["method"] != now["method"]:
        return f"its interval was by another method: {then['method']}"
    return "rows that were already stored have changed"


def merged_texts(base: str, theirs: str, mine: str) -> str:
    """Merge two changes of a text line by line, without losing a line that either wrote.

    Where both changed the same lines, theirs come first. A line that one side deleted stays where
    the other kept or changed it.
    """
    if theirs in {base, mine}:
        return mine
    if base == mine:
        return theirs
    old, one, two = (text.split("\n") for text in (base, theirs, mine))
    changes = sorted([*_changes(old, one, 0), *_changes(old, two, 1)])
    found: list[str] = []
    at = 0
    while changes:
        start, end, _, lines = changes.pop(0)
        together = [lines]
        # Of changes that touch the same lines both are kept.
        while changes and (changes[0][0] < end or changes[0][0] == start):
            _, other_end, _, more = changes.pop(0)
            end = max(end, other_end)
            together.append(more)
        found += old[at:start]
        for n, part in enumerate(together):
            if part not in together[:n]:
                found += part
        at = end
    return "\n".join(found + old[at:])


def _changes(old: list[str], new: list[str], who: int) -> list[tuple[int, int, int, list[str]]]:
    # The matcher's time may grow with the cube of the lines: of more than any note has in practice
    # all are taken as changed.
    if len(old) + len(new) > MOST_MATCHED:
        return [(0, len(old), who, new)]
    return [
        (start, end, who, new[a:b])
        for kind, start, end, a, b in SequenceMatcher(None, old, new).get_opcodes()
        if kind != "equal"
    ]
