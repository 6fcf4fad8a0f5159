"""What the API answers: JSON, errors always as `{error: {code, message, field?}}`."""

import json
from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

# Every error that the API answers with: its code, and what it means.
ERRORS: Mapping[int, tuple[str, str]] = {
    401: ("unauthorized", "There is no token, or one that is unknown or was revoked."),
    403: ("forbidden", "The tenant is another account's, or the page's origin is not allowed."),
    404: ("not_found", "There is nothing at this address."),
    405: ("method_not_allowed", "The address does not take this method; `Allow` names those."),
    413: ("too_large", "The body is larger than is read here."),
    415: ("unsupported_media_type", "The body is not said to be of a type that is read here."),
    422: ("invalid", "The message says what is wrong, and the field where it is."),
    429: ("too_many_requests", "A limit is reached; `Retry-After` says for how many seconds."),
    500: ("internal_error", "Something failed here; the log has the reason."),
    503: ("busy", "The store cannot be written or read now; try again after `Retry-After`."),
}
# What a code is called where it is not enough to know the status.
BUSY_SECONDS = 1


class Refusal(Exception):
    """A request that is not answered as asked; the message is a sentence for who sent it."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        field: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = ERRORS[status][0]
        self.message = message
        self.field = field
        self.headers = dict(headers or {})
        if status == 401:
            self.headers.setdefault("WWW-Authenticate", 'Bearer realm="touchstone"')
        elif status == 503:
            self.headers.setdefault("Retry-After", str(BUSY_SECONDS))
        elif status == 413:
            # The rest of the body is not read, so nothing can follow it.
            self.headers.setdefault("Connection", "close")

    @property
    def response(self) -> Response:
        """The answer."""
        error = {"code": self.code, "message": self.message}
        if self.field is not None:
            error["field"] = self.field
        return as_json({"error": error}, self.status, self.headers)


def as_json(content: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer; nobody keeps a copy of it, and no browser takes it for anything else."""
    body = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    always = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    return Response(
        body.encode("utf-8", "replace"),
        status,
        always | dict(headers or {}),
        media_type="application/json",
    )
