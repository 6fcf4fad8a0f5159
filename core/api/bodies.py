"""Request bodies: limited in size, of known types, and JSON without ambiguity."""

import json
import math
from collections import Counter
from collections.abc import Collection
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import ClientDisconnect, Request

from core.api.errors import Refusal, validation_refusal

JSON, LINES = "application/json", "application/x-ndjson"
SHOWN = 80

M = TypeVar("M", bound=BaseModel)


def media_type(request: Request, known: Collection[str]) -> str:
    """The content type of the body; raises a 415 unless it is known."""
    kind, _, parameters = request.headers.get("content-type", "").partition(";")
    kind = kind.strip().lower()
    charset = parameters.lower().partition("charset=")[2].strip(' "')
    if kind not in known or charset not in {"", "utf-8", "utf8"}:
        raise Refusal(415, f"Send the body as {' or '.join(known)}, in UTF-8.")
    return kind


async def read_body(request: Request, limit: int) -> bytes:
    """The body; raises a 413, and reads no further, where it has more than `limit` bytes."""
    too_large = Refusal(413, f"The body is larger than {limit // 1_000_000} MB: send less at once.")
    announced = request.headers.get("content-length", "0")
    if announced.isdecimal() and int(announced[:18]) > limit:
        raise too_large
    body = bytearray()
    try:
        async for part in request.stream():
            body += part
            if len(body) > limit:
                raise too_large
    except ClientDisconnect:
        raise Refusal(422, "The body was cut off.") from None
    return bytes(body)


def read_json(body: bytes | str) -> Any:
    """The value of a JSON text; raises a 422 where it is not valid, or ambiguous."""
    try:
        text = body if isinstance(body, str) else body.decode("utf-8")
        return _DECODER.decode(text)
    except UnicodeDecodeError:
        raise Refusal(422, "The body is not UTF-8.") from None
    except RecursionError:
        raise Refusal(422, "The body is nested too deeply.") from None
    except ValueError:
        # Also a whole number of thousands of digits.
        raise Refusal(422, "The body is not valid JSON.") from None


def validated(model: type[M], value: Any) -> M:
    """The value as an instance of the model; raises a 422 with the first invalid field."""
    if not isinstance(value, dict):
        raise Refusal(422, "The body is not a JSON object.")
    try:
        return model.model_validate(value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    raise validation_refusal(first, first["loc"])


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        counted = Counter(name for name, _ in pairs)
        twice = next(name for name, number in counted.items() if number > 1)[:SHOWN]
        raise Refusal(422, f"The body gives {twice!r} more than once.", field=twice)
    return found


def _constant(text: str) -> Any:
    raise Refusal(422, f"The body has {text}, which is not a number in JSON.")


def _float(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise Refusal(422, f"The body has the number {text[:SHOWN]}, which is too large.")
    return number


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_constant, parse_float=_float)
