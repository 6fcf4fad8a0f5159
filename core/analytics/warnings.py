"""What a person should know beside the figures: rows without a value, without a date, left out."""

from collections.abc import Iterable, Mapping

from sqlalchemy import and_, func, not_, or_, select

from core.analytics import words
from core.analytics.compile import Count, Counts
from core.analytics.definitions.dimensions import DIMENSIONS, FACTS
from core.analytics.joins import REACH
from core.analytics.model import Dimension, LeftOut
from core.analytics.predicates import Asked, conditions, fact_rows, has_value, holds, in_parent
from core.analytics.question import Question
from core.analytics.registry import facts_of
from core.analytics.sql import Row, SqlRunner


def counts_of(asked: Asked) -> Counts:
    """The counts that the notices need, to be taken along with the totals."""
    question = asked.question
    found: dict[str, list[Count]] = {}
    for fact in question.facts:
        for dimension in question.dimensions:
            if dimension.key != "account":
                found.setdefault(fact, []).append(_absent(asked, fact, dimension))
    for fact, left_out in _left_out(question):
        base = REACH[fact].base
        condition = and_(*(holds(base, c) for c in left_out.conditions))
        name = _left_out_name(fact, left_out)
        found.setdefault(fact, []).append(Count(name, condition))
    return found


def _absent(asked: Asked, fact: str, dimension: Dimension) -> Count:
    question, reach = asked.question, REACH[fact]
    name = f"{fact}_without_{dimension.key}"
    place = reach.place(dimension.key, question.basis)
    if dimension.kind == "time":
        # Every day has its periods, so that the calendar need not be asked.
        return Count(name, reach.clock(question.basis).is_(None), DIMENSIONS["day"])
    if dimension.key not in reach.links:
        return Count(name, place.is_(None), dimension)
    return Count(name, not_(has_value(asked, reach, reach.links[dimension.key])))


def _left_out(question: Question) -> Mapping[tuple[str, LeftOut], list[str]]:
    """Rows that metrics leave out, and the labels of those metrics."""
    found: dict[tuple[str, LeftOut], list[str]] = {}
    for metric in question.metrics:
        for left_out in metric.left_out:
            found.setdefault((facts_of(metric)[0], left_out), []).append(metric.label)
    return found


def _left_out_name(fact: str, left_out: LeftOut) -> str:
    return "_".join([fact, "that", *left_out.words.split()])


def notices(
    runner: SqlRunner, asked: Asked, totals: Row, shown: int, total_rows: int
) -> Iterable[str]:
    """The warnings of an answer; `totals` holds the counts that went along."""
    question = asked.question
    for fact in question.facts:
        if question.basis not in FACTS[fact].clocks:
            yield words.no_such_clock(FACTS[fact], question.basis)
    if shown < total_rows:
        yield words.cut(shown, total_rows)
    for fact in question.facts:
        for dimension in question.dimensions:
            n = totals.get(f"{fact}_without_{dimension.key}") or 0
            if n:
                yield words.absent(FACTS[fact], dimension, question.basis, n)
    for (fact, left_out), metrics in _left_out(question).items():
        n = totals[_left_out_name(fact, left_out)]
        if n:
            yield words.left_out(FACTS[fact], metrics, left_out.words, n)
    yield from _undated(runner, asked)
    yield from _weightless(runner, asked)


def _undated(runner: SqlRunner, asked: Asked) -> Iterable[str]:
    question = asked.question
    if not question.window.is_dated:
        return
    for fact in question.facts:
        reach = REACH[fact]
        clock = reach.clock(question.basis)
        if not clock.nullable:
            continue
        without = clock.is_(None)
        if clock.table in reach.parents:
            child = reach.parents[clock.table]
            without = or_(child.is_(None), in_parent(asked, reach, clock.table, [without]))
        statement = (
            select(func.count().label("n"))
            .select_from(fact_rows(asked, fact))
            .where(*conditions(asked, fact, in_window=False), without)
        )
        n = runner.one(statement, is_shown=True)["n"]
        if n:
            yield words.undated(FACTS[fact], question.basis, n)


def _weightless(runner: SqlRunner, asked: Asked) -> Iterable[str]:
    question = asked.question
    if not any(metric.measure == "bug_weight" for metric in question.metrics):
        return
    severity = REACH["bugs"].place("severity", question.basis)
    statement = (
        select(severity.label("severity"), func.count().label("n"))
        .select_from(fact_rows(asked, "bugs"))
        .where(*conditions(asked, "bugs"))
        .where(or_(severity.is_(None), severity.not_in(list(question.weights))))
        .group_by(severity)
        .order_by(severity.asc().nulls_last())
    )
    found = {row["severity"]: row["n"] for row in runner.rows(statement, is_shown=True)}
    if found:
        yield words.weightless(found)
