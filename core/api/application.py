"""The FastAPI application: every operation, what all answers have in common, OpenAPI."""

import logging
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.middleware.asyncexitstack import AsyncExitStackMiddleware
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic import BaseModel
from pydantic.alias_generators import to_camel
from pydantic.json_schema import models_json_schema
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.api.access import served
from core.api.bodies import JSON, LINES
from core.api.enhancements import post_enhancements
from core.api.errors import ERRORS, READING, WRITING, Refusal, as_json, validation_refusal
from core.api.feedback import LONGEST_KEY, feedback_stats, list_feedback, post_feedback
from core.api.feeds import get_calendar, get_metrics
from core.api.headers import OF_DATA
from core.api.origins import origin_headers, preflight_headers
from core.api.schemas import (
    EnhancementRecord,
    EnhancementsAnswer,
    ErrorAnswer,
    FeedbackPage,
    FeedbackStats,
    VoteAnswer,
    VoteIn,
)
from core.base.errors import TouchstoneError

log = logging.getLogger("touchstone")

ABOUT = (
    "Feedback and enhancement records of an account. A token is made with "
    "`python -m core token create`. Errors are always `{error: {code, message, field?}}`."
)
SCHEMAS = "#/components/schemas/{model}"
ALWAYS = [(name.encode(), value.encode()) for name, value in OF_DATA.items()]


def is_below_api(scope: Scope) -> bool:
    """Whether a request is for the API, and not for a page, metrics or a calendar."""
    path: str = scope["path"]
    return path.startswith(f"{scope.get('root_path', '')}/api/")


class PlainRoute(APIRoute):
    """A route whose endpoint takes the request and nothing else.

    FastAPI describes it and resolves nothing for it, which would double what a vote costs.
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        super().__init__(path, endpoint, **options)

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            response = await endpoint(Request(scope, receive))
            await response(scope, receive, send)

        self.app = app


class Edge:
    """Common headers, the check of origins, and every error as JSON."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        headers = [*ALWAYS]

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] += headers
            await send(message)

        if scope["method"] == "HEAD":
            # The server leaves the body out.
            scope = {**scope, "method": "GET"}
        try:
            if any(name == b"origin" for name, _ in scope["headers"]) and is_below_api(scope):
                listed = (await served()).settings.cors_origins
                headers += origin_headers(Request(scope), listed)
            await self._app(scope, receive, answer)
        except Exception as error:  # noqa: BLE001 (a bug is logged and answered, too)
            response = _error_response(Request(scope), error)
            await response(scope, receive, answer)


def _error_response(request: Request, error: Exception) -> Response:
    if isinstance(error, Refusal):
        return error.response
    if isinstance(error, HTTPException):
        return _no_operation(request)
    if isinstance(error, RequestValidationError):
        first = error.errors()[0]
        return validation_refusal(first, first["loc"][1:]).response
    if isinstance(error, TouchstoneError):
        # The store is locked, full or away: what was sent is not lost if it is sent again.
        return Refusal(503, str(error)).response
    where = f"{request.method} {request.url.path}"
    log.error("The API could not answer %s", where, exc_info=error)
    return Refusal(500, "Something failed here, and the log has the reason.").response


def _no_operation(request: Request) -> Response:
    """Answer OPTIONS, a method that the address does not take, and an unknown address."""
    methods = [
        method
        for route in api.routes
        if isinstance(route, Route) and route.matches(request.scope)[0] is not Match.NONE
        for method in route.methods or ()
    ]
    if not methods:
        return Refusal(404, f"There is nothing at {request.url.path}.").response
    methods += [*(["HEAD"] if "GET" in methods else []), "OPTIONS"]
    headers = {"Allow": ", ".join(methods)}
    if request.method != "OPTIONS":
        return Refusal(405, f"{request.method} is not for this address.", headers=headers).response
    if "access-control-request-method" in request.headers:
        headers |= preflight_headers(methods)
    return Response(status_code=204, headers=headers)


class Api(FastAPI):
    """FastAPI, with one layer around its router in place of eight.

    Those for telemetry, size limits and errors, which `Edge` answers, cost a quarter of a vote.
    """

    def build_middleware_stack(self) -> ASGIApp:
        """The layers around the router."""
        return Edge(AsyncExitStackMiddleware(self.router))


def _responses(
    errors: Sequence[int], model: type[BaseModel], **answers: str
) -> dict[int | str, dict[str, Any]]:
    """The answers of an operation for OpenAPI, by status: `created`, `ok`, and errors."""
    said: dict[int | str, dict[str, Any]] = {
        {"created": 201, "ok": 200}[name]: {"model": model, "description": meaning}
        for name, meaning in answers.items()
    }
    header = {401: "WWW-Authenticate", 429: "Retry-After", 503: "Retry-After"}
    for status in errors:
        code, meaning = ERRORS[status]
        said[status] = {"model": ErrorAnswer, "description": f"{code}: {meaning}"}
        if status in header:
            required = {"required": True, "schema": {"type": "string"}}
            said[status]["headers"] = {header[status]: required}
    return said


def _content(model: type[BaseModel], *, many: bool = False) -> dict[str, Any]:
    """The body of an operation for OpenAPI."""
    schema: dict[str, Any] = {"$ref": SCHEMAS.format(model=model.__name__)}
    content: dict[str, Any] = {JSON: {"schema": schema}}
    if many:
        schemas = [schema, {"type": "array", "items": schema, "minItems": 1}]
        content = {JSON: {"schema": {"anyOf": schemas}}, LINES: {"schema": {"type": "string"}}}
    return {"required": True, "content": content}


TOKEN: Mapping[str, Any] = {"security": [{"token": []}]}
KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "Sent again with this key, the vote changes nothing and is answered as the "
    "first time.",
    "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST_KEY},
}

api = Api(
    openapi_url=None,
    docs_url=None,
    redoc_url=None,
    redirect_slashes=False,
    generate_unique_id_function=lambda route: to_camel(route.name),
    telemetry={"tracing": False, "metrics": False, "logs": False},
)
api.router.add_api_route(
    "/api/v1/feedback",
    post_feedback,
    methods=["POST"],
    route_class_override=PlainRoute,
    summary="Record a vote; each rater has one current vote on a subject.",
    status_code=201,
    responses=_responses(
        WRITING,
        VoteAnswer,
        created="A first vote of this rater on this subject.",
        ok="An earlier vote was changed, or is repeated.",
    ),
    openapi_extra={
        "security": [{"token": []}, {}],
        "parameters": [KEY],
        "requestBody": _content(VoteIn),
    },
)
api.get(
    "/api/v1/feedback",
    summary="List current feedback on tickets and enhancements, the oldest first.",
    responses=_responses(READING, FeedbackPage, ok="A part of the list."),
    openapi_extra={**TOKEN},
)(list_feedback)
api.get(
    "/api/v1/feedback/stats",
    summary="Sum current feedback up.",
    responses=_responses(READING, FeedbackStats, ok="Counts, mean rating, share of thumbs up."),
    openapi_extra={**TOKEN},
)(feedback_stats)
api.post(
    "/api/v1/enhancements",
    summary="Enter runs of the ticket enhancer: one, a list, or one a line.",
    status_code=201,
    responses=_responses(
        WRITING,
        EnhancementsAnswer,
        created="New runs are entered.",
        ok="All of them were there already; some may have changed.",
    ),
    openapi_extra={**TOKEN, "requestBody": _content(EnhancementRecord, many=True)},
)(post_enhancements)
api.get("/metrics", include_in_schema=False)(get_metrics)
api.get("/calendar/{account}.ics", include_in_schema=False)(get_calendar)


@cache
def document() -> dict[str, Any]:
    """The OpenAPI 3.1 document."""
    made = get_openapi(title="Touchstone", version="1", description=ABOUT, routes=api.routes)
    # Bodies are read by the operations themselves: FastAPI does not know their models.
    _, sent = models_json_schema(
        [(EnhancementRecord, "validation"), (VoteIn, "validation")], ref_template=SCHEMAS
    )
    made["components"]["schemas"] |= sent["$defs"]
    made["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    return made


@api.get("/api/v1/openapi.json", include_in_schema=False)
async def get_document() -> Response:
    """Describe the API."""
    return as_json(document())
