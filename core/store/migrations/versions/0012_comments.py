"""People comment on figures."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.add_column("annotation", sa.Column("figure", sa.String()))
