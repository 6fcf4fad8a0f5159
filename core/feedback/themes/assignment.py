"""The theme of each comment: by hand before rule, by rule before the model."""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property, lru_cache
from hashlib import sha256
from typing import Any, NamedTuple

from sqlalchemy import Select, select
from sqlmodel import Session, SQLModel

from core.base.errors import InputError
from core.base.text import given_text
from core.feedback.themes.comments import Comment
from core.feedback.themes.model import LEAST_COMMENTS, Model, fit, theme_name
from core.store import Theme as ThemeRow
from core.store import ThemeAssignment, ThemeRule, table

HAND, RULE, MODEL = "hand", "rule", "model"
MOST_RULE_TERMS = 50
LONGEST_TERM = 80
# Scripts without spaces between words: a term is also found inside other characters.
UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]"
)
# A group of the model is a stored theme where this share of the group's comments, of those older
# than the theme, belongs to the theme, and to no other theme more.
LEAST_OVERLAP = 0.3


@dataclass(frozen=True)
class PlacingRule:
    """Takes a comment with any of some words, all of others, and none of the last.

    A term is a word or a phrase, matched as a whole and without regard to case; with * at its end
    it also matches the beginning of longer words. Without `any_of`, `all_of` decides. `id` and
    `theme_id` are those of a stored rule.
    """

    any_of: tuple[str, ...] = ()
    all_of: tuple[str, ...] = ()
    none_of: tuple[str, ...] = ()
    id: int | None = None
    theme_id: int | None = None

    def takes(self, text: str) -> bool:
        """Whether a comment belongs to the theme by this rule."""
        plain = _plain(text)
        if self._none is not None and self._none.search(plain):
            return False
        if not all(term.search(plain) for term in self._all):
            return False
        return self._any is None or self._any.search(plain) is not None

    @property
    def terms(self) -> dict[str, list[str]]:
        """The terms by `any_of`, `all_of` and `none_of`."""
        return {name: list(getattr(self, name)) for name in ("any_of", "all_of", "none_of")}

    @cached_property
    def _any(self) -> re.Pattern[str] | None:
        return _one_of(self.any_of)

    @cached_property
    def _none(self) -> re.Pattern[str] | None:
        return _one_of(self.none_of)

    @cached_property
    def _all(self) -> tuple[re.Pattern[str], ...]:
        return tuple(re.compile(_pattern(term)) for term in self.all_of)


class Placing(NamedTuple):
    """The stored theme of a comment: by hand, or by the model when the theme was taken over.

    `digest` is that of the comment's text then: the model's choice holds for this text only.
    """

    theme_id: int | None
    how: str
    digest: str


@dataclass(frozen=True)
class Decisions:
    """An account's stored decisions about themes; `placings` by the keys of comments."""

    themes: Mapping[int, ThemeRow] = field(default_factory=dict)
    rules: tuple[PlacingRule, ...] = ()
    placings: Mapping[str, Placing] = field(default_factory=dict)

    def live(self, theme_id: int | None) -> int | None:
        """The theme itself, or the one it is merged into; None for a deleted theme."""
        seen: set[int] = set()
        while theme_id is not None and theme_id not in seen:
            seen.add(theme_id)
            theme = self.themes.get(theme_id)
            if theme is None or theme.deleted_at is not None:
                return None
            if theme.merged_into is None:
                return theme_id
            theme_id = theme.merged_into
        return None

    @property
    def shown(self) -> list[ThemeRow]:
        """The themes that take comments, the oldest first."""
        return [theme for number, theme in self.themes.items() if self.live(number) == number]


@dataclass(frozen=True, kw_only=True)
class Theme:
    """A theme with all its comments; `how` each was assigned: hand, rule or model.

    `id` is None for a theme of the model about which nothing is decided yet.
    """

    key: str
    id: int | None
    name: str
    is_pinned: bool
    terms: tuple[str, ...]
    comments: tuple[Comment, ...]
    how: tuple[str, ...]


@dataclass(frozen=True)
class Assignment:
    """Every comment in one theme or in none; `is_modelled` says whether a model was used."""

    themes: tuple[Theme, ...]
    unassigned: tuple[Comment, ...]
    is_modelled: bool


def checked_rule(
    any_of: Iterable[str], all_of: Iterable[str] = (), none_of: Iterable[str] = ()
) -> PlacingRule:
    """A validated rule, each term once; raises InputError for a rule that takes everything."""
    rule = PlacingRule(_terms(any_of), _terms(all_of), _terms(none_of))
    if not rule.any_of and not rule.all_of:
        raise InputError("A rule names at least one word or phrase that a comment has.")
    return rule


def load_decisions(session: Session, account: str) -> Decisions:
    """Load the decisions about an account's themes."""

    def own(model: type[SQLModel]) -> Select[Any]:
        return select(table(model)).where(table(model).c.account_id == account)

    rules = own(ThemeRule).where(table(ThemeRule).c.withdrawn_at.is_(None)).order_by("id")
    themes = session.execute(own(ThemeRow).order_by("id")).mappings()
    placings = session.execute(own(ThemeAssignment))
    return Decisions(
        themes={row["id"]: ThemeRow(**row) for row in themes},
        rules=tuple(
            PlacingRule(tuple(r.any_of), tuple(r.all_of), tuple(r.none_of), r.id, r.theme_id)
            for r in session.execute(rules)
        ),
        placings={row.comment: Placing(row.theme_id, row.how, row.said) for row in placings},
    )


def assign_themes(comments: Sequence[Comment], known: Decisions, *, today: date) -> Assignment:
    """Assign the comments of an account to themes; independent of their order.

    The model is fitted to the comments up to yesterday, so that new comments change no group
    today, and assigns all of them. Below `LEAST_COMMENTS` comments there is no model.
    """
    comments = sorted(comments, key=lambda comment: (comment.at, comment.key))
    model = _model(comments, today)
    groups = model.groups_of([c.text for c in comments]) if model else [None] * len(comments)
    certain = {comment.key: _decided_theme(comment, known) for comment in comments}
    owners = _owners(comments, groups, certain, known)
    members: dict[int | str, list[tuple[Comment, str]]] = defaultdict(list)
    unassigned = []
    for comment, group in zip(comments, groups, strict=True):
        theme_id, how = certain[comment.key]
        place: int | str | None = None
        if how:
            place = known.live(theme_id)
        elif model is not None and group is not None:
            owner, how = owners[group], MODEL
            place = _new_key(model, group) if owner is None else known.live(owner)
        if place is None:
            unassigned.append(comment)
        else:
            members[place].append((comment, how))
    themes = [
        _theme(
            members.get(stored.id, []),
            key=str(stored.id),
            id=stored.id,
            name=stored.name,
            is_pinned=stored.is_pinned,
            terms=tuple(stored.terms),
        )
        for stored in known.shown
    ]
    for group in range(len(model.terms) if model else 0):
        assert model is not None
        key, terms = _new_key(model, group), model.terms[group]
        if key in members:
            name = theme_name(terms, [model.nearest[group]])
            themes.append(
                _theme(members[key], key=key, id=None, name=name, is_pinned=False, terms=terms)
            )
    return Assignment(tuple(themes), tuple(unassigned), model is not None)


def _theme(members: Sequence[tuple[Comment, str]], **of: Any) -> Theme:
    comments, how = zip(*members, strict=True) if members else ((), ())
    return Theme(**of, comments=comments, how=how)


def _model(comments: Sequence[Comment], today: date) -> Model | None:
    if len(comments) < LEAST_COMMENTS:
        return None
    settled = [comment for comment in comments if comment.day < today]
    training = settled if len(settled) >= LEAST_COMMENTS else comments
    return fit(frozenset(comment.text for comment in training))


def _decided_theme(comment: Comment, known: Decisions) -> tuple[int | None, str]:
    """The theme of a comment by decisions, if any; an empty `how` leaves it to the model."""
    placing = known.placings.get(comment.key)
    by_hand = placing is not None and placing.how == HAND
    if placing and by_hand and (placing.theme_id is None or known.live(placing.theme_id)):
        return placing.theme_id, HAND
    for rule in known.rules:
        if known.live(rule.theme_id) is not None and rule.takes(comment.text):
            return rule.theme_id, RULE
    if placing and by_hand:
        # Its theme was deleted: it stays in none until someone moves it.
        return None, HAND
    if placing and placing.digest == comment.digest:
        return placing.theme_id, MODEL
    return None, ""


def _owners(
    comments: Sequence[Comment],
    groups: Sequence[int | None],
    certain: Mapping[str, tuple[int | None, str]],
    known: Decisions,
) -> dict[int, int | None]:
    """The stored theme that each group of the model shares most comments with; None for none."""
    members: dict[int, list[Comment]] = defaultdict(list)
    shared: dict[int, Counter[int]] = defaultdict(Counter)
    for comment, group in zip(comments, groups, strict=True):
        if group is not None:
            members[group].append(comment)
            theme_id, how = certain[comment.key]
            # Assignments by hand or rule do not show what the model groups.
            if how == MODEL and theme_id is not None:
                # A deleted theme keeps its group, so that the group does not come back.
                shared[group][known.live(theme_id) or theme_id] += 1
    owners: dict[int, int | None] = {}
    for group, its in members.items():
        both = shared[group]
        best = min(both, key=lambda theme: (-both[theme], theme), default=None)
        if best is not None:
            made_at = known.themes[best].made_at
            if both[best] < LEAST_OVERLAP * sum(comment.at <= made_at for comment in its):
                best = None
        owners[group] = best
    return owners


def _new_key(model: Model, group: int) -> str:
    """The key of a new group; the same as long as its most typical comment is."""
    return f"new-{sha256(model.nearest[group].encode('utf-8', 'surrogatepass')).hexdigest()[:12]}"


def _terms(terms: Iterable[str]) -> tuple[str, ...]:
    found = dict.fromkeys(
        given_text(term, "the word or phrase", longest=LONGEST_TERM)
        for term in terms
        if term.strip()
    )
    if len(found) > MOST_RULE_TERMS:
        raise InputError(f"A rule takes at most {MOST_RULE_TERMS} words and phrases of a kind.")
    if any(not term.strip("* ") for term in found):
        raise InputError("Write * only after the beginning of a word, such as slow*.")
    return tuple(found)


def _one_of(terms: tuple[str, ...]) -> re.Pattern[str] | None:
    return re.compile("|".join(_pattern(term) for term in terms)) if terms else None


def _pattern(term: str) -> str:
    text = _plain(term)
    is_start, text = text.endswith("*"), text.rstrip("* ")
    if UNSPACED.search(text):
        return re.escape(text)
    # A sign such as an emoji has no word boundaries.
    before = r"(?<!\w)" if text[:1].isalnum() else ""
    behind = r"(?!\w)" if text[-1:].isalnum() and not is_start else ""
    return before + re.escape(text) + behind


@lru_cache(maxsize=20_000)
def _plain(text: str) -> str:
    """One line, casefolded, in Unicode's compatibility form (NFKC)."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())
