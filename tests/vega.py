"""The schema of Vega-Lite, checked in a hundredth of the time that Altair takes."""

from functools import cache
from urllib.parse import quote

import altair as alt
import jsonschema_rs


def check(spec):
    """Raise `jsonschema_rs.ValidationError` where a layered chart is not valid."""
    _validator().validate(spec)


@cache
def _validator():
    schema = _quoted(alt.LayerChart._rootschema)
    return jsonschema_rs.validator_for(schema | alt.LayerChart._schema)


def _quoted(part):
    """References as a URI has them; the names that they have here are types of TypeScript."""
    if isinstance(part, dict):
        quoted = {name: _quoted(value) for name, value in part.items()}
        if isinstance(quoted.get("$ref"), str):
            quoted["$ref"] = quote(quoted["$ref"], safe="#/")
        return quoted
    return [_quoted(one) for one in part] if isinstance(part, list) else part
