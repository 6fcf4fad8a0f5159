"""The description of the API: it is one, and the API does as it says."""

import json
import os
import subprocess
import sys

import jsonschema
import pytest

from core.api.application import api, document
from tests.draws import draws


def test_every_route_is_described_and_the_other_way_round(anyone):
    described = anyone.get("/api/v1/openapi.json").json()
    assert described == json.loads(json.dumps(document()))
    assert described["openapi"] == "3.1.0"
    served = {route.path for route in api.routes if route.path.startswith("/api/v1/")}
    assert set(described["paths"]) == served - {"/api/v1/openapi.json"}
    for path, methods in described["paths"].items():
        allowed = anyone.options(path).headers["Allow"].lower().split(", ")
        assert set(methods) == set(allowed) - {"head", "options"}


def test_its_schemas_are_json_schema():
    for schema in document()["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)


# How the API answers is always as described; which data it refuses is exact for votes, while of
# records and addresses it takes more than is described.
ALWAYS = (
    *("not_a_server_error", "status_code_conformance", "content_type_conformance"),
    *("response_headers_conformance", "response_schema_conformance", "unsupported_method"),
)


@pytest.mark.parametrize(
    "asked",
    [("--checks", ",".join(ALWAYS)), ("--include-operation-id", "postFeedback", "--checks", "all")],
    ids=["everything", "votes"],
)
def test_the_api_does_as_it_says(running, tmp_path, asked):
    # Any other tenant is refused: then nothing of the rest would be tried.
    described = json.loads(json.dumps(document()))
    described["components"]["schemas"]["VoteIn"]["properties"]["tenant_id"] = {"const": "demo"}
    # One key for several votes is refused, which no schema can say.
    del described["paths"]["/api/v1/feedback"]["post"]["parameters"]
    (tmp_path / "openapi.json").write_text(json.dumps(described))
    done = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "run"),
            *(str(tmp_path / "openapi.json"), "--url", running.url),
            *("--header", f"Authorization: Bearer {running.token}", "--seed", "1"),
            *(
                "--max-examples",
                str(draws(40)),
                "--phases",
                "examples,coverage,fuzzing",
                "--no-color",
            ),
            *("--generation-database", "none", *asked),
        ],
        cwd=tmp_path,
        env=os.environ | {"PYTHONWARNINGS": "ignore"},
        capture_output=True,
        encoding="utf-8",
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6_000:] + done.stderr[-2_000:]
    assert "Authentication failed" not in done.stdout
