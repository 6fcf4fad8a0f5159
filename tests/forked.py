"""What a fork of a process runs that has loaded the product already."""

import os
import sys
from datetime import timedelta

import alembic.command  # noqa: F401  # loaded here, so that no fork has to
import httpx  # noqa: F401
import sqlalchemy.dialects.sqlite  # noqa: F401

from core.cli import main
from core.ingest.sync import accounts, lease, run  # noqa: F401


def sync(settings, said):
    """`python -m core sync` with a lease that a killed process does not hold for long."""
    os.environ.update(settings)
    os.dup2(said.fileno(), sys.stdout.fileno())
    os.dup2(said.fileno(), sys.stderr.fileno())
    lease.DURATION, run.RENEW_SECONDS = timedelta(seconds=0.4), 0.1
    raise SystemExit(main(["sync"]))
