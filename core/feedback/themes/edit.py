"""What people do with themes: make, name, pin, merge, delete, rule and move; each with its history.

A theme that the model found is taken over, with its comments, by the first decision about it.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select

from core.analytics.account_settings import Change, changes, note_change
from core.base.errors import InputError
from core.base.given import given_text
from core.feedback.themes.comments import FEEDBACK
from core.feedback.themes.decided import HAND, MODEL, Decided, decided
from core.feedback.themes.placed import Theme
from core.feedback.themes.rules import Rule, checked_rule
from core.store import (
    Account,
    Feedback,
    Scope,
    SurveyResponse,
    ThemeAssignment,
    ThemeRule,
    Unit,
    table,
)
from core.store import Theme as ThemeRow

LONGEST_NAME = 80
GONE = "There is no such theme any more: someone may have changed the list. Reload."


def make_theme(scope: Scope, name: str, *, by: str, any_of: Iterable[str] = ()) -> int:
    """Make a theme, with a rule if there are words for it, and answer with its id.

    Raises InputError for a name that is taken.
    """
    terms = list(any_of)
    rule = checked_rule(terms) if terms else None
    with scope.write() as unit:
        _in_account(unit)
        name = _free_name(decided(unit.session, scope.account), name)
        number = _enter(unit, {"name": name, "origin": HAND, "terms": []}, by)
        if rule is not None:
            _enter_rule(unit, number, rule, by)
        return number


def rename_theme(scope: Scope, theme: Theme, name: str, *, by: str) -> int:
    """Give a theme a name, which the model never changes; answers with the theme's id."""
    with scope.write() as unit:
        number = take_over(unit, theme, by=by)
        known = decided(unit.session, scope.account)
        name = _free_name(known, name, but=number)
        _change(unit, number, by, {"name": known.themes[number].name}, {"name": name})
        return number


def pin_theme(scope: Scope, theme: Theme, *, is_pinned: bool, by: str) -> int:
    """Keep a theme at the top of the list, or no longer; answers with the theme's id."""
    with scope.write() as unit:
        number = take_over(unit, theme, by=by)
        was = decided(unit.session, scope.account).themes[number].is_pinned
        _change(unit, number, by, {"is_pinned": was}, {"is_pinned": is_pinned})
        return number


def merge_themes(scope: Scope, theme: Theme, into: Theme, *, by: str) -> int:
    """Make a theme part of another, with its comments and rules; answers with the other's id."""
    with scope.write() as unit:
        number, target = take_over(unit, theme, by=by), take_over(unit, into, by=by)
        if number == target:
            raise InputError("A theme cannot be merged into itself: choose another one.")
        _change(unit, number, by, {"merged_into": None}, {"merged_into": target})
        return target


def delete_theme(scope: Scope, theme: Theme, *, by: str) -> int:
    """Take a theme away; its comments belong to none, and the model does not bring it back."""
    with scope.write() as unit:
        number = take_over(unit, theme, by=by)
        gone = {"deleted_by": by, "deleted_at": datetime.now(UTC)}
        unit.upsert(ThemeRow, [{"id": number, **gone}])
        note_change(
            unit, _subject(number), by=by, before={"deleted": False}, after={"deleted": True}
        )
        return number


def restore_theme(scope: Scope, theme_id: int, *, by: str) -> None:
    """Bring back a theme that was deleted or merged, with the comments and rules it had."""
    with scope.write() as unit:
        known = decided(unit.session, scope.account)
        theme = known.themes.get(theme_id)
        if theme is None:
            raise InputError(GONE)
        # Another theme may have got its name meanwhile.
        _free_name(known, theme.name, but=theme_id)
        before = {"deleted": theme.deleted_at is not None, "merged_into": theme.merged_into}
        back = {"deleted_by": None, "deleted_at": None, "merged_into": None}
        unit.upsert(ThemeRow, [{"id": theme_id, **back}])
        after = {"deleted": False, "merged_into": None}
        if after != before:
            note_change(unit, _subject(theme_id), by=by, before=before, after=after)


def add_rule(
    scope: Scope,
    theme: Theme,
    *,
    by: str,
    any_of: Iterable[str] = (),
    all_of: Iterable[str] = (),
    none_of: Iterable[str] = (),
) -> int:
    """Have comments with these words belong to a theme, and answer with the rule's id.

    Of rules of several themes that take a comment, the oldest decides. Raises InputError for a
    rule that takes everything.
    """
    rule = checked_rule(any_of, all_of, none_of)
    with scope.write() as unit:
        return _enter_rule(unit, take_over(unit, theme, by=by), rule, by)


def withdraw_rule(scope: Scope, rule_id: int, *, by: str) -> None:
    """Have a rule give its theme no comments any more; the store keeps it."""
    with scope.write() as unit:
        known = [r for r in decided(unit.session, scope.account).rules if r.id == rule_id]
        if not known:
            raise InputError("There is no such rule any more: someone may have taken it back.")
        gone = {"withdrawn_by": by, "withdrawn_at": datetime.now(UTC)}
        unit.upsert(ThemeRule, [{"id": rule_id, **gone}])
        before = {"rule": rule_id, **_words(known[0].rule)}
        note_change(unit, _subject(known[0].theme_id), by=by, before=before, after=None)


def move_comment(scope: Scope, comment: str, to: Theme | None, *, by: str) -> None:
    """Put a comment, named by its key, into a theme, or into none; there it stays."""
    with scope.write() as unit:
        if not _is_comment(unit, comment):
            raise InputError("There is no such comment any more: someone may have taken it back.")
        theme_id = None if to is None else take_over(unit, to, by=by)
        before = _placing(decided(unit.session, scope.account), comment)
        _place(unit, [(comment, "")], theme_id, HAND, by)
        after = {"theme": theme_id, "how": HAND}
        if after != before:
            note_change(unit, _of_comment(comment), by=by, before=before, after=after)


def release_comment(scope: Scope, comment: str, *, by: str) -> None:
    """Leave a comment that was moved by hand to the rules and the model again."""
    with scope.write() as unit:
        before = _placing(decided(unit.session, scope.account), comment)
        if before is None or before["how"] != HAND:
            return
        # Words that no comment has: the model's word for it does not hold.
        _place(unit, [(comment, "")], None, MODEL, by)
        note_change(unit, _of_comment(comment), by=by, before=before, after=None)


def theme_history(scope: Scope, theme_id: int) -> list[Change]:
    """Who changed a theme when, the newest change first."""
    return changes(scope, subject=_subject(theme_id))


def take_over(unit: Unit, theme: Theme, *, by: str) -> int:
    """The id of a theme that takes comments; one that the model found is entered first.

    Part of the unit's writes. Raises InputError for a theme that someone has deleted.
    """
    _in_account(unit)
    known = decided(unit.session, unit.account_id)
    if theme.id is not None:
        live = known.live(theme.id)
        if live is None:
            raise InputError(GONE)
        return live
    members = [
        (comment.key, comment.said)
        for comment, how in zip(theme.comments, theme.how, strict=True)
        if how == MODEL
    ]
    # Someone may have taken it over since it was shown.
    placings = [known.placings.get(key) for key, _ in members]
    ours = {known.live(p.theme_id) for p in placings if p is not None and p.how == MODEL}
    taken = min((theme_id for theme_id in ours if theme_id is not None), default=None)
    if taken is not None:
        return taken
    number = _enter(
        unit,
        {"name": _unused(known, theme.name), "origin": MODEL, "terms": list(theme.terms)},
        by,
    )
    by_hand = {key for key, placing in known.placings.items() if placing.how == HAND}
    _place(unit, [member for member in members if member[0] not in by_hand], number, MODEL, by)
    return number


def _enter(unit: Unit, row: dict[str, Any], by: str) -> int:
    number = unit.next_id(ThemeRow)
    made = {"made_by": by, "made_at": datetime.now(UTC), "is_pinned": False}
    unit.upsert(ThemeRow, [{"id": number, **row, **made}])
    note_change(unit, _subject(number), by=by, before=None, after=row)
    return number


def _enter_rule(unit: Unit, theme_id: int, rule: Rule, by: str) -> int:
    number, words = unit.next_id(ThemeRule), _words(rule)
    entered = {"entered_by": by, "entered_at": datetime.now(UTC)}
    unit.upsert(ThemeRule, [{"id": number, "theme_id": theme_id, **words, **entered}])
    note_change(unit, _subject(theme_id), by=by, before=None, after={"rule": number, **words})
    return number


def _change(
    unit: Unit, number: int, by: str, before: dict[str, Any], after: dict[str, Any]
) -> None:
    if after != before:
        unit.upsert(ThemeRow, [{"id": number, **after}])
        note_change(unit, _subject(number), by=by, before=before, after=after)


def _place(
    unit: Unit, members: Sequence[tuple[str, str]], theme_id: int | None, how: str, by: str
) -> None:
    placed = {"theme_id": theme_id, "how": how, "assigned_by": by, "assigned_at": datetime.now(UTC)}
    unit.upsert(
        ThemeAssignment, [{"comment": key, "said": said, **placed} for key, said in members]
    )


def _placing(known: Decided, comment: str) -> dict[str, Any] | None:
    placing = known.placings.get(comment)
    return None if placing is None else {"theme": placing.theme_id, "how": placing.how}


def _is_comment(unit: Unit, comment: str) -> bool:
    source, _, rest = comment.partition(":")
    model, key = (
        (Feedback, rest) if source == FEEDBACK else (SurveyResponse, rest.rpartition(":")[0])
    )
    own = table(model).c
    found = select(own.id).where(own.account_id == unit.account_id, own.id == key)
    return unit.session.connection().execute(found).first() is not None


def _in_account(unit: Unit) -> None:
    if unit.session.get(Account, unit.account_id) is None:
        raise InputError(f"There is no account {unit.account_id!r}: choose one that exists.")


def _free_name(known: Decided, name: str, *, but: int | None = None) -> str:
    name = given_text(name, "what the theme is called", longest=LONGEST_NAME)
    if any(t.name.casefold() == name.casefold() and t.id != but for t in known.shown):
        raise InputError(f"There is a theme {name!r} already: merge them, or take another name.")
    return name


def _unused(known: Decided, name: str) -> str:
    """The name, with a number where another theme has it."""
    taken = {theme.name.casefold() for theme in known.shown}
    names = [name, *(f"{name} {n}" for n in range(2, len(taken) + 2))]
    return next(free for free in names if free.casefold() not in taken)


def _words(rule: Rule) -> dict[str, list[str]]:
    return {name: list(getattr(rule, name)) for name in ("any_of", "all_of", "none_of")}


def _subject(theme_id: int) -> str:
    return f"theme {theme_id}"


def _of_comment(comment: str) -> str:
    return f"theme of {comment}"
