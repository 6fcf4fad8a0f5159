"""The two statements of an answer: the rows, sorted and cut, and the total over all of them."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import FromClause, Integer, Select, and_, func, literal, null, select

from core.analytics.compile import Counts, Key, branches, figure, join_branches, keys_of
from core.analytics.joins import ENTITIES
from core.analytics.model import Dimension
from core.analytics.periods import Days, count_days, days_of_window, period_table, rows_span
from core.analytics.predicates import Asked
from core.analytics.sql import SqlRunner
from core.analytics.zero_fill import zero_branch

COUNT = "total_rows"


def rows_statement(runner: SqlRunner, asked: Asked) -> Select[Any]:
    """The rows with their labels, each with `total_rows`: how many there are without the limit."""
    question = asked.question
    keys = keys_of(question.dimensions)
    found = branches(asked, question.dimensions)
    if question.include_zero:
        span = rows_span(runner, asked) if question.times else None
        zero = zero_branch(runner, asked, keys, count_days(asked, span))
        if zero is not None:
            found.append(zero)
    joint = join_branches(found, keys)
    source, days = _with_days(joint, asked, days_of_window(runner, asked))
    figures = (
        select(*(joint.c[key.name] for key in keys), *_figures(asked, joint, days))
        .select_from(source)
        .subquery("figures")
    )
    return _ordered(asked, keys, figures).limit(question.limit)


def totals_statement(runner: SqlRunner, asked: Asked, counts: Counts) -> Select[Any]:
    """The figures at no dimension, and the counts that go along."""
    joint = join_branches(branches(asked, (), counts), ())
    days = days_of_window(runner, asked)
    total = None if days is None else literal(sum(days.values()), Integer)
    along = [joint.c[count.name] for found in counts.values() for count in found]
    return select(*_figures(asked, joint, total), *along)


def _with_days(joint: FromClause, asked: Asked, days: Days | None) -> tuple[FromClause, Any]:
    """The source of the figures, and the expression for the days of a row's period."""
    if days is None:
        return joint, None
    times = [d.key for d in asked.question.times]
    if not times:
        return joint, literal(sum(days.values()), Integer)
    if not days:
        return joint, null()
    periods = period_table(asked, days, "window_periods")
    on = and_(*(periods.c[key] == joint.c[key] for key in times))
    return joint.outerjoin(periods, on), periods.c.days


def _figures(asked: Asked, joint: FromClause, days: Any) -> list[Any]:
    found = []
    measures: dict[str, Any] = dict(joint.c.items())
    for metric in asked.question.metrics:
        found.append(figure(metric, measures, days).label(metric.key))
        if asked.question.with_samples and metric.sample is not None:
            found.append(func.coalesce(joint.c[metric.sample], 0).label(f"{metric.key}_n"))
    return found


def _ordered(asked: Asked, keys: Sequence[Key], figures: FromClause) -> Select[Any]:
    source = figures
    labels: dict[str, Any] = {}
    for dimension in asked.question.dimensions:
        if dimension.kind == "entity":
            entity = ENTITIES[dimension.key]
            members = entity.table.alias(dimension.key)
            on = members.c.id == figures.c[_id_of(dimension)]
            if dimension.key != "account":
                on = and_(on, members.c.account_id == figures.c.account_id)
            source = source.outerjoin(members, on)
            labels[dimension.key] = members.c[entity.label].label(dimension.key)
        else:
            labels[dimension.key] = figures.c[dimension.key]
    columns = [figures.c["account_id"]] if "account_id" in figures.c else []
    for key, label in labels.items():
        columns += [figures.c[f"{key}_id"]] if f"{key}_id" in figures.c else []
        columns.append(label)
    columns += [c for c in figures.c if c.name not in {key.name for key in keys}]
    count = func.count().over().label(COUNT)
    statement = select(*columns, count).select_from(source)
    return statement.order_by(*_order(asked, keys, figures, labels))


def _id_of(dimension: Dimension) -> str:
    return f"{dimension.key}_id"


def _order(
    asked: Asked, keys: Sequence[Key], figures: FromClause, labels: dict[str, Any]
) -> list[Any]:
    """Asked order first; else time, then the first metric; ties by label, at last by id."""
    question = asked.question
    times = [(labels[d.key], False) for d in question.times]
    if question.sort_by is not None:
        by = dict(zip(question.asked_as, question.dimensions, strict=True))
        name = by[question.sort_by].key if question.sort_by in by else question.sort_by
        first = [(labels.get(name, figures.c.get(name)), question.descending)]
    else:
        first = [*times, (figures.c[question.metrics[0].key], question.descending)]
    rest = [(label, False) for label in labels.values()]
    rest += [(figures.c[key.name], False) for key in keys]
    order: dict[int, Any] = {}
    for column, descending in [*first, *times, *rest]:
        direction = column.desc() if descending else column.asc()
        order.setdefault(id(column), direction.nulls_last())
    return list(order.values())
