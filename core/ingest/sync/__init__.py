"""Synchronisation of the store with its sources, and the history of that."""

from core.ingest.sync.accounts import (
    end_background,
    exit_code,
    is_running,
    keep_synced,
    start_sync,
    sync_all,
)
from core.ingest.sync.history import (
    ProblemGroup,
    deletions,
    freshness,
    objects_a_second,
    objects_read,
    problem_groups,
    problems,
    rows_of,
    runs,
    seconds_left,
)
from core.ingest.sync.lease import holder_of
from core.ingest.sync.prometheus import sync_prometheus
from core.ingest.sync.run import Progress, SyncReport
from core.ingest.sync.testio import sync_account

__all__ = [
    "ProblemGroup",
    "Progress",
    "SyncReport",
    "deletions",
    "end_background",
    "exit_code",
    "freshness",
    "holder_of",
    "is_running",
    "keep_synced",
    "objects_a_second",
    "objects_read",
    "problem_groups",
    "problems",
    "rows_of",
    "runs",
    "seconds_left",
    "start_sync",
    "sync_account",
    "sync_all",
    "sync_prometheus",
]
