"""Opening the store, and the two ways into it: reading, and writing as a unit."""

import logging
import re
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from secrets import randbits
from time import monotonic, sleep
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine, create_engine, event, func, select, update
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.pool import QueuePool
from sqlmodel import Session

from core.base import clock
from core.base.errors import StoreError, StoreTooNew
from core.base.settings import load_settings
from core.store.columnar import FactReader, FactsCopy, state_of_facts
from core.store.columns import table
from core.store.default_criteria import DEFAULT_CRITERIA
from core.store.entered import Criterion
from core.store.migrations import revisions, upgrade
from core.store.synced import Account, Bug
from core.store.tables import FACT_TABLES, UNCACHED_TABLES
from core.store.unit_of_work import Unit

LOG = logging.getLogger(__name__)

# The names of an SQLite store that is no file.
MEMORY = (None, "", ":memory:")
BUSY_MILLISECONDS = 5_000
# How often a writer looks whether it is its turn.
LOOK_SECONDS = 0.002
# Fewer bugs than these are aggregated in milliseconds by SQLite itself.
FEWEST_BUGS = 10_000
# Fewer rows than these are quick to read whatever way the database takes.
FEW_ROWS = 1_000
# SQLite's log of writes cannot be cut while someone reads an older state.
LONGEST_STATE_SECONDS = 60
ONE_STATE = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
# A drawing holds its connection until it ends; a server has a hundred by default.
MOST_CONNECTIONS = 40


class _Thread(threading.local):
    """Transactions that a thread's reads share within `one_state`, and its reads under way."""

    snapshots: dict[Engine, Connection] | None = None
    reads: int = 0


_thread = _Thread()


@contextmanager
def one_state() -> Iterator[None]:
    """All reads of this thread within see one state of each store, and what they write themselves.

    The figures of a page or a report would not add up where a sync writes between two of them.
    Raises StoreError for a read that comes after a minute and finds another state.
    """
    if _thread.snapshots is not None:
        yield
        return
    snapshots: dict[Engine, Connection] = {}
    _thread.snapshots = snapshots
    try:
        yield
    finally:
        _thread.snapshots = None
        for snapshot in snapshots.values():
            snapshot.close()


@dataclass
class _Growth:
    """Rows written since the database last looked at its tables, and before that."""

    since: int = 0
    before: int = 0


@dataclass(frozen=True)
class Store:
    """A store that is open and up to date; share one, take a session for each piece of work."""

    engine: Engine
    zone: ZoneInfo
    copy: FactsCopy | None = None
    _growth: _Growth = field(default_factory=_Growth, compare=False, repr=False)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session that sees one state of the store, whatever is written meanwhile."""
        with translate_errors(self.engine):
            try:
                bind = self._snapshot()
                _thread.reads += 1
                try:
                    with Session(bind) as session:
                        yield session
                finally:
                    _thread.reads -= 1
            except DBAPIError:
                self.renew_state()  # a server answers nothing more in this transaction
                raise

    def _snapshot(self) -> Engine | Connection:
        """The transaction that this thread reads in, begun where there is none."""
        # SQLite reads one state by itself; a server would show each statement the newest.
        is_sqlite = _is_sqlite(self.engine)
        options = {} if is_sqlite else ONE_STATE
        reading = self.engine.execution_options(begun=monotonic(), **options)
        snapshots = _thread.snapshots
        # A store in memory has one connection for all.
        if snapshots is None or (is_sqlite and self.engine.url.database in MEMORY):
            return reading
        known, state = snapshots.get(self.engine), None
        if known is not None:
            age = monotonic() - known.get_execution_options()["begun"]
            if _thread.reads or age < LONGEST_STATE_SECONDS:
                return known
            state = _versions(known)
        self.renew_state()
        snapshots[self.engine] = now = reading.connect()
        if _versions(now) != state and state is not None:
            raise StoreError("The data changed while this was computed: try again.")
        return now

    def renew_state(self) -> None:
        """Have the next read of this thread see the newest state."""
        if _thread.snapshots and self.engine in _thread.snapshots:
            _thread.snapshots.pop(self.engine).close()

    @contextmanager
    def write(
        self, account_id: str, *, person: str | None = None, quiet: bool = False
    ) -> Iterator[Unit]:
        """A unit of work in one account: all of it becomes visible at the end, or none.

        `person` is the author of the changes that it records. `quiet` leaves the data version
        alone: for the progress of a run, which no figure shows.
        """
        writing = self.engine.execution_options(writes=True)
        with translate_errors(self.engine), Session(writing) as session:
            connection = session.connection()
            connection.info["written"], connection.info["tables"] = 0, set()
            account = table(Account)
            # Where the database has row locks, the account's row makes its writers take turns.
            connection.execute(
                select(account.c.id).where(account.c.id == account_id).with_for_update()
            )
            yield Unit(session, account_id, self.zone, person)
            session.flush()
            written, tables = connection.info["written"], connection.info["tables"]
            if not quiet and not tables.issubset(UNCACHED_TABLES):
                # Drawn and not counted: a restored backup would come to the same numbers again.
                moved = {"data_version": randbits(62)}
                if not tables.isdisjoint(FACT_TABLES):
                    moved["facts_version"] = randbits(62)
                connection.execute(update(account).where(account.c.id == account_id).values(moved))
            session.commit()
        if not tables.issubset(UNCACHED_TABLES):
            self.renew_state()
        self._grow(written)

    def _grow(self, written: int) -> None:
        """Have the database look at its tables each time they have doubled.

        Every index leads with the account, which tells it nothing: without statistics it takes the
        first one for every join, and a page waits a minute for what takes milliseconds.
        """
        self._growth.since += written
        if self._growth.since > max(FEW_ROWS, self._growth.before):
            try:
                with self.engine.execution_options(writes=True).begin() as changed:
                    changed.exec_driver_sql("ANALYZE")
            except DBAPIError as error:
                # What was to be written is in: this waits for the next time.
                LOG.warning("The store cannot look at its tables: %s", error.orig)
                return
            self._growth.before += self._growth.since
            self._growth.since = 0

    def ensure_account(self, account_id: str, name: str, *, is_demo: bool = False) -> None:
        """Create the account with the default success criteria, or rename it."""
        with self.read() as session:
            known = session.get(Account, account_id)
        # Mostly it is known, and then there is no need to wait for a writer.
        if known is not None and known.name == name:
            return
        with self.write(account_id) as unit:
            known = unit.session.get(Account, account_id)
            if known is not None:
                known.name = name
                return
            zone, now = self.zone.key, clock.now()
            unit.session.add(
                Account(id=account_id, name=name, is_demo=is_demo, timezone=zone, created_at=now)
            )
            unit.session.flush()
            unit.upsert(Criterion, DEFAULT_CRITERIA)

    def account(self, account_id: str) -> Account:
        """The account of an id as it is now, with the versions of its data."""
        with self.read() as session:
            return session.get_one(Account, account_id)

    def data_version(self, account_id: str) -> int:
        """A number that is another one after every write that a page could show."""
        return self.account(account_id).data_version

    @contextmanager
    def facts(self, *, from_copy: bool = True) -> Iterator[FactReader]:
        """A reader of `FACT_TABLES` in one state of the store.

        It reads the columnar copy where there is one: see `refresh_copy`.
        """
        with self.read() as session:
            stored, copy = session.connection(), self.copy if from_copy else None
            with (copy and copy.connect(state_of_facts(stored))) or nullcontext() as copied:
                yield FactReader(stored, copy, copied)

    def check(self, *, seconds: float) -> None:
        """Raise StoreError where an SQLite file is damaged, as far as it can be read in a time."""
        if not _is_sqlite(self.engine):
            return
        with self.read() as session:
            driver: Any = session.connection().connection.dbapi_connection
            ending = threading.Timer(seconds, driver.interrupt)
            ending.start()
            try:
                (found,) = driver.execute("PRAGMA quick_check(1)").fetchone()
            except sqlite3.DatabaseError as error:
                found = "ok" if error.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT else str(error)
            finally:
                ending.cancel()
        if found != "ok":
            where, said = self.engine.url.database, found.splitlines()[-1]
            raise StoreError(
                f"The store {where} is damaged ({said}): stop Touchstone and restore a backup. "
                "Without one, the command .recover of sqlite3 saves what can still be read, also "
                "of what people entered."
            )

    def refresh_copy(self) -> bool:
        """Copy the facts into columns where that is worth it and not done; says whether it was.

        Worth it are `FEWEST_BUGS` or more. The store does without: what fails here is only logged.
        """
        if self.copy is None:
            return False
        try:
            with self.read() as session:
                state = state_of_facts(session.connection())
                if self.copy.path(state).exists():
                    return False
                bugs = select(func.count()).select_from(table(Bug))
                if session.connection().execute(bugs).scalar_one() < FEWEST_BUGS:
                    return False
                self.copy.build(session.connection(), state)
        except (StoreError, DBAPIError, OSError) as error:
            LOG.warning("The columnar copy of the store cannot be made: %s", error)
            return False
        return True

    def close(self) -> None:
        """Give the connections back; the store can be opened again."""
        self.engine.dispose()
        if self.copy is not None:
            self.copy.close()


def _versions(connection: Connection) -> dict[str, int]:
    account = table(Account).c
    return dict(connection.execute(select(account.id, account.data_version)).all())


def open_store(url: str, *, timezone: str | None = None) -> Store:
    """Open the store at a database URL, making or migrating it first.

    `timezone` is the business time zone, by default that of the settings. Raises StoreTooNew when
    a newer version of the product made the store, StoreError when it cannot be opened.
    """
    zone = ZoneInfo(timezone) if timezone else load_settings().zone
    engine = _engine(url)
    path = engine.url.database or ""
    is_file = _is_sqlite(engine) and path not in MEMORY and not path.startswith("file:")
    store = Store(engine, zone, FactsCopy(Path(path)) if is_file else None)
    try:
        with translate_errors(engine):
            with engine.connect() as connection:
                is_ready = _revision(connection) == revisions()[-1]
            # Mostly it is, and then there is no need to wait for a writer.
            if not is_ready:
                with engine.execution_options(writes=True).begin() as connection:
                    _migrate(connection)
        account = table(Account).c
        with store.read() as session:
            moved = session.scalars(select(account.id).where(account.timezone != zone.key)).all()
        for account_id in moved:
            with store.write(account_id) as unit:
                unit.rezone()
    except StoreError:
        engine.dispose()
        raise
    return store


def _migrate(connection: Connection) -> None:
    # Inside one write transaction: of two processes that open a new store, one makes it.
    made_by, known = _revision(connection), revisions()
    if made_by == known[-1]:
        return
    if made_by is not None and made_by < known[0]:
        raise StoreError(
            f"The store was made by an older version of Touchstone (its schema is {made_by}, this "
            f"version knows those from {known[0]} on): open it once with the version before this "
            "one, which migrates it, or use another store. Nothing was changed."
        )
    if made_by is not None and made_by not in known:
        raise StoreTooNew(
            f"The store was made by a newer version of Touchstone (its schema is {made_by}, "
            f"this version knows those up to {known[-1]}): update Touchstone, or use another "
            "store. Nothing was changed."
        )
    upgrade(connection)


def _revision(connection: Connection) -> str | None:
    if not connection.dialect.has_table(connection, "alembic_version"):
        return None
    return connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()


def _engine(url: str) -> Engine:
    try:
        parsed = make_url(url)
        parsed.get_dialect()
    except (ArgumentError, ImportError):
        raise StoreError(
            "TOUCHSTONE_DATABASE_URL is no database address that can be used: "
            "write sqlite:///path/to/file.db or postgresql+psycopg://user@host/name."
        ) from None
    if parsed.get_backend_name() == "sqlite":
        return _sqlite_engine(parsed)
    return create_engine(parsed, pool_pre_ping=True, max_overflow=MOST_CONNECTIONS)


def _is_sqlite(engine: Engine) -> bool:
    return engine.dialect.name == "sqlite"


def _sqlite_engine(url: URL) -> Engine:
    options: dict[str, Any] = {}
    opened: list[int] = []
    if url.database in MEMORY:
        # One connection for all threads, or each would see an empty store of its own; they take it
        # in turns, as two transactions do not fit into one.
        options = {
            "poolclass": QueuePool,
            "pool_size": 1,
            "max_overflow": 0,
            "connect_args": {"check_same_thread": False},
        }
    elif not str(url.database).startswith("file:"):  # an SQLite URI finds its own way
        # A drawing holds its connection until it ends, which no writer waits for.
        options = {"max_overflow": -1}
        folder = Path(str(url.database)).parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(
                f"The folder {folder} for the store cannot be made ({error.strerror}): "
                "choose another place with TOUCHSTONE_DATABASE_URL."
            ) from None
    engine = create_engine(url, **options)
    event.listen(engine, "connect", _prepare_sqlite)
    for when in ("do_connect", "checkout"):
        event.listen(engine, when, partial(_refuse_replaced, Path(str(url.database)), opened))
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # The driver would begin a transaction at the first write only, after the reads that the write
    # rests on; so it leaves transactions to `_begin_sqlite`.
    connection.isolation_level = None
    for pragma in (
        f"busy_timeout = {BUSY_MILLISECONDS}",
        "journal_mode = WAL",
        "synchronous = NORMAL",
        "foreign_keys = ON",
        "analysis_limit = 1000",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _refuse_replaced(path: Path, opened: list[int], *_: object) -> None:
    # What is written into a file that is no longer there would be lost.
    found = [path.stat().st_ino] if path.exists() else []
    opened[:] = opened or found
    if found != opened:
        raise StoreError(
            f"The store {path} was replaced or removed while it was open: restart Touchstone."
        )


def _begin_sqlite(connection: Connection) -> None:
    # A writer takes its turn at once: one that starts as a reader is refused without waiting when
    # another has written meanwhile.
    if not connection.get_execution_options().get("writes", False):
        connection.exec_driver_sql("BEGIN")
        return
    # SQLite itself would look only every tenth of a second, and miss its turn beside a writer that
    # writes often.
    driver: Any = connection.connection.dbapi_connection
    until = monotonic() + BUSY_MILLISECONDS / 1_000
    driver.execute("PRAGMA busy_timeout = 0")
    try:
        while monotonic() < until:
            try:
                driver.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                    break
                sleep(LOOK_SECONDS)
            else:
                return
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    finally:
        driver.execute(f"PRAGMA busy_timeout = {BUSY_MILLISECONDS}")


@event.listens_for(Engine, "after_cursor_execute")
def _note_writes(
    connection: Connection, cursor: Any, _statement: str, _values: Any, context: Any, *_: object
) -> None:
    if (context.isinsert or context.isupdate or context.isdelete) and cursor.rowcount != 0:
        # A driver that does not count says -1.
        connection.info["written"] = connection.info.get("written", 0) + abs(cursor.rowcount)
        connection.info.setdefault("tables", set()).add(context.compiled.statement.table)


# What a database says of itself, and what a person can do about it.
REASONS = (
    (r"database is locked|lock timeout", "another program keeps it locked: try again in a moment"),
    (r"is full|No space left|disk full", "the disk is full: make room and try again"),
    (r"not a database|malformed", "the file is no store or is damaged: restore it or move it away"),
    (r"readonly|read-only|permission denied", "it is read-only here: give the right to write"),
    (r"unable to open", "it cannot be opened there: check the path and its rights"),
    (r"connection|connect|server", "its server cannot be reached: check that it runs"),
)


@contextmanager
def translate_errors(engine: Engine) -> Iterator[None]:
    """Turn a failure of the database itself into a sentence; a bug of ours stays what it is."""
    try:
        yield
    except DBAPIError as error:
        said = str(error.orig)
        reason = next(
            (words for known, words in REASONS if re.search(known, said, re.IGNORECASE)), None
        )
        if reason is None and not isinstance(error, OperationalError | InterfaceError):
            raise
        where = engine.url.render_as_string(hide_password=True)
        raise StoreError(
            f"The store {where} cannot be used: {reason or said}. Nothing was half-written."
        ) from error
