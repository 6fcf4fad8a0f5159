"""Notes of a review: saved as they are written, by several people at once, and never lost."""

from dataclasses import dataclass
from datetime import datetime
from difflib import SequenceMatcher

from sqlalchemy import select

from core.base import clock
from core.base.errors import InputError
from core.base.fields import clean
from core.store import Review, ReviewNote, Scope, Unit, table

LONGEST_NOTE = 20_000


@dataclass(frozen=True)
class Note:
    """The text of a section as it stands; version 0 is the blank one before anybody wrote."""

    section: str
    version: int
    text: str
    written_by: str
    written_at: datetime | None


def notes_of(scope: Scope, week: str) -> dict[str, Note]:
    """The latest text of each section that has one."""
    return {note.section: note for note in note_history(scope, week)}


def note_history(scope: Scope, week: str, *, section: str | None = None) -> list[Note]:
    """Every version of the notes of a week, or of one section, the oldest first."""
    note = table(ReviewNote).c
    found = select(note.section, note.version, note.text, note.written_by, note.written_at).where(
        note.account_id == scope.account, note.week == week
    )
    if section is not None:
        found = found.where(note.section == section)
    with scope.read() as session:
        rows = session.connection().execute(found.order_by(note.section, note.version)).all()
    return [Note(*row) for row in rows]


def save_note(scope: Scope, week: str, section: str, text: str, *, by: str, seen: int) -> Note:
    """Save the text of a section; `seen` is the version that it was written over.

    Where others have written meanwhile both texts are kept: what each changed is put together, and
    where they changed the same lines both stand. Answers with the text as it now stands. Raises
    InputError for a closed review and for a text that is too long.
    """
    text = clean(text.replace("\r\n", "\n")).rstrip()
    if len(text) > LONGEST_NOTE:
        raise InputError(f"The note has {len(text):,} characters: shorten it to {LONGEST_NOTE:,}.")
    # No figure shows a note: the agenda need not be made anew at each of them.
    with scope.write(quiet=True) as unit:
        _open_review(unit, week)
        known = _versions(unit, week, section)
        latest = known[max(known)] if known else Note(section, 0, "", "", None)
        base = known[seen].text if seen in known else ""
        if latest.version != seen:
            text = merged_texts(base, latest.text, text)
        if text == latest.text:
            return latest
        saved = Note(section, latest.version + 1, text, by, clock.now())
        unit.session.add(
            ReviewNote(
                account_id=scope.account,
                week=week,
                section=section,
                version=saved.version,
                text=text,
                written_by=by,
                written_at=clock.now(),
            )
        )
    return saved


def _open_review(unit: Unit, week: str) -> None:
    review = unit.session.get(Review, (unit.account_id, week))
    if review is not None and review.closed_at is not None:
        raise InputError(f"The review of {week} is closed: it stays as it was.")


def _versions(unit: Unit, week: str, section: str) -> dict[int, Note]:
    note = table(ReviewNote).c
    found = select(note.section, note.version, note.text, note.written_by, note.written_at).where(
        note.account_id == unit.account_id, note.week == week, note.section == section
    )
    return {row.version: Note(*row) for row in unit.session.connection().execute(found)}


def merged_texts(base: str, theirs: str, mine: str) -> str:
    """Both changes of a text put together, line by line; no line that either wrote is left out.

    Where both changed the same lines, theirs come first. A line that one of them deleted stays
    where the other kept or changed it.
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
        # Changes that touch the same lines are one place where both stand.
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
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    return [
        (start, end, who, new[a:b])
        for kind, start, end, a, b in matcher.get_opcodes()
        if kind != "equal"
    ]
