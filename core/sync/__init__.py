"""Bringing the store up to date with its sources, and what that did."""

from core.sync.accounts import exit_code, sync_account, sync_all
from core.sync.background import is_running, start_sync
from core.sync.history import RunRecord, problems, runs
from core.sync.run import Progress, SyncReport

__all__ = [
    "Progress",
    "RunRecord",
    "SyncReport",
    "exit_code",
    "is_running",
    "problems",
    "runs",
    "start_sync",
    "sync_account",
    "sync_all",
]
