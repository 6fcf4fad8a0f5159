"""The first form of the store"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "account",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("is_demo", sa.Boolean(), nullable=False),
        sa.Column("timezone", sa.String(), nullable=False),
        sa.Column("data_version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "calendar",
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("week", sa.String(), nullable=False),
        sa.Column("month", sa.String(), nullable=False),
        sa.Column("quarter", sa.String(), nullable=False),
        sa.Column("year", sa.String(), nullable=False),
        sa.Column("weekday", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"]),
        sa.PrimaryKeyConstraint("account_id", "day"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "criterion",
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("direction", sa.String(), nullable=False),
        sa.Column("target", sa.Float(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("rationale", sa.String(), nullable=False),
        sa.Column("is_guardrail", sa.Boolean(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"]),
        sa.PrimaryKeyConstraint("account_id", "key"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "enhancement",
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("ticket_id", sa.String(), nullable=True),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("processing_time_ms", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_day", sa.Date(), nullable=False),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error_message", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"]),
        sa.PrimaryKeyConstraint("account_id", "id"),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("enhancement", schema=None) as batch_op:
        batch_op.create_index(
            "ix_enhancement_created_day", ["account_id", "created_day"], unique=False
        )

    op.create_table(
        "feedback",
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("rater", sa.String(), nullable=False),
        sa.Column("ticket_id", sa.String(), nullable=True),
        sa.Column("enhancement_id", sa.String(), nullable=True),
        sa.Column("thumb", sa.String(), nullable=True),
        sa.Column("rating", sa.Integer(), nullable=True),
        sa.Column("comment", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_day", sa.Date(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"]),
        sa.PrimaryKeyConstraint("account_id", "id"),
        sa.UniqueConstraint("account_id", "subject", "rater"),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("feedback", schema=None) as batch_op:
        batch_op.create_index(
            "ix_feedback_created_day", ["account_id", "created_day"], unique=False
        )

    op.create_table(
        "product",
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("type", sa.String(), nullable=True),
        sa.Column("in_catalogue", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"]),
        sa.PrimaryKeyConstraint("account_id", "id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "rejection_reason",
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("default_comment", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"]),
        sa.PrimaryKeyConstraint("account_id", "key"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "sync_problem",
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("entity", sa.String(), nullable=False),
        sa.Column("source_id", sa.String(), nullable=False),
        sa.Column("field", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=True),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"]),
        sa.PrimaryKeyConstraint("account_id", "source", "entity", "source_id", "field"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "sync_run",
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=True),
        sa.Column("requests", sa.Integer(), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("message", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"]),
        sa.PrimaryKeyConstraint("account_id", "id"),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("sync_run", schema=None) as batch_op:
        batch_op.create_index(
            "ix_sync_run_started", ["account_id", "source", "started_at"], unique=False
        )

    op.create_table(
        "ticket",
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("day", sa.Date(), nullable=True),
        sa.Column("category", sa.String(), nullable=True),
        sa.Column("priority", sa.String(), nullable=True),
        sa.Column("technician", sa.String(), nullable=True),
        sa.Column("enhanced", sa.Boolean(), nullable=True),
        sa.Column("minutes_spent", sa.Float(), nullable=True),
        sa.Column("reopened", sa.Boolean(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"]),
        sa.PrimaryKeyConstraint("account_id", "id"),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("ticket", schema=None) as batch_op:
        batch_op.create_index("ix_ticket_day", ["account_id", "day"], unique=False)

    op.create_table(
        "users",
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"]),
        sa.PrimaryKeyConstraint("account_id", "id"),
        sa.UniqueConstraint("account_id", "kind", "name"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "feature",
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("product_id", sa.BigInteger(), nullable=True),
        sa.Column("title", sa.String(), nullable=True),
        sa.Column("in_catalogue", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["account_id", "product_id"], ["product.account_id", "product.id"]),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"]),
        sa.PrimaryKeyConstraint("account_id", "id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "feedback_vote",
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("feedback_id", sa.String(), nullable=False),
        sa.Column("thumb", sa.String(), nullable=True),
        sa.Column("rating", sa.Integer(), nullable=True),
        sa.Column("comment", sa.String(), nullable=True),
        sa.Column("cast_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id", "feedback_id"], ["feedback.account_id", "feedback.id"]
        ),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"]),
        sa.PrimaryKeyConstraint("account_id", "id"),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("feedback_vote", schema=None) as batch_op:
        batch_op.create_index(
            "ix_feedback_vote_feedback", ["account_id", "feedback_id"], unique=False
        )

    op.create_table(
        "test_cycle",
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("title", sa.String(), nullable=True),
        sa.Column("status", sa.String(), nullable=True),
        sa.Column("review_status", sa.String(), nullable=True),
        sa.Column("testing_type", sa.String(), nullable=True),
        sa.Column("test_environment", sa.String(), nullable=True),
        sa.Column("product_id", sa.BigInteger(), nullable=True),
        sa.Column("created_by_id", sa.BigInteger(), nullable=True),
        sa.Column("submitted_by_id", sa.BigInteger(), nullable=True),
        sa.Column("start_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("start_day", sa.Date(), nullable=True),
        sa.Column("end_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("end_day", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["account_id", "created_by_id"], ["users.account_id", "users.id"]),
        sa.ForeignKeyConstraint(["account_id", "product_id"], ["product.account_id", "product.id"]),
        sa.ForeignKeyConstraint(
            ["account_id", "submitted_by_id"], ["users.account_id", "users.id"]
        ),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"]),
        sa.PrimaryKeyConstraint("account_id", "id"),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("test_cycle", schema=None) as batch_op:
        batch_op.create_index(
            "ix_test_cycle_created_by", ["account_id", "created_by_id"], unique=False
        )
        batch_op.create_index("ix_test_cycle_end_day", ["account_id", "end_day"], unique=False)
        batch_op.create_index(
            "ix_test_cycle_submitted_by", ["account_id", "submitted_by_id"], unique=False
        )

    op.create_table(
        "bug",
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("title", sa.String(), nullable=True),
        sa.Column("cycle_id", sa.BigInteger(), nullable=True),
        sa.Column("product_id", sa.BigInteger(), nullable=True),
        sa.Column("feature_id", sa.BigInteger(), nullable=True),
        sa.Column("tester_id", sa.BigInteger(), nullable=True),
        sa.Column("severity", sa.String(), nullable=True),
        sa.Column("status", sa.String(), nullable=True),
        sa.Column("known", sa.Boolean(), nullable=True),
        sa.Column("rejection_reason", sa.String(), nullable=True),
        sa.Column("reported_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reported_day", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id", "cycle_id"], ["test_cycle.account_id", "test_cycle.id"]
        ),
        sa.ForeignKeyConstraint(["account_id", "feature_id"], ["feature.account_id", "feature.id"]),
        sa.ForeignKeyConstraint(["account_id", "product_id"], ["product.account_id", "product.id"]),
        sa.ForeignKeyConstraint(["account_id", "tester_id"], ["users.account_id", "users.id"]),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"]),
        sa.PrimaryKeyConstraint("account_id", "id"),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("bug", schema=None) as batch_op:
        batch_op.create_index("ix_bug_cycle", ["account_id", "cycle_id"], unique=False)
        batch_op.create_index("ix_bug_reported_day", ["account_id", "reported_day"], unique=False)
        batch_op.create_index("ix_bug_tester", ["account_id", "tester_id"], unique=False)

    op.create_table(
        "cycle_platform",
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("cycle_id", sa.BigInteger(), nullable=False),
        sa.Column("platform", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id", "cycle_id"], ["test_cycle.account_id", "test_cycle.id"]
        ),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"]),
        sa.PrimaryKeyConstraint("account_id", "cycle_id", "platform"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "test_feature",
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("cycle_id", sa.BigInteger(), nullable=False),
        sa.Column("feature_id", sa.BigInteger(), nullable=False),
        sa.Column("test_feature_id", sa.BigInteger(), nullable=True),
        sa.Column("title", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id", "cycle_id"], ["test_cycle.account_id", "test_cycle.id"]
        ),
        sa.ForeignKeyConstraint(["account_id", "feature_id"], ["feature.account_id", "feature.id"]),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"]),
        sa.PrimaryKeyConstraint("account_id", "cycle_id", "feature_id"),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("test_feature", schema=None) as batch_op:
        batch_op.create_index("ix_test_feature_feature", ["account_id", "feature_id"], unique=False)
        batch_op.create_index(
            "ix_test_feature_test_feature_id", ["account_id", "test_feature_id"], unique=False
        )

    op.create_table(
        "bug_device",
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("bug_id", sa.BigInteger(), nullable=False),
        sa.Column("platform", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["account_id", "bug_id"], ["bug.account_id", "bug.id"]),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"]),
        sa.PrimaryKeyConstraint("account_id", "bug_id", "platform"),
        sqlite_with_rowid=False,
    )
