"""The HTTP routes beside the pages: the feedback API, its description, metrics, a calendar."""

import asyncio
import logging
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from core.api.answers import Refusal, as_json
from core.api.calendar import get_calendar
from core.api.openapi import document
from core.api.operations import API, METRICS, Operation
from core.api.origins import allowed_origin, cors_headers, preflight_headers
from core.api.serving import Served, in_thread, served
from core.base.errors import TouchstoneError
from core.feedback import forget_past_salts, forget_receipts

__all__ = ["ROUTES", "PostsFirst", "tidy_up"]

log = logging.getLogger("touchstone")

TIDY_SECONDS = 3_600


class Resource:
    """One address: its operations, and what a browser asks before it sends from another site."""

    def __init__(self, operations: Mapping[str, Operation], *, is_shared: bool = True) -> None:
        self._operations = operations
        self._is_shared = is_shared
        self._methods = [*operations, *(["HEAD"] if "GET" in operations else []), "OPTIONS"]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request; whatever goes wrong is said as JSON."""
        request = Request(scope, receive)
        headers: dict[str, str] = cors_headers(None)
        try:
            response = await self._answer(request, headers)
        except Refusal as refusal:
            response = refusal.response
        except TouchstoneError as error:
            # The store is locked, full or away: what was sent is not lost if it is sent again.
            response = Refusal(503, str(error)).response
        except Exception:
            log.exception("The API could not answer %s %s", request.method, request.url.path)
            response = Refusal(500, "Something failed here, and the log has the reason.").response
        response.headers.update(headers)
        await response(scope, receive, send)

    async def _answer(self, request: Request, headers: dict[str, str]) -> Response:
        if not self._operations:
            raise Refusal(404, f"There is nothing at {request.url.path}.")
        method = "GET" if request.method == "HEAD" else request.method
        operation = self._operations.get(method)
        if operation is None and method != "OPTIONS":
            allowed = ", ".join(self._methods)
            raise Refusal(405, f"{method} is not for this address.", headers={"Allow": allowed})
        known = await served()
        if self._is_shared:
            origin = allowed_origin(request, known.settings.cors_origins)
            headers |= cors_headers(origin)
        if operation is None:
            return self._options(request)
        return await operation.handle(request, known)

    def _options(self, request: Request) -> Response:
        headers = {"Allow": ", ".join(self._methods)}
        if "access-control-request-method" in request.headers:
            headers |= preflight_headers(self._methods)
        return Response(status_code=204, headers=headers)


async def _describe(_request: Request, _known: Served) -> Response:
    return as_json(document())


DESCRIPTION = Operation(
    name="openapi", handle=_describe, summary="This document.", answers={}, errors=()
)

CALENDAR = Operation(
    name="calendar", handle=get_calendar, summary="To subscribe to.", answers={}, errors=()
)

# An app as endpoint takes every method. Without the last two, an unknown address below /api would
# answer 200 with the dashboard's page.
ROUTES = [
    *(Route(path, Resource(operations)) for path, operations in API.items()),
    Route("/api/v1/openapi.json", Resource({"GET": DESCRIPTION})),
    Route("/metrics", Resource({"GET": METRICS}, is_shared=False)),
    Route("/calendar/{account}.ics", Resource({"GET": CALENDAR}, is_shared=False)),
    Route("/api", Resource({})),
    Route("/api/{path:path}", Resource({})),
]


class PostsFirst:
    """What is sent to the API passes by the layers that pages need: sessions, compression.

    They were two fifths of what the server's loop did for a vote.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._api = Router(ROUTES, redirect_slashes=False, default=app)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer here what is posted to one of the routes, and leave the rest to the app."""
        is_sent = scope["type"] == "http" and scope["method"] == "POST"
        await (self._api if is_sent else self._app)(scope, receive, send)


async def tidy_up() -> None:
    """From time to time delete what has to be forgotten: past salts, old receipts; never ends."""
    while True:
        try:
            store = (await served()).store
            await in_thread(forget_past_salts, store)
            await in_thread(forget_receipts, store)
        except TouchstoneError as error:
            log.warning("%s", error)
        await asyncio.sleep(TIDY_SECONDS)
