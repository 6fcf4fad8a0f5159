"""What takes a test long and is the same for each: made once a process, or once a run."""

import fcntl
import logging
import os
from functools import cache

import altair as alt
from sqlalchemy import Engine
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.util import LRUCache
from streamlit.components.v2 import manifest_scanner
from streamlit.runtime.scriptrunner.script_cache import ScriptCache

from tests import vega

# The statements that this process has compiled: more than a run of all tests has.
STATEMENTS = LRUCache(20_000)
SCRIPTS = ScriptCache()


def made(factory, name, make):
    """A file of that name, made by the first process of a run that asks; the others wait."""
    folder = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    path = folder / name
    with (folder / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            make(folder / f"{name}.part").rename(path)
    return path


def join_loggers() -> None:
    """Let the loggers of Streamlit pass on what they are told.

    On each of its hundred that does not, pytest would put its handlers six times a test.
    """
    for name, logger in logging.root.manager.loggerDict.items():
        if name.startswith("streamlit.") and isinstance(logger, logging.Logger):
            logger.propagate = True
            logger.handlers.clear()


def of_the_first(function):
    """A function that answers each call as the first: for what is the same in all tests of one."""
    answers = []

    def answered(*args, **kwargs):
        if not answers:
            answers.append(function(*args, **kwargs))
        return answers[0]

    return answered


def share() -> None:
    """Have all stores and all AppTests of this process share what they would each make."""
    # Each AppTest looks for components in all that is installed, which takes longer than a page.
    manifest_scanner.scan_component_manifests = cache(manifest_scanner.scan_component_manifests)
    # Each compiles its pages: magic walks their syntax trees.
    compiled = ScriptCache.get_bytecode
    ScriptCache.get_bytecode = lambda _own, path: compiled(SCRIPTS, path)
    # Each store compiles its statements: a third of what a test of a small one takes. One dialect
    # is like another of its database, and so a statement is found under either.
    Engine._compiled_cache = property(lambda _: STATEMENTS, lambda *_: None)
    DefaultDialect.__eq__ = lambda self, other: type(self) is type(other)
    DefaultDialect.__hash__ = lambda self: hash(type(self))
    # Charts are checked as Altair would, in a hundredth of its time.
    alt.LayerChart.to_dict = _checked(alt.LayerChart.to_dict)


def _checked(to_dict):
    def made(chart, **_asked):
        spec = to_dict(chart, validate=False)
        vega.check(spec)
        return spec

    return made
