"""Decisions about themes: make, rename, pin, merge, delete, rule and move; each with its history.

A theme that the model found is stored, with its comments, by the first decision about it.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from core.base import clock
from core.base.errors import InputError
from core.base.text import given_text
from core.feedback.themes.assignment import (
    HAND,
    MODEL,
    Decisions,
    PlacingRule,
    Theme,
    checked_rule,
    load_decisions,
)
from core.feedback.themes.comments import FEEDBACK
from core.store import Feedback, Scope, SurveyResponse, ThemeAssignment, ThemeRule, Unit
from core.store import Theme as ThemeRow

LONGEST_THEME_NAME = 80
GONE = "This theme no longer exists: someone may have changed the list. Reload."


def make_theme(scope: Scope, name: str, *, any_of: Iterable[str] = ()) -> int:
    """Make a theme, with a rule if there are words for it; returns its id.

    Raises InputError for a name that is taken.
    """
    terms = list(any_of)
    rule = checked_rule(terms) if terms else None
    with scope.write() as unit:
        unit.check_account()
        name = _free_name(load_decisions(unit.session, scope.account), name)
        number = _insert(unit, {"name": name, "origin": HAND, "terms": []})
        if rule is not None:
            _insert_rule(unit, number, rule)
        return number


def rename_theme(scope: Scope, theme: Theme, name: str) -> int:
    """Give a theme a name, which the model never changes; returns the theme's id."""
    with scope.write() as unit:
        known = load_decisions(unit.session, scope.account)
        number = _itself(unit, theme)
        name = _free_name(known, name, but=number)
        # One that was stored just now was nowhere else to be changed.
        seen = {"name": theme.name} if number in known.themes else {}
        _change(unit, number, {"name": name}, seen)
        return number


def pin_theme(scope: Scope, theme: Theme, *, is_pinned: bool) -> int:
    """Pin a theme to the top of the list, or unpin it; returns the theme's id."""
    with scope.write() as unit:
        number = _itself(unit, theme)
        _change(unit, number, {"is_pinned": is_pinned}, {"is_pinned": theme.is_pinned})
        return number


def merge_themes(scope: Scope, theme: Theme, into: Theme) -> int:
    """Merge a theme, with its comments and rules, into another; returns the other's id."""
    with scope.write() as unit:
        number, target = _itself(unit, theme), take_over(unit, into)
        if number == target:
            raise InputError("A theme cannot be merged into itself: choose another one.")
        _change(unit, number, {"merged_into": target}, {"merged_into": None})
        return target


def delete_theme(scope: Scope, theme: Theme) -> int:
    """Delete a theme; its comments are in no theme, and the model does not find it again."""
    with scope.write() as unit:
        number = _itself(unit, theme)
        gone = {"deleted_by": unit.author, "deleted_at": clock.now()}
        unit.upsert(ThemeRow, [{"id": number, **gone}])
        before, after = {"deleted": False}, {"deleted": True}
        unit.record_change(_subject(number), before=before, after=after)
        return number


def restore_theme(scope: Scope, theme_id: int) -> None:
    """Restore a deleted or merged theme with the comments and rules it had."""
    with scope.write() as unit:
        known = load_decisions(unit.session, scope.account)
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
            unit.record_change(_subject(theme_id), before=before, after=after)


def add_rule(
    scope: Scope,
    theme: Theme,
    *,
    any_of: Iterable[str] = (),
    all_of: Iterable[str] = (),
    none_of: Iterable[str] = (),
) -> int:
    """Assign comments with these words to a theme; returns the rule's id.

    Where rules of several themes take a comment, the oldest rule decides. A rule that the theme
    has is not added twice. Raises InputError for a rule that takes everything.
    """
    rule = checked_rule(any_of, all_of, none_of)
    with scope.write() as unit:
        number = take_over(unit, theme)
        known = load_decisions(unit.session, scope.account).rules
        same = (one.id for one in known if one.theme_id == number and one.terms == rule.terms)
        return next(same, None) or _insert_rule(unit, number, rule)


def withdraw_rule(scope: Scope, rule_id: int) -> None:
    """Withdraw a rule, so that it assigns no comments any more; the store keeps it."""
    with scope.write() as unit:
        rule = unit.session.get(ThemeRule, (scope.account, rule_id))
        if rule is None or rule.withdrawn_at is not None:
            raise InputError("This rule no longer exists: someone may have withdrawn it.")
        gone = {"withdrawn_by": unit.author, "withdrawn_at": clock.now()}
        unit.upsert(ThemeRule, [{"id": rule_id, **gone}])
        before = {"rule": rule_id} | rule.model_dump(include={"any_of", "all_of", "none_of"})
        unit.record_change(_subject(rule.theme_id), before=before, after=None)


def move_comment(scope: Scope, comment: str, to: Theme | None) -> None:
    """Assign a comment, given by its key, to a theme or to none, whatever rules and model say."""
    with scope.write() as unit:
        if not _is_comment(unit, comment):
            raise InputError("This comment no longer exists: someone may have taken it back.")
        theme_id = None if to is None else take_over(unit, to)
        before = _placing(unit, comment)
        _place(unit, [(comment, "")], theme_id, HAND)
        after = {"theme": theme_id, "how": HAND}
        if after != before:
            unit.record_change(f"theme of {comment}", before=before, after=after)


def release_comment(scope: Scope, comment: str) -> None:
    """Let rules and model assign a comment again that was moved by hand."""
    with scope.write() as unit:
        before = _placing(unit, comment)
        if before is None or before["how"] != HAND:
            return
        # The digest of no text: the model's stored choice does not apply.
        _place(unit, [(comment, "")], None, MODEL)
        unit.record_change(f"theme of {comment}", before=before, after=None)


def take_over(unit: Unit, theme: Theme) -> int:
    """The id of a theme that takes comments; a theme of the model is stored first.

    Part of the unit's writes. Raises InputError for a theme that someone has deleted.
    """
    unit.check_account()
    known = load_decisions(unit.session, unit.account_id)
    if theme.id is not None:
        live = known.live(theme.id)
        if live is None:
            raise InputError(GONE)
        return live
    members = [
        (comment.key, comment.digest)
        for comment, how in zip(theme.comments, theme.how, strict=True)
        if how == MODEL
    ]
    # Someone may have taken it over since it was shown.
    placings = [known.placings.get(key) for key, _ in members]
    ours = {known.live(p.theme_id) for p in placings if p is not None and p.how == MODEL}
    taken = min((theme_id for theme_id in ours if theme_id is not None), default=None)
    if taken is not None:
        return taken
    row = {"name": _unused(known, theme.name), "origin": MODEL, "terms": list(theme.terms)}
    number = _insert(unit, row)
    by_hand = {key for key, placing in known.placings.items() if placing.how == HAND}
    _place(unit, [member for member in members if member[0] not in by_hand], number, MODEL)
    return number


def _itself(unit: Unit, theme: Theme) -> int:
    """As `take_over`; refuses a theme that someone has merged into another meanwhile."""
    number = take_over(unit, theme)
    if theme.id not in {None, number}:
        into = unit.session.get_one(ThemeRow, (unit.account_id, number)).name
        raise InputError(f"Someone has merged {theme.name!r} into {into!r}: decide about that one.")
    return number


def _insert(unit: Unit, row: dict[str, Any]) -> int:
    return unit.enter(ThemeRow, "theme", row, by="made", is_pinned=False)


def _insert_rule(unit: Unit, theme_id: int, rule: PlacingRule) -> int:
    number = unit.next_id(ThemeRule)
    entered = {"entered_by": unit.author, "entered_at": clock.now()}
    unit.upsert(ThemeRule, [{"id": number, "theme_id": theme_id, **rule.terms, **entered}])
    after = {"rule": number, **rule.terms}
    unit.record_change(_subject(theme_id), before=None, after=after)
    return number


def _change(unit: Unit, number: int, after: dict[str, Any], seen: dict[str, Any]) -> None:
    stored = unit.session.get_one(ThemeRow, (unit.account_id, number))
    unit.revise(stored, _subject(number), after, seen)


def _place(unit: Unit, members: Sequence[tuple[str, str]], theme_id: int | None, how: str) -> None:
    row = {"theme_id": theme_id, "how": how, "assigned_by": unit.author, "assigned_at": clock.now()}
    rows = [{"comment": key, "said": digest, **row} for key, digest in members]
    unit.upsert(ThemeAssignment, rows)


def _placing(unit: Unit, comment: str) -> dict[str, Any] | None:
    placing = unit.session.get(ThemeAssignment, (unit.account_id, comment))
    return None if placing is None else {"theme": placing.theme_id, "how": placing.how}


def _is_comment(unit: Unit, comment: str) -> bool:
    source, _, rest = comment.partition(":")
    if source == FEEDBACK:
        return unit.session.get(Feedback, (unit.account_id, rest)) is not None
    key = rest.rpartition(":")[0]
    return unit.session.get(SurveyResponse, (unit.account_id, key)) is not None


def _free_name(known: Decisions, name: str, *, but: int | None = None) -> str:
    name = given_text(name, "what the theme is called", longest=LONGEST_THEME_NAME)
    if any(t.name.casefold() == name.casefold() and t.id != but for t in known.shown):
        raise InputError(f"There is a theme {name!r} already: merge them, or take another name.")
    return name


def _unused(known: Decisions, name: str) -> str:
    """The name, with a number where another theme has it."""
    taken = {theme.name.casefold() for theme in known.shown}
    names = [name, *(f"{name} {n}" for n in range(2, len(taken) + 2))]
    return next(free for free in names if free.casefold() not in taken)


def _subject(theme_id: int) -> str:
    return f"theme {theme_id}"
