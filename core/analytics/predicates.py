"""Which rows of a fact a question is about, and the tables that it takes to tell."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    and_,
    exists,
    literal_column,
    not_,
    or_,
    select,
    tuple_,
)

from core.analytics.filters import Wanted, in_scope
from core.analytics.joins import CALENDAR, REACH, Link, Reach, joined
from core.analytics.model import Condition, Dimension
from core.analytics.question import Question


@dataclass(frozen=True)
class Asked:
    """A question together with what its accounts and filters mean in this store."""

    question: Question
    scope: tuple[str, ...]
    wanted: Sequence[Wanted]


def conditions(
    asked: Asked, fact: str, grouped: Iterable[Dimension] = (), *, in_window: bool = True
) -> list[ColumnElement[bool]]:
    """What a row of a fact must meet; a filter on a grouped dimension also limits its groups."""
    reach, question = REACH[fact], asked.question
    found: list[ColumnElement[bool]] = [in_scope(reach.base, asked.scope)]
    of_parents: dict[FromClause, list[ColumnElement[bool]]] = {}
    for table, condition in _narrowing(asked, reach, in_window=in_window):
        if table in reach.parents:
            of_parents.setdefault(table, []).append(condition)
        else:
            found.append(condition)
    # A list of parents and not a join: without it the databases may start from the parents and go
    # through all rows of the fact for each of them.
    found += [in_parent(asked, reach, *parent) for parent in of_parents.items()]
    grouped = tuple(grouped)
    for wanted in asked.wanted:
        place = reach.place(wanted.dimension.key, question.basis)
        if wanted.dimension.key in reach.links and wanted.dimension not in grouped:
            found.append(_linked(asked, reach, wanted))
        elif not _is_narrowing(reach, wanted):
            found.append(wanted.lets(place, reach.base.c.account_id))
    return found


def _is_narrowing(reach: Reach, wanted: Wanted) -> bool:
    """Whether a filter asks for what rows of one table have, and not for what rows lack."""
    return wanted.dimension.key not in reach.links and not wanted.takes_none


def _narrowing(
    asked: Asked, reach: Reach, *, in_window: bool
) -> Iterator[tuple[FromClause, ColumnElement[bool]]]:
    """The conditions that can be asked of one table alone, with that table."""
    question = asked.question
    clock = reach.clock(question.basis)
    if in_window and question.window.start is not None:
        yield clock.table, clock >= question.window.start
    if in_window and question.window.end is not None:
        yield clock.table, clock <= question.window.end
    for wanted in asked.wanted:
        if not _is_narrowing(reach, wanted):
            continue
        place = reach.place(wanted.dimension.key, question.basis)
        if place.table is CALENDAR:
            days = select(CALENDAR.c.day).where(in_scope(CALENDAR, asked.scope))
            condition = clock.in_(days.where(wanted.lets(place, CALENDAR.c.account_id)))
            yield clock.table, condition
        else:
            yield place.table, wanted.lets(place, place.table.c.account_id)


def in_parent(
    asked: Asked, reach: Reach, parent: FromClause, conditions: Iterable[ColumnElement[bool]]
) -> ColumnElement[bool]:
    """A row of a fact has a parent that meets the conditions."""
    return _is_listed(asked, reach, reach.parents[parent], parent.c.id, conditions)


def _is_listed(
    asked: Asked, reach: Reach, own: Any, key: Any, conditions: Iterable[ColumnElement[bool]]
) -> ColumnElement[bool]:
    """A column of a fact is among the keys, in its account, of rows that meet the conditions."""
    keys = select(key)
    if len(asked.scope) != 1:
        own = tuple_(reach.base.c.account_id, own)
        keys = select(key.table.c.account_id, key)
    # No null among the keys: with one, nothing would be known not to be among them.
    known = keys.where(in_scope(key.table, asked.scope), key.is_not(None), *conditions)
    found: ColumnElement[bool] = own.in_(known)
    return found


def _linked(asked: Asked, reach: Reach, wanted: Wanted) -> ColumnElement[bool]:
    """A row has a wanted value of a dimension with several, or none at all; it is not repeated."""
    link = reach.links[wanted.dimension.key]
    column = link.listed[2] if link.listed else link.column
    present = Wanted(wanted.dimension, wanted.members, takes_none=False)
    found = has_value(asked, reach, link, present.lets(column, reach.base.c.account_id))
    return or_(found, not_(has_value(asked, reach, link))) if wanted.takes_none else found


def has_value(
    asked: Asked, reach: Reach, link: Link, *conditions: ColumnElement[bool]
) -> ColumnElement[bool]:
    """A row of a fact has a value, one that meets the conditions, of a dimension with several."""
    if link.listed is not None:
        own, key, _ = link.listed
        return _is_listed(asked, reach, own, key, conditions)
    values: Select[Any] = select(literal_column("1")).select_from(link.target)
    return exists(values.where(link.on, *conditions).correlate(reach.base))


def fact_rows(
    asked: Asked, fact: str, grouped: Iterable[Dimension] = (), *, clocked: bool = False
) -> FromClause:
    """The fact's table with what the groups, the conditions and, if asked for, the clock need."""
    reach, basis = REACH[fact], asked.question.basis
    grouped = tuple(grouped)
    columns = [reach.base.c.account_id]
    columns += [reach.place(d.key, basis) for d in grouped]
    columns += filtered(asked, fact, grouped)
    if clocked:
        columns.append(reach.clock(basis))
    return joined(reach, basis, columns, asked.scope)


def filtered(asked: Asked, fact: str, grouped: Iterable[Dimension] = ()) -> list[Any]:
    """The columns that the conditions of a fact look at beside its own."""
    reach, basis = REACH[fact], asked.question.basis
    found = []
    for wanted in asked.wanted:
        place = reach.place(wanted.dimension.key, basis)
        if not _is_narrowing(reach, wanted):
            if wanted.dimension.key not in reach.links or wanted.dimension in grouped:
                found.append(place)
        elif place.table in reach.through:
            found += [c for c in reach.through[place.table].c if c.name == "id"]
    return found


def holds(base: FromClause, condition: Condition) -> ColumnElement[bool]:
    """A condition of the registry in SQL."""
    columns = [base.c[name] for name in condition.columns]
    if condition.op == "known":
        return or_(*(column.is_not(None) for column in columns))
    if condition.op == "unknown":
        return and_(*(column.is_(None) for column in columns))
    (of,) = columns
    if condition.op == "not beginning":
        return or_(of.is_(None), of.not_like(f"{condition.values[0]}%"))
    if condition.op == "one of":
        return of.in_(condition.values)
    return or_(of.is_(None), of.not_in(condition.values))
