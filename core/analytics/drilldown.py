"""A fact's rows as a person reads them: ids with their labels, statuses, days and instants."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, and_, or_, select

from core.analytics.definitions.dimensions import DIMENSIONS
from core.analytics.joins import ENTITIES, REACH, joined
from core.analytics.model import Measure
from core.analytics.predicates import Asked, conditions, fact_rows, filtered, holds
from core.store import TestCycle, table

# Before the name of a column that a measure needs, beside those that a person reads.
RAW = "raw_"

_CYCLE = table(TestCycle)

# What a fact's row has beside its dimensions.
OWN: Mapping[str, tuple[str, ...]] = {
    "tests": ("id", "title", "start_at", "end_at"),
    "bugs": ("id", "title", "cycle_id", "reported_at"),
    "test_features": ("cycle_id", "test_feature_id"),
    "enhancements": ("id", "ticket_id", "processing_time_ms", "created_at", "error_message"),
    "tickets": ("id", "opened_at", "resolved_at", "minutes_spent", "reopened"),
    "feedback": ("id", "ticket_id", "enhancement_id", "thumb", "rating", "comment", "created_at"),
    # Not by whom: the rows behind a mean are not to tell who said what.
    "surveys": (
        *("answered_at", "relevance", "accuracy", "usefulness", "overall"),
        *("minutes_saved", "better_resolution", "renewal"),
    ),
}


def measured_rows(
    asked: Asked, fact: str, measures: Iterable[Measure], columns: Iterable[str]
) -> Select[Any]:
    """The rows that count in any of the measures, with columns of the fact's table."""
    base = REACH[fact].base
    return (
        select(*(base.c[name] for name in columns))
        .select_from(fact_rows(asked, fact))
        .where(*conditions(asked, fact), *_counts(base, fact, measures))
    )


def readable_rows(
    asked: Asked, fact: str, measures: Iterable[Measure], columns: Iterable[str]
) -> Select[Any]:
    """The same rows as a person reads them, in the order of their keys."""
    reach, basis = REACH[fact], asked.question.basis
    base = reach.base
    found: list[Any] = [base.c.account_id, *(base.c[name] for name in OWN[fact])]
    found.append(reach.clock(basis).label("day"))
    if fact in {"bugs", "test_features"}:
        found.append(_CYCLE.c.title.label("cycle"))
    own = [
        d
        for d in DIMENSIONS.values()
        if fact in d.facts and d.kind != "time" and d.key not in reach.links
    ]
    places = {d.key: reach.place(d.key, basis) for d in own}
    source = joined(reach, basis, [*filtered(asked, fact), *places.values()], asked.scope)
    for dimension in own:
        place = places[dimension.key]
        if dimension.kind == "attribute":
            found.append(place.label(dimension.key))
        else:
            source, label = _labelled(source, base, dimension.key, place)
            found += [] if dimension.key == "account" else [place.label(f"{dimension.key}_id")]
            found.append(label)
    found += [base.c[name].label(f"{RAW}{name}") for name in columns]
    return (
        select(*dict.fromkeys(found))
        .select_from(source)
        .where(*conditions(asked, fact), *_counts(base, fact, measures))
        .order_by(*base.primary_key)
    )


def _labelled(source: FromClause, base: Any, dimension: str, place: Any) -> tuple[Any, Any]:
    entity = ENTITIES[dimension]
    members = entity.table.alias(dimension)
    on = members.c.id == place
    if dimension != "account":
        on = and_(on, members.c.account_id == base.c.account_id)
    return source.outerjoin(members, on), members.c[entity.label].label(dimension)


def _counts(base: Any, fact: str, measures: Iterable[Measure]) -> list[ColumnElement[bool]]:
    """A row meets all conditions of any measure; nothing where one measure has no conditions."""
    own = [m.conditions for m in measures if m.fact == fact]
    return [or_(*(and_(*(holds(base, c) for c in each)) for each in own))] if all(own) else []
