"""Commands as processes of their own, forked from one that has loaded the product already.

A fork takes a twentieth of the time of a start. The process behind is a real one: it has an
output, takes signals, ends with an exit code, and can be killed.
"""

import multiprocessing
import os
import sys
from contextlib import contextmanager
from datetime import timedelta

import alembic.command  # noqa: F401  # loaded here, so that no fork has to
import httpx  # noqa: F401
import sqlalchemy.dialects.sqlite  # noqa: F401

from core.cli import main
from core.ingest.sync import accounts, lease, run  # noqa: F401
from tests.commands import environment

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload([__name__])


class Fork:
    """A command that runs, as `subprocess.Popen` shows one."""

    def __init__(self, process, stdout):
        self.process, self.stdout, self.pid = process, stdout, process.pid

    @property
    def returncode(self):
        return self.process.exitcode

    def send_signal(self, number):
        os.kill(self.pid, number)

    def kill_after(self, seconds):
        self.process.join(seconds)
        self.process.kill()


@contextmanager
def forked(*arguments, lease_seconds=None, **settings):
    """Run `python -m core`, a sync with a lease of so many seconds where it says so."""
    reader, writer = FORKS.Pipe(duplex=False)
    given = (arguments, environment(**settings), writer, lease_seconds)
    process = FORKS.Process(target=_run, args=given)
    with reader, open(reader.fileno(), closefd=False, encoding="utf-8") as said:
        process.start()
        writer.close()
        yield Fork(process, said)
        process.join()


def _run(arguments, settings, said, lease_seconds):
    os.environ.update(settings)
    for stream in (sys.stdout, sys.stderr):
        os.dup2(said.fileno(), stream.fileno())
    if lease_seconds:
        lease.DURATION = timedelta(seconds=lease_seconds)
        run.RENEW_SECONDS = lease_seconds / 4
    raise SystemExit(main(arguments))
