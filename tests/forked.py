"""Commands and servers as processes of their own, forked from one that has loaded the product.

A fork takes a tenth of the time of a start. The process behind is a real one: it has an output,
takes signals, ends with an exit code, and can be killed.
"""

import importlib
import multiprocessing
import os
import subprocess
import sys
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from threading import Lock
from types import ModuleType

import alembic.command  # noqa: F401  # loaded here, so that no fork has to
import httpx  # noqa: F401
import sqlalchemy.dialects.sqlite  # noqa: F401
import streamlit.web.bootstrap  # noqa: F401
from streamlit.web import cli

import app
from core.cli import main
from core.ingest.sync import accounts, lease, run  # noqa: F401
from tests.commands import environment

for _name in app.PAGE_IMPORTS:
    importlib.import_module(_name)

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload([__name__])
LOCK = Lock()


class Fork:
    """A process that runs, as `subprocess.Popen` shows one."""

    def __init__(self, target, settings, output):
        given = (target, environment(**settings), output)
        self._process = FORKS.Process(target=_run, args=given)
        with LOCK:
            # What pytest and pages leave as the main script, no fork is to run.
            main_script = sys.modules["__main__"]
            sys.modules["__main__"] = ModuleType("__main__")
            try:
                self._process.start()
            finally:
                sys.modules["__main__"] = main_script
        self.stdout, self.pid = None, self._process.pid
        self.kill, self.terminate = self._process.kill, self._process.terminate

    @property
    def returncode(self):
        return self._process.exitcode

    def poll(self):
        return self.returncode

    def send_signal(self, number):
        os.kill(self.pid, number)

    def wait(self, timeout=None):
        self._process.join(timeout)
        if self.returncode is None:
            raise subprocess.TimeoutExpired(f"process {self.pid}", timeout)


def _run(target, settings, output):
    os.environ.clear()
    os.environ.update(settings)
    is_file = isinstance(output, Path)
    to = os.open(output, os.O_WRONLY | os.O_CREAT) if is_file else output.fileno()
    for number in (1, 2):
        os.dup2(to, number)
    raise SystemExit(target())


def _command(arguments, lease_seconds):
    """`python -m core`; a sync with a lease of so many seconds where it says so."""
    if lease_seconds:
        lease.DURATION = timedelta(seconds=lease_seconds)
        run.RENEW_SECONDS = lease_seconds / 4
    return main(arguments)


def dashboard(port):
    """`python -m streamlit run app.py`."""
    sys.argv = ["streamlit", "run", "app.py", "--server.port", str(port)]
    return cli.main()


@contextmanager
def forked(*arguments, lease_seconds=None, **settings):
    """Run a command with its output in a pipe."""
    reader, writer = FORKS.Pipe(duplex=False)
    with reader, open(reader.fileno(), closefd=False, encoding="utf-8") as said:
        process = Fork(partial(_command, arguments, lease_seconds), settings, writer)
        process.stdout = said
        writer.close()
        yield process
        process.wait()
