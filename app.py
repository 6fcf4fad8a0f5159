"""The server: the dashboard's frame, the HTTP routes, and what is done once at start."""

import asyncio
import gc
import importlib
import logging
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import streamlit as st
from sqlalchemy.orm import configure_mappers
from starlette.middleware import Middleware

from core.api import ROUTES, PostsFirst, tidy_up
from core.api.headers import with_page_headers, with_page_style
from core.base.errors import TouchstoneError
from core.base.settings import load_settings
from core.demo.active_store import active_store, configured_store

# What the pages import; loaded before the first visitor comes, who would wait a second for it.
PAGE_IMPORTS = (
    "altair",
    "pandas",
    "scipy.stats",
    "core.analytics",
    "core.charts",
    "core.report",
    "core.review.agenda",
    "core.ingest.sync.accounts",
)

# Pages compute in threads beside the loop that answers the API: with Python's 5 ms a request that
# takes one would wait for its turn again and again.
sys.setswitchinterval(0.0001)

log = logging.getLogger("touchstone")


def _start() -> None:
    for name in PAGE_IMPORTS:
        importlib.import_module(name)
    try:
        settings = load_settings()
        _sync().keep_synced(settings, partial(configured_store, settings))
        active_store(settings)
        configured_store(settings).check(seconds=3.0)
    except TouchstoneError as error:
        log.warning("%s", error)  # the pages say the same, and the way out
    # Or the first vote does it, while it keeps all others from writing.
    configure_mappers()
    # What is loaded now stays: the collector need not walk through it on every rerun.
    gc.collect()
    gc.freeze()


def _sync() -> ModuleType:
    return importlib.import_module("core.ingest.sync.accounts")


@asynccontextmanager
async def lifespan(_app: st.App) -> AsyncIterator[dict[str, Any]]:
    """Start the work beside the server, and end it with the server."""
    starting = [asyncio.create_task(work) for work in (asyncio.to_thread(_start), tidy_up())]
    try:
        yield {}
    finally:
        await asyncio.to_thread(lambda: _sync().end_background())
        for task in starting:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


PAGES = Path(__file__).resolve().parent / "pages"

app = st.App(
    PAGES / "_frame.py",
    routes=ROUTES,
    middleware=[
        Middleware(PostsFirst),
        Middleware(with_page_headers),
        Middleware(with_page_style, PAGES / "_frame.css", PAGES / "review/weekly_review.css"),
    ],
    lifespan=lifespan,
)
