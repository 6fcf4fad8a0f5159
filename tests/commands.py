"""Commands of the product in tests: in this process, and as processes of their own."""

import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from functools import partial

from core.base import clock
from core.base.settings import ROOT
from core.cli import main
from core.ingest.clients import http
from tests.shown import close_stores

AT_ONCE = partial(http.RetryPolicy, wait_initial=0, wait_max=0, wait_jitter=0)
SIGNALS = (signal.SIGINT, signal.SIGTERM)


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    returncode: int
    stdout: str
    stderr: str


def environment(**settings):
    """The environment of a process that goes on at this test's time, with the settings given."""
    return os.environ | {"TOUCHSTONE_NOW": clock.now().isoformat()} | settings


def process(*arguments, **settings):
    """Start `python -m core` with its output in a pipe."""
    return subprocess.Popen(
        [sys.executable, "-m", "core", *arguments],
        cwd=ROOT,
        env=environment(**settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def runner(monkeypatch, capsys):
    """A function that runs a command in this process, which takes a hundredth of starting one."""

    def runs(*arguments, **settings):
        handlers = {number: signal.getsignal(number) for number in SIGNALS}
        capsys.readouterr()
        try:
            with monkeypatch.context() as changed:
                changed.setattr(http, "RetryPolicy", AT_ONCE)
                for name, value in settings.items():
                    changed.setenv(name, value)
                code = main(arguments)
        except SystemExit as ended:
            code = ended.code
        finally:
            close_stores()
            for number, handler in handlers.items():
                signal.signal(number, handler)
        return Done(code, *capsys.readouterr())

    return runs
