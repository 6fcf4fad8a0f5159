"""Reading what is sent: no more than a limit, only known types, only JSON that has one meaning."""

import json
import math
from collections.abc import Collection
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import ClientDisconnect, Request

from core.api.answers import Refusal

JSON, LINES = "application/json", "application/x-ndjson"
SHOWN = 80

M = TypeVar("M", bound=BaseModel)


def media_type(request: Request, known: Collection[str]) -> str:
    """The type that the body is said to have; refused unless it is known."""
    kind, _, parameters = request.headers.get("content-type", "").partition(";")
    kind = kind.strip().lower()
    charset = parameters.lower().partition("charset=")[2].strip(' "')
    if kind not in known or charset not in {"", "utf-8", "utf8"}:
        raise Refusal(415, f"Send the body as {' or '.join(known)}, in UTF-8.")
    return kind


async def read_body(request: Request, limit: int) -> bytes:
    """The body; refused, and not read on, where it has more than `limit` bytes."""
    told = request.headers.get("content-length", "0")
    too_large = Refusal(413, f"The body is larger than {limit // 1_000_000} MB: send less at once.")
    if told.isdecimal() and int(told[:18]) > limit:
        raise too_large
    parts, size = [], 0
    try:
        async for part in request.stream():
            size += len(part)
            if size > limit:
                raise too_large
            parts.append(part)
    except ClientDisconnect:
        raise Refusal(422, "The body was cut off.") from None
    return b"".join(parts)


def read_json(body: bytes | str) -> Any:
    """The value of a JSON text; refused where it is none, or could be read in two ways."""
    try:
        text = body if isinstance(body, str) else body.decode("utf-8")
        return json.loads(
            text, object_pairs_hook=_object, parse_constant=_no_number, parse_float=_float
        )
    except UnicodeDecodeError:
        raise Refusal(422, "The body is not UTF-8.") from None
    except RecursionError:
        raise Refusal(422, "The body is nested too deep.") from None
    except ValueError:
        # Also a whole number of thousands of digits.
        raise Refusal(422, "The body is no JSON.") from None


def checked(model: type[M], value: Any) -> M:
    """The value as its declaration has it; refused with the first field that is not so."""
    if not isinstance(value, dict):
        raise Refusal(422, "The body is no JSON object.")
    try:
        return model.model_validate(value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    field = str(first["loc"][0]) if first["loc"] else None
    said = str(first["msg"]).removeprefix("Value error, ").rstrip(".")
    said = said.replace("Input should", "it should").replace("String should", "it should")
    if first["type"] == "missing":
        said = "it is missing"
    of = f"{field}: " if field else ""
    raise Refusal(422, f"{of}{said}.", field=field)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)[:SHOWN]
        raise Refusal(422, f"The body gives {twice!r} more than once.", field=twice)
    return found


def _no_number(text: str) -> Any:
    raise Refusal(422, f"The body has {text}, which is no number in JSON.")


def _float(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise Refusal(422, f"The body has the number {text[:SHOWN]}, which is too large.")
    return number
