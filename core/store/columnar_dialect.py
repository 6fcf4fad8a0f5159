"""DuckDB's SQLAlchemy dialect, imported by its registered name when a copy is opened."""

from duckdb_engine import Dialect


class CachingDialect(Dialect):
    """DuckDB's, which compiles each form of a statement once."""

    supports_statement_cache = True
