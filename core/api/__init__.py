"""The HTTP routes beside the pages: the feedback API, its description, metrics, a calendar."""

import asyncio
import logging

from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from core.api.access import in_thread, served
from core.api.application import api, is_below_api
from core.base.errors import TouchstoneError
from core.feedback import forget_past_salts, forget_receipts

log = logging.getLogger("touchstone")

TIDY_SECONDS = 3_600

# Without the first two, an unknown address below /api would answer 200 with the dashboard's page.
ROUTES = [
    Route(path, api) for path in ("/api/{path:path}", "/api", "/metrics", "/calendar/{account}.ics")
]


class PostsFirst:
    """Middleware by which what is posted to the API skips the layers of pages.

    Sessions and compression were two fifths of what the server's loop did for a vote.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer what is posted below /api, and leave the rest to the app."""
        is_post = scope["type"] == "http" and scope["method"] == "POST"
        await (api if is_post and is_below_api(scope) else self._app)(scope, receive, send)


async def tidy_up() -> None:
    """Delete past salts and old receipts once an hour; never ends."""
    while True:
        try:
            store = (await served()).store
            await in_thread(forget_past_salts, store)
            await in_thread(forget_receipts, store)
        except TouchstoneError as error:
            log.warning("%s", error)
        await asyncio.sleep(TIDY_SECONDS)
