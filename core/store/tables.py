"""Every table of the store, and which of them are alike.

Each table leads with the account, and each key is unique within one account, so that a store can
be split by account. Ids of synced rows are the source's own. Instants are aware UTC; a `..._day`
column is the same instant's date in the account's business time zone, written by
`core.store.days`, so that a query groups and filters by day without computing with time zones.
"""

from sqlalchemy import Table

import core.store.entered
import core.store.synced  # noqa: F401 (both define tables)
from core.store.columns import Base, Origin

_TABLES = Base.metadata.sorted_tables
# Figures of test cycles and bugs are computed from these.
FACT_TABLES = tuple(one for one in _TABLES if one.info["is_fact"])
# No page caches these: writing them leaves the data version alone.
UNCACHED_TABLES = tuple(one for one in _TABLES if not one.info["is_cached"])


def tables_from(origin: Origin) -> list[Table]:
    """The tables whose rows come from there, each after those that it refers to."""
    return [one for one in _TABLES if one.info["origin"] is origin]
