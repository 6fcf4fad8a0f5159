"""Saved views: a name for a link, kept with the account."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import delete, select

from core.base.errors import InputError
from core.store import SavedView, Scope, table

LONGEST_NAME = 100


@dataclass(frozen=True)
class View:
    """A saved view; `query` has the parameters of its link, each with its values."""

    name: str
    query: Mapping[str, Sequence[str]]


def save_view(scope: Scope, name: str, query: Mapping[str, Sequence[str]]) -> None:
    """Keep a view under a name; one of the same name gives way. Raises InputError."""
    name = " ".join(name.split())
    if not name:
        raise InputError("Give the view a name.")
    if len(name) > LONGEST_NAME:
        raise InputError(f"The name is longer than {LONGEST_NAME} characters: shorten it.")
    row = {"name": name, "query": {key: list(values) for key, values in query.items()}}
    with scope.write() as unit:
        unit.upsert(SavedView, [row | {"saved_at": datetime.now(UTC)}])


def saved_views(scope: Scope) -> list[View]:
    """The account's views by name."""
    views = table(SavedView).c
    found = select(views.name, views.query).where(views.account_id == scope.account)
    with scope.read() as session:
        rows = session.connection().execute(found.order_by(views.name)).all()
    return [View(row.name, row.query) for row in rows]


def forget_view(scope: Scope, name: str) -> None:
    """Remove a view."""
    views = table(SavedView)
    with scope.write() as unit:
        unit.session.connection().execute(
            delete(views).where(views.c.account_id == scope.account, views.c.name == name)
        )
