"""What Prometheus says of the platform: counted and measured, kept so that pages need no server.

All of it can be read again, for as long as the server keeps its history.
"""

from datetime import datetime

from sqlmodel import Field

from core.store.columns import CLUSTERED, Base, account_key

# The key of the `AccountSetting` that says what was read: for each metric (requests_total, ...) its
# `name` there, the `selector` that asked for it, and its `series` as they stand in the rows here.
PROMETHEUS = "prometheus"


class CounterIncrement(Base, table=True):
    """By how much a counter had grown at a scrape since the one before; nothing is kept where 0.

    `series` names the metric with the labels that matter, such as
    `enhancement_requests_total{status="failed"}`; instances are summed up.
    """

    __tablename__ = "counter_increment"
    __table_args__ = CLUSTERED

    account_id: str = account_key()
    series: str = Field(primary_key=True)
    at: datetime = Field(primary_key=True)
    increase: float


class GaugeReading(Base, table=True):
    """What a gauge showed during five minutes from `at`: mean, greatest and number of scrapes."""

    __tablename__ = "gauge_reading"
    __table_args__ = CLUSTERED

    account_id: str = account_key()
    series: str = Field(primary_key=True)
    at: datetime = Field(primary_key=True)
    mean: float
    greatest: float
    scrapes: int


class ScrapeSpan(Base, table=True):
    """A time that was read from the server, whether or not it had anything to tell."""

    __tablename__ = "scrape_span"
    __table_args__ = CLUSTERED

    account_id: str = account_key()
    from_at: datetime = Field(primary_key=True)
    to_at: datetime


class ScrapeGap(Base, table=True):
    """A time in which a metric was not scraped, or in which its counter began anew.

    `kind` is gap or reset; a reset is an instant.
    """

    __tablename__ = "scrape_gap"
    __table_args__ = CLUSTERED

    account_id: str = account_key()
    series: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    from_at: datetime = Field(primary_key=True)
    to_at: datetime
