"""Baseline windows, exclusions, annotations, surveys, what Prometheus tells, more criteria."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

# Key, label, direction, target, its upper end, unit, owner, guardrail, position, rationale.
CRITERIA: tuple[tuple[Any, ...], ...] = (
    (
        *("roi", "Return on investment", "above", 0.0, None, "money", "Product manager", False, 4),
        "The time saved has to be worth more than the platform costs.",
    ),
    (
        *("throughput", "Tickets a day", "within", 50.0, 100.0, "per day"),
        *("Operations lead", True, 8),
        "Fewer say that the platform is passed by, more that it was not sized for this.",
    ),
    (
        *("availability", "Availability", "above", 0.995, None, "fraction"),
        *("Engineering lead", True, 9),
        "What is not there helps nobody.",
    ),
    (
        *("queue_depth", "Queue depth", "below", 10.0, None, "waiting"),
        *("Engineering lead", True, 10),
        "A queue that grows is the first sign of slow tickets to come.",
    ),
    (
        *("worker_utilisation", "Worker utilisation", "below", 0.80, None, "fraction"),
        *("Engineering lead", True, 11),
        "Workers without slack cannot take a busy hour.",
    ),
)
COLUMNS = (
    *("key", "label", "direction", "target", "upper_target", "unit", "owner", "is_guardrail"),
    *("position", "rationale"),
)


def upgrade() -> None:
    _columns()
    _criteria()
    _decided()
    _read()


def _columns() -> None:
    op.add_column("criterion", sa.Column("upper_target", sa.Float(), nullable=True))
    # Holds all that a criterion reads of a run, so that a week of many runs is one short reading.
    op.drop_index("ix_enhancement_created_day", "enhancement")
    op.create_index(
        "ix_enhancement_created_day",
        "enhancement",
        ["account_id", "created_day", "status", "processing_time_ms"],
    )


def _criteria() -> None:
    """Give each account the criteria that a new one starts with."""
    connection = op.get_bind()
    account, criterion = sa.table("account", sa.column("id")), sa.table("criterion")
    for name in ("account_id", *COLUMNS):
        criterion.append_column(sa.column(name))
    connection.execute(
        sa.update(criterion)
        .where(criterion.c.is_guardrail.is_(sa.true()))
        .values(position=criterion.c.position + 1)
    )
    rows = [
        {"account_id": account_id} | dict(zip(COLUMNS, row, strict=True))
        for account_id in connection.execute(sa.select(account.c.id)).scalars().all()
        for row in CRITERIA
    ]
    if rows:
        connection.execute(sa.insert(criterion), rows)


def _table(name: str, *columns: sa.Column[Any], keys: tuple[str, ...]) -> None:
    op.create_table(
        name,
        sa.Column("account_id", sa.String(), nullable=False),
        *columns,
        sa.ForeignKeyConstraint(["account_id"], ["account.id"]),
        sa.PrimaryKeyConstraint("account_id", *keys),
        sqlite_with_rowid=False,
    )


def _instant(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _text(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.String(), nullable=nullable)


def _id() -> sa.Column[Any]:
    return sa.Column("id", sa.BigInteger(), nullable=False)


def _entered() -> tuple[sa.Column[Any], ...]:
    return (
        _text("entered_by"),
        _instant("entered_at"),
        _text("withdrawn_by", nullable=True),
        _instant("withdrawn_at", nullable=True),
    )


def _decided() -> None:
    _table(
        "exclusion",
        _id(),
        _instant("from_at"),
        _instant("to_at"),
        _text("kind"),
        _text("reason"),
        _text("subject", nullable=True),
        _text("finding", nullable=True),
        *_entered(),
        keys=("id",),
    )
    _table(
        "baseline_window",
        _id(),
        _text("name"),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        _text("planned_by"),
        _instant("planned_at"),
        sa.Column("restarted_as", sa.BigInteger(), nullable=True),
        _text("frozen_by", nullable=True),
        _instant("frozen_at", nullable=True),
        sa.Column("content", sa.JSON(), nullable=True),
        keys=("id",),
    )
    _table(
        "annotation",
        _id(),
        _text("kind"),
        _instant("from_at"),
        _instant("to_at", nullable=True),
        _text("text"),
        *_entered(),
        keys=("id",),
    )
    op.create_index("ix_annotation_from", "annotation", ["account_id", "from_at"])
    _table(
        "survey_response",
        _text("id"),
        _text("respondent", nullable=True),
        _instant("answered_at"),
        sa.Column("answered_day", sa.Date(), nullable=False),
        *(
            sa.Column(name, sa.Integer(), nullable=True)
            for name in ("relevance", "accuracy", "usefulness", "overall")
        ),
        sa.Column("minutes_saved", sa.Float(), nullable=True),
        _text("better_resolution", nullable=True),
        _text("what_helps", nullable=True),
        _text("what_to_improve", nullable=True),
        sa.Column("renewal", sa.Integer(), nullable=True),
        sa.Column("may_interview", sa.Boolean(), nullable=True),
        keys=("id",),
    )
    op.create_index(
        "ix_survey_response_answered_day", "survey_response", ["account_id", "answered_day"]
    )


def _read() -> None:
    _table(
        "counter_increment",
        _text("series"),
        _instant("at"),
        sa.Column("increase", sa.Float(), nullable=False),
        keys=("series", "at"),
    )
    _table(
        "gauge_reading",
        _text("series"),
        _instant("at"),
        sa.Column("mean", sa.Float(), nullable=False),
        sa.Column("greatest", sa.Float(), nullable=False),
        sa.Column("scrapes", sa.Integer(), nullable=False),
        keys=("series", "at"),
    )
    _table("scrape_span", _instant("from_at"), _instant("to_at"), keys=("from_at",))
    _table(
        "scrape_gap",
        _text("series"),
        _text("kind"),
        _instant("from_at"),
        _instant("to_at"),
        keys=("series", "kind", "from_at"),
    )
