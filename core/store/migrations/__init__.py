"""Schema migrations: one Alembic revision a file, named by a number that grows."""

import threading
from pathlib import Path

from sqlalchemy import Connection

HERE = Path(__file__).resolve().parent

# Alembic's operations are those of the process, not of a connection.
_upgrading = threading.Lock()


def revisions() -> list[str]:
    """All revisions that this version knows, oldest first; a file is named by its revision."""
    return sorted(path.stem.split("_")[0] for path in (HERE / "versions").glob("[0-9]*.py"))


def upgrade(connection: Connection) -> None:
    """Migrate to the newest revision, in the connection's own transaction."""
    # Alembic takes 0.2 s to import, and most starts find nothing to migrate.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(HERE).replace("%", "%%"))
    config.attributes["connection"] = connection
    with _upgrading:
        command.upgrade(config, "head")
