"""The joins of each fact: its table, its clocks, and the tables of its dimensions."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    String,
    Table,
    and_,
    func,
    literal_column,
    or_,
    select,
    union_all,
)

from core.store import (
    Account,
    Bug,
    BugDevice,
    CalendarDay,
    CyclePlatform,
    Enhancement,
    Feature,
    Feedback,
    Product,
    SurveyResponse,
    TestCycle,
    TestFeature,
    Ticket,
    User,
    table,
)

CALENDAR = table(CalendarDay)
_CYCLE = table(TestCycle)
_FEATURE_LINK = table(TestFeature)
_CYCLE_PLATFORM = table(CyclePlatform)
_BUG = table(Bug)
_DEVICE = table(BugDevice)
_RUN = table(Enhancement)
_TICKET = table(Ticket)
_VOTE = table(Feedback)
_SURVEY = table(SurveyResponse)

# A column of a table or subquery, which `ColumnElement` does not promise to know.
Column = Any


@dataclass(frozen=True)
class Entity:
    """The table of an entity's members, its label column, and the kind of member."""

    table: Table
    label: str
    kind: str | None = None


ENTITIES = {
    "account": Entity(table(Account), "name"),
    "product": Entity(table(Product), "name"),
    "feature": Entity(table(Feature), "title"),
    "customer": Entity(table(User), "name", "customer"),
    "submitter": Entity(table(User), "name", "customer"),
    "tester": Entity(table(User), "name", "tester"),
}


@dataclass(frozen=True)
class Bridge:
    """Join to a multi-valued dimension: a column, and its condition.

    `listed` is set where no index leads from a row to its values, so that they are better listed
    once than looked up: the fact's column, the column that refers to it, and that of the value.
    """

    column: Column
    on: ColumnElement[bool]
    listed: tuple[Column, Column, Column] | None = None

    @property
    def target(self) -> FromClause:
        """The table that the column is in."""
        found: FromClause = self.column.table
        return found


def _several(column: Column, refers: Column, key: Column, **more: Any) -> Bridge:
    """The bridge from the rows of a fact, by their key, to rows that refer to them."""
    of_account = column.table.c.account_id == key.table.c.account_id
    return Bridge(column, and_(of_account, refers == key), **more)


@dataclass(frozen=True)
class FactJoins:
    """A fact's table, and the columns of its dimensions.

    `clocks` maps a date basis to the day column, and `basis` is the one asked for. `columns` maps a
    dimension to its key column, and `bridges` a dimension with several values to its join.
    `parents` maps a table with at most one row for each row of the fact to the column that refers
    to it, in the order of the joins; `through` maps such a table to another that its column needs.
    """

    base: Table
    clocks: Mapping[str, Column]
    columns: Mapping[str, Column] = field(default_factory=dict)
    parents: Mapping[FromClause, Column] = field(default_factory=dict)
    bridges: Mapping[str, Bridge] = field(default_factory=dict)
    through: Mapping[FromClause, FromClause] = field(default_factory=dict)
    basis: str = "default"

    @property
    def clock(self) -> Column:
        """The day column of the date basis, the default one where the fact has no such clock."""
        return self.clocks.get(self.basis, self.clocks["default"])

    def column(self, dimension: str) -> Column:
        """The column whose values are the dimension's keys."""
        if dimension == "day":
            return self.clock
        if dimension == "account":
            return self.base.c.account_id
        if dimension in self.bridges:
            return self.bridges[dimension].column
        return CALENDAR.c[dimension] if dimension in _PERIODS else self.columns[dimension]


_PERIODS = ("week", "month", "quarter", "year", "weekday")

_OF_CYCLE: Mapping[str, Column] = {
    "customer": _CYCLE.c.created_by_id,
    "submitter": _CYCLE.c.submitted_by_id,
    "test_status": _CYCLE.c.status,
    "testing_type": _CYCLE.c.testing_type,
    "test_environment": _CYCLE.c.test_environment,
}
_OF_TICKET: Mapping[str, Column] = {
    "ticket_category": _TICKET.c.category,
    "ticket_priority": _TICKET.c.priority,
    "technician": _TICKET.c.technician,
    "enhanced": _TICKET.c.enhanced,
}
# A ticket has the status of each of its runs, once.
_RUN_STATUS = (
    select(_RUN.c.account_id, _RUN.c.ticket_id, _RUN.c.status)
    .where(_RUN.c.ticket_id.is_not(None))
    .distinct()
    .subquery("run_status")
)
_VOTED = {
    "thumbs_up": _VOTE.c.thumb == literal_column("'up'"),
    "thumbs_down": _VOTE.c.thumb == literal_column("'down'"),
    "rating": _VOTE.c.rating.is_not(None),
}
_TYPES = union_all(
    *(select(literal_column(f"'{key}'", String).label("type")) for key in _VOTED)
).subquery("feedback_type")
_HAS_TYPE = or_(
    *(and_(_TYPES.c.type == literal_column(f"'{key}'"), voted) for key, voted in _VOTED.items())
)
_CYCLE_CLOCKS = {"default": _CYCLE.c.end_day, "start": _CYCLE.c.start_day}

JOINS: Mapping[str, FactJoins] = {
    "tests": FactJoins(
        base=_CYCLE,
        clocks=_CYCLE_CLOCKS,
        columns={"product": _CYCLE.c.product_id, **_OF_CYCLE},
        bridges={
            "feature": _several(_FEATURE_LINK.c.feature_id, _FEATURE_LINK.c.cycle_id, _CYCLE.c.id),
            "platform": _several(
                _CYCLE_PLATFORM.c.platform, _CYCLE_PLATFORM.c.cycle_id, _CYCLE.c.id
            ),
        },
    ),
    "bugs": FactJoins(
        base=_BUG,
        clocks={**_CYCLE_CLOCKS, "reported": _BUG.c.reported_day},
        columns={
            "product": _BUG.c.product_id,
            "feature": _BUG.c.feature_id,
            "tester": _BUG.c.tester_id,
            "severity": _BUG.c.severity,
            "bug_status": _BUG.c.status,
            "rejection_reason": _BUG.c.rejection_reason,
            "known_bug": _BUG.c.known,
            **_OF_CYCLE,
        },
        parents={_CYCLE: _BUG.c.cycle_id},
        bridges={"platform": _several(_DEVICE.c.platform, _DEVICE.c.bug_id, _BUG.c.id)},
    ),
    "test_features": FactJoins(
        base=_FEATURE_LINK,
        clocks=_CYCLE_CLOCKS,
        columns={
            "product": _CYCLE.c.product_id,
            "feature": _FEATURE_LINK.c.feature_id,
            "customer": _CYCLE.c.created_by_id,
        },
        parents={_CYCLE: _FEATURE_LINK.c.cycle_id},
    ),
    "enhancements": FactJoins(
        base=_RUN,
        clocks={"default": _RUN.c.created_day},
        columns={"enhancement_status": _RUN.c.status, **_OF_TICKET},
        parents={_TICKET: _RUN.c.ticket_id},
    ),
    "tickets": FactJoins(
        base=_TICKET,
        clocks={"default": _TICKET.c.day},
        columns={**_OF_TICKET},
        bridges={
            "enhancement_status": _several(
                *(_RUN_STATUS.c.status, _RUN_STATUS.c.ticket_id, _TICKET.c.id),
                listed=(_TICKET.c.id, _RUN.c.ticket_id, _RUN.c.status),
            )
        },
    ),
    "feedback": FactJoins(
        base=_VOTE,
        clocks={"default": _VOTE.c.created_day},
        columns={"enhancement_status": _RUN.c.status, "subject": _VOTE.c.subject, **_OF_TICKET},
        parents={
            _RUN: _VOTE.c.enhancement_id,
            # A vote on a run is a vote on the run's ticket, named in the vote or not.
            _TICKET: func.coalesce(_VOTE.c.ticket_id, _RUN.c.ticket_id),
        },
        bridges={"feedback_type": Bridge(_TYPES.c.type, _HAS_TYPE)},
        through={_TICKET: _RUN},
    ),
    "surveys": FactJoins(base=_SURVEY, clocks={"default": _SURVEY.c.answered_day}),
}


def joined(joins: FactJoins, columns: Iterable[Column], accounts: Sequence[str]) -> FromClause:
    """The fact's table, left-joined to the tables of the columns: no row is lost or repeated.

    Only rows of the accounts find what is joined. A column of a bridge repeats the row for each of
    its values: ask for it only to group by it.
    """
    # One account known beforehand is half of the work of a join on two columns.
    account: Any = accounts[0] if len(accounts) == 1 else joins.base.c.account_id
    needed = {c.table for c in columns}
    if CALENDAR in needed:
        needed.add(joins.clock.table)
    needed |= {joins.through[t] for t in needed if t in joins.through}
    found: FromClause = joins.base
    for parent, child in joins.parents.items():
        if parent in needed:
            on = and_(parent.c.account_id == account, parent.c.id == child)
            found = found.outerjoin(parent, on)
    for bridge in joins.bridges.values():
        if bridge.target in needed:
            found = found.outerjoin(bridge.target, bridge.on)
    if CALENDAR in needed:
        day = and_(CALENDAR.c.account_id == account, CALENDAR.c.day == joins.clock)
        found = found.outerjoin(CALENDAR, day)
    return found


def with_label(
    source: FromClause, entity: str, key: Column, account: Column
) -> tuple[FromClause, Column]:
    """A source joined to the members of an entity by their key, and the column of their labels."""
    members = ENTITIES[entity].table.alias(entity)
    on = members.c.id == key
    if entity != "account":
        on = and_(on, members.c.account_id == account)
    return source.outerjoin(members, on), members.c[ENTITIES[entity].label].label(entity)
