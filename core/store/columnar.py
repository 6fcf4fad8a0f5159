"""A columnar copy of the facts of an SQLite store, for figures over a million rows.

The store is the truth. The copy is a DuckDB file beside it, named by the state of the facts that it
holds: it answers only while that is their present state. Without one the store answers, and so it
does where the copy is damaged, which is then removed.
"""

import glob
import hashlib
import logging
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy import (
    Column,
    Connection,
    CursorResult,
    DateTime,
    Engine,
    Executable,
    MetaData,
    Table,
    create_engine,
    event,
    func,
    select,
)
from sqlalchemy.dialects import registry
from sqlalchemy.engine import URL
from sqlalchemy.engine.cursor import FullyBufferedCursorFetchStrategy
from sqlmodel.sql.sqltypes import UTCDateTime

from core.base import clock
from core.store.columns import table
from core.store.synced import Account
from core.store.tables import FACT_TABLES

# What no figure is computed from.
LEFT_OUT = {
    "account": {"is_demo", "timezone", "data_version", "created_at"},
    "bug": {"title"},
    "test_cycle": {"title", "review_status"},
    "test_feature": {"title", "test_feature_id"},
}
BATCH = 20_000
ABANDONED_SECONDS = 3_600
LOG = logging.getLogger(__name__)
SETTINGS = {
    "memory_limit": "256MB",
    # Extensions would be fetched from another host.
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
}
# How SQLite's quote() writes the values of a row.
QUOTED = """
    FORMAT csv, HEADER false, DELIMITER ',', QUOTE '''', ESCAPE '''',
    NULLSTR 'NULL', ALLOW_QUOTED_NULLS false
"""


def _copied(source: Table) -> list[Column[Any]]:
    return [c for c in source.columns if c.name not in LEFT_OUT.get(source.name, ())]


def state_of_facts(connection: Connection) -> dict[str, int]:
    """For each account, what is drawn anew with every write to `FACT_TABLES`."""
    account = table(Account).c
    return dict(connection.execute(select(account.id, account.facts_version)).all())


class FactsCopy:
    """The copy that belongs to the SQLite file at a path; share one among threads."""

    def __init__(self, store: Path) -> None:
        self._store = store
        self._lock = threading.RLock()
        self._opened: tuple[Path, Engine] | None = None

    def path(self, state: Mapping[str, int]) -> Path:
        """Where the copy of a state of the facts is, whether or not it has been made."""
        form = [(t.name, [c.name for c in _copied(t)]) for t in FACT_TABLES]
        name = hashlib.sha256(repr((form, sorted(state.items()))).encode()).hexdigest()[:16]
        return self._store.with_name(f"{self._store.name}.{name}.facts")

    def connect(self, state: Mapping[str, int]) -> Connection | None:
        """A connection to the copy of that state of the facts; None where there is none."""
        path = self.path(state)
        with self._lock:
            try:
                if self._opened is None or self._opened[0] != path:
                    if not path.is_file():
                        return None
                    self.close()
                    self._opened = path, _engine(path, read_only=True)
                    with self._opened[1].connect() as opened:
                        if state_of_facts(opened) != state:
                            raise ValueError("it is that of another store")  # noqa: TRY301
                return self._opened[1].connect()
            except Exception as error:  # noqa: BLE001 (a damaged file may raise anything)
                self.drop(error)
                return None

    def drop(self, error: Exception) -> None:
        """Remove the open copy, which was found to be damaged; the next one is new."""
        with self._lock:
            if self._opened is None:  # another thread was first
                return
            path, _ = self._opened
            self.close()
            LOG.warning(
                "The columnar copy %s cannot be read: %s", path, getattr(error, "orig", error)
            )
            with suppress(OSError):
                path.unlink()

    def build(self, source: Connection, state: Mapping[str, int]) -> None:
        """Copy the facts that a connection sees, and remove the copies of other states."""
        path = self.path(state)
        unfinished = path.with_suffix(f".{uuid4().hex}.unfinished")
        rows = unfinished.with_suffix(".unfinished-rows")
        engine = _engine(unfinished, read_only=False)
        try:
            with engine.connect() as copy:
                _fill(source, copy, rows)
            engine.dispose()
            unfinished.replace(path)
        finally:
            engine.dispose()
            for left in (unfinished, rows):
                left.unlink(missing_ok=True)
        name = glob.escape(self._store.name)
        for other in self._store.parent.glob(f"{name}.*.facts"):
            if other != path:
                with suppress(OSError):
                    other.unlink()
        # What builds left that were killed.
        for left in self._store.parent.glob(f"{name}.*.unfinished*"):
            with suppress(OSError):
                if clock.file_age_seconds(left) > ABANDONED_SECONDS:
                    left.unlink()

    def close(self) -> None:
        """Give the connections back."""
        with self._lock:
            if self._opened is not None:
                self._opened[1].dispose()
                self._opened = None


@dataclass
class FactReader:
    """A reader of the facts in one state of a store: from the copy, as long as that is sound."""

    stored: Connection
    copy: FactsCopy | None = None
    copied: Connection | None = None

    def execute(self, statement: Executable) -> CursorResult[*tuple[Any, ...]]:
        """The result of a statement on the facts."""
        if self.copy is not None and self.copied is not None:
            try:
                found = self.copied.execute(statement)
                # All rows at once: DuckDB reads them while they are fetched.
                found.cursor_strategy = FullyBufferedCursorFetchStrategy(found.cursor)
            except Exception as error:  # noqa: BLE001 (a damaged file may raise anything)
                self.copied = None
                self.copy.drop(error)
            else:
                return found
        return self.stored.execute(statement)


def _caching_dialect() -> type[Any]:
    from duckdb_engine import Dialect  # noqa: PLC0415  # slow to import, too

    class CachingDialect(Dialect):
        """DuckDB's dialect, but each form of a statement is compiled once."""

        supports_statement_cache = True

    return CachingDialect


registry.impls["duckdb.caching"] = _caching_dialect


def _engine(path: Path, *, read_only: bool) -> Engine:
    engine = create_engine(
        URL.create("duckdb+caching", database=str(path)),
        connect_args={"read_only": read_only, "config": SETTINGS},
    )
    # Instants are stored without their zone, and compared with aware ones in the session's.
    event.listen(engine, "connect", lambda made, _: made.execute("SET TimeZone = 'UTC'"))
    return engine


def _fill(source: Connection, copy: Connection, rows: Path) -> None:
    """Copy the tables, each by way of a file that SQLite's own quoting makes unmistakable.

    Rows that are handed over in memory would have DuckDB load pandas and pyarrow, 100 MB of them.
    """
    form = MetaData()
    for facts in FACT_TABLES:
        Table(facts.name, form, *(Column(c.name, _type(c)) for c in _copied(facts)))
    form.create_all(copy, checkfirst=False)
    stored: Any = source.connection.driver_connection
    place = str(rows).replace("'", "''")
    for facts in FACT_TABLES:
        quoted = select(*(func.quote(column) for column in _copied(facts)))
        found = stored.execute(str(quoted.compile(dialect=source.dialect)))
        while some := "".join(f"{','.join(row)}\n" for row in islice(found, BATCH)):
            rows.write_text(some, "utf-8", newline="\n")
            copy.exec_driver_sql(f"COPY \"{facts.name}\" FROM '{place}' ({QUOTED})")
            # Until then DuckDB keeps the rows; nobody reads the copy before it is complete.
            copy.commit()


def _type(column: Column[Any]) -> Any:
    # Instants are UTC, written without their zone.
    return DateTime() if isinstance(column.type, DateTime | UTCDateTime) else column.type
