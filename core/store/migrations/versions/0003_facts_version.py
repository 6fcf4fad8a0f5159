"""A version of its own for what is synchronised from the test IO Customer API."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column(
        "account", sa.Column("facts_version", sa.BigInteger(), nullable=False, server_default="0")
    )
