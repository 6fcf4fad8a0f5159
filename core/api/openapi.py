"""The OpenAPI 3.1 document of the API, made from what the API checks against."""

from functools import cache
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from core.api.answers import ERRORS
from core.api.bodies import JSON, LINES
from core.api.operations import API, Operation
from core.api.shapes import ErrorAnswer

WHERE = "#/components/schemas/{model}"
ABOUT = (
    "Feedback and enhancement records of an account. A token is made with "
    "`python -m core token create`. Errors are always `{error: {code, message, field?}}`."
)


@cache
def document() -> dict[str, Any]:
    """The document, for `openapi.json`."""
    operations = [one for methods in API.values() for one in methods.values()]
    models: set[type[BaseModel]] = {ErrorAnswer}
    for one in operations:
        models |= {model for _, model in one.answers.values()}
        models |= {one.body} if one.body else set()
    listed = sorted(models, key=lambda model: model.__name__)
    _, schemas = models_json_schema([(model, "validation") for model in listed], ref_template=WHERE)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Touchstone", "version": "1", "description": ABOUT},
        "paths": {
            path: {method.lower(): _operation(one) for method, one in methods.items()}
            for path, methods in API.items()
        },
        "components": {
            "schemas": schemas["$defs"],
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(one: Operation) -> dict[str, Any]:
    said: dict[str, Any] = {"operationId": one.name, "summary": one.summary}
    said["security"] = [{"token": []}, *([] if one.needs_token else [{}])]
    parameters = _query(one.query) if one.query else []
    for name, meaning in one.header_names.items():
        schema = {"type": "string", "minLength": 1, "maxLength": 255}
        parameters.append({"name": name, "in": "header", "description": meaning, "schema": schema})
    if parameters:
        said["parameters"] = parameters
    if one.body:
        said["requestBody"] = {"required": True, "content": _content(one)}
    said["responses"] = {
        str(status): {"description": meaning, "content": {JSON: {"schema": _ref(model)}}}
        for status, (meaning, model) in one.answers.items()
    } | {str(status): _error(status) for status in one.errors}
    return said


def _content(one: Operation) -> dict[str, Any]:
    assert one.body is not None
    schema: dict[str, Any] = _ref(one.body)
    if LINES in one.types:
        many = {"anyOf": [schema, {"type": "array", "items": schema, "minItems": 1}]}
        return {JSON: {"schema": many}, LINES: {"schema": {"type": "string"}}}
    return {JSON: {"schema": schema}}


def _error(status: int) -> dict[str, Any]:
    code, meaning = ERRORS[status]
    answer: dict[str, Any] = {
        "description": f"{code}: {meaning}",
        "content": {JSON: {"schema": _ref(ErrorAnswer)}},
    }
    header = {401: "WWW-Authenticate", 405: "Allow", 429: "Retry-After", 503: "Retry-After"}
    if status in header:
        answer["headers"] = {header[status]: {"required": True, "schema": {"type": "string"}}}
    return answer


def _query(model: type[BaseModel]) -> list[dict[str, Any]]:
    properties = model.model_json_schema()["properties"]
    parameters = []
    for name, schema in properties.items():
        said = {"name": name, "in": "query", "required": False}
        if "description" in schema:
            said["description"] = schema.pop("description")
        parameters.append(said | {"schema": _without_null(schema)})
    return parameters


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """What stands in an address is text: nothing is said by leaving it out."""
    schema.pop("title", None)
    if schema.get("default", "") is None:
        del schema["default"]
    kinds = schema.get("type")
    if isinstance(kinds, list):
        schema["type"] = "string"
    some = [one for one in schema.get("anyOf", []) if one != {"type": "null"}]
    if some:
        schema["anyOf"] = some
    return schema


def _ref(model: type[BaseModel]) -> dict[str, str]:
    return {"$ref": WHERE.format(model=model.__name__)}
