"""What people have decided about themes, as the store has it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlmodel import Session

from core.feedback.themes.rules import Rule
from core.store import Theme, ThemeAssignment, ThemeRule, table

HAND, MODEL = "hand", "model"


@dataclass(frozen=True, kw_only=True)
class KeptTheme:
    """A theme that someone made or took over; one that is merged or deleted takes no comments."""

    id: int
    name: str
    origin: str
    is_pinned: bool
    terms: tuple[str, ...]
    made_by: str
    made_at: datetime
    merged_into: int | None
    deleted_at: datetime | None


@dataclass(frozen=True)
class KeptRule:
    """A rule in force of a theme."""

    id: int
    theme_id: int
    rule: Rule


@dataclass(frozen=True)
class Placing:
    """Where a comment was put: by hand, or by the model when the theme was taken over.

    `said` is the comment's own then: the model's word holds for these words only.
    """

    theme_id: int | None
    how: str
    said: str


@dataclass(frozen=True)
class Decided:
    """All of an account's decisions about themes; `placings` by the keys of comments."""

    themes: Mapping[int, KeptTheme] = field(default_factory=dict)
    rules: tuple[KeptRule, ...] = ()
    placings: Mapping[str, Placing] = field(default_factory=dict)

    def live(self, theme_id: int | None) -> int | None:
        """The theme itself, or the one that it is merged into; None for one that was deleted."""
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
    def shown(self) -> list[KeptTheme]:
        """The themes that take comments, in the order in which they were made."""
        return [theme for number, theme in self.themes.items() if self.live(number) == number]


def decided(session: Session, account: str) -> Decided:
    """What people have decided about the themes of an account."""
    connection = session.connection()
    theme, rule, placing = table(Theme), table(ThemeRule).c, table(ThemeAssignment).c
    themes = select(theme).where(theme.c.account_id == account).order_by(theme.c.id)
    rules = (
        select(rule.id, rule.theme_id, rule.any_of, rule.all_of, rule.none_of)
        .where(rule.account_id == account, rule.withdrawn_at.is_(None))
        .order_by(rule.id)
    )
    placings = select(placing.comment, placing.theme_id, placing.how, placing.said).where(
        placing.account_id == account
    )
    return Decided(
        themes={row["id"]: _theme(row) for row in connection.execute(themes).mappings()},
        rules=tuple(
            KeptRule(number, of, Rule(*map(tuple, words)))
            for number, of, *words in connection.execute(rules)
        ),
        placings={key: Placing(*rest) for key, *rest in connection.execute(placings)},
    )


def _theme(row: Any) -> KeptTheme:
    values = {name: row[name] for name in KeptTheme.__dataclass_fields__}
    return KeptTheme(**values | {"terms": tuple(row["terms"])})
