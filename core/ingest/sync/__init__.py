"""Bringing the store up to date with its sources, and what that did."""

from core.ingest.sync.accounts import exit_code, sync_account, sync_all, sync_source
from core.ingest.sync.background import end_background, is_running, keep_synced, start_sync
from core.ingest.sync.freshness import Freshness, freshness
from core.ingest.sync.history import ProblemGroup, RunRecord, problem_groups, problems, runs
from core.ingest.sync.lease import Holder, holder_of
from core.ingest.sync.prometheus import sync_prometheus
from core.ingest.sync.run import Progress, SyncReport
from core.ingest.sync.vanished import VanishedRecord, count_vanished, vanished

__all__ = [
    "Freshness",
    "Holder",
    "ProblemGroup",
    "Progress",
    "RunRecord",
    "SyncReport",
    "VanishedRecord",
    "count_vanished",
    "end_background",
    "exit_code",
    "freshness",
    "holder_of",
    "is_running",
    "keep_synced",
    "problem_groups",
    "problems",
    "runs",
    "start_sync",
    "sync_account",
    "sync_all",
    "sync_prometheus",
    "sync_source",
    "vanished",
]
