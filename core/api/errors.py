"""Error answers of the API: always JSON, `{error: {code, message, field?}}`."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.responses import Response

# Each status of an error: its code, and what it means.
ERRORS: Mapping[int, tuple[str, str]] = {
    401: ("unauthorized", "The token is missing, unknown or revoked."),
    403: ("forbidden", "The tenant is another account's, or the page's origin is not allowed."),
    404: ("not_found", "There is nothing at this address."),
    405: ("method_not_allowed", "The address does not take this method; `Allow` lists those."),
    413: ("too_large", "The body is larger than the limit."),
    415: ("unsupported_media_type", "The content type of the body is not supported."),
    422: ("invalid", "The message says what is wrong, and the field where it is."),
    429: ("too_many_requests", "A limit is reached; `Retry-After` says for how many seconds."),
    500: ("internal_error", "Something failed here; the log has the reason."),
    503: ("busy", "The store cannot be written or read now; try again after `Retry-After`."),
}
READING = (401, 403, 422, 429, 500, 503)
WRITING = (401, 403, 413, 415, 422, 429, 500, 503)
HEADERS: Mapping[int, Mapping[str, str]] = {
    401: {"WWW-Authenticate": 'Bearer realm="touchstone"'},
    # The rest of the body is not read, so nothing can follow it.
    413: {"Connection": "close"},
    503: {"Retry-After": "1"},
}
_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))


class Refusal(Exception):
    """A request that is refused; the message is a sentence for its sender."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        field: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.code = status, ERRORS[status][0]
        self.message, self.field = message, field
        self.headers = {**HEADERS.get(status, {}), **(headers or {})}

    @property
    def response(self) -> Response:
        """The answer."""
        error = {"code": self.code, "message": self.message}
        if self.field is not None:
            error["field"] = self.field
        return as_json({"error": error}, self.status, self.headers)


def validation_refusal(error: Mapping[str, Any], location: Sequence[int | str]) -> Refusal:
    """The refusal for an error that pydantic found, at its place in what was sent."""
    field = str(location[0]) if location else None
    said = str(error["msg"]).removeprefix("Value error, ").rstrip(".")
    said = said.replace("Input should", "it should").replace("String should", "it should")
    if error["type"] == "missing":
        said = "it is missing"
    return Refusal(422, f"{field}: {said}." if field else f"{said}.", field=field)


def as_json(content: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer."""
    body = _ENCODER.encode(content)
    return Response(body.encode("utf-8", "replace"), status, headers, media_type="application/json")
