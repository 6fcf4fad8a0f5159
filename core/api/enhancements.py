"""Records of the ticket enhancer, pushed: the same parser and the same rows as from a file."""

from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from core.api.answers import Refusal, as_json
from core.api.bodies import JSON, LINES, media_type, read_body, read_json
from core.api.serving import Served, check_tenant, in_thread, token_holder
from core.api.shapes import EnhancementsAnswer, Problem
from core.base.fields import FieldProblem
from core.ingest.parse.records import ParsedEnhancement, parse_enhancement
from core.ingest.save import save_enhancements
from core.store import Scope, chunks

LARGEST_PUSH = 20_000_000
# Records that become visible together: votes wait meanwhile.
UNIT = 1_000
MOST_LISTED = 100


async def post_enhancements(request: Request, known: Served) -> Response:
    """Take one record, a list of them, or one a line; what cannot be read is told."""
    token = await token_holder(request, known.store)
    if token is None:
        raise Refusal(401, "Send a token of the account: Authorization: Bearer <token>.")
    kind = media_type(request, (JSON, LINES))
    body = await read_body(request, LARGEST_PUSH)
    runs, problems, refused = await in_thread(_parsed, body, kind)
    for run in runs:
        check_tenant(known, token.account_id, run.tenant_id)
    if not runs:
        first = problems[0] if problems else None
        raise Refusal(
            422,
            f"{first.field}: {first.message}." if first else "There is no record in the body.",
            field=first.field if first else None,
        )
    counts = await in_thread(_saved, Scope(known.store, token.account_id), runs)
    answer = EnhancementsAnswer(
        **counts,
        refused=refused,
        problem_count=len(problems),
        problems=problems[:MOST_LISTED],
    )
    return as_json(answer.model_dump(mode="json"), 201 if answer.added else 200)


def _parsed(body: bytes, kind: str) -> tuple[list[ParsedEnhancement], list[Problem], int]:
    """The readable records, what is wrong with any, and how many are left out."""
    runs: list[ParsedEnhancement] = []
    problems: list[Problem] = []
    refused = 0
    for number, value in enumerate(_values(body, kind), 1):
        found = value if isinstance(value, Problem) else parse_enhancement(value)
        if isinstance(found, Problem):
            problems.append(found)
            refused += 1
        elif isinstance(found, FieldProblem):
            problems.append(Problem(record=number, field=found.field, message=found.reason))
            refused += 1
        else:
            runs.append(found)
            problems += [
                Problem(record=number, field=p.field, message=p.reason) for p in found.problems
            ]
    return runs, problems, refused


def _values(body: bytes, kind: str) -> list[Any]:
    if kind == JSON:
        value = read_json(body)
        return value if isinstance(value, list) else [value]
    try:
        # Not splitlines: it would cut at signs that may stand within a text.
        lines = body.decode("utf-8").split("\n")
    except UnicodeDecodeError:
        raise Refusal(422, "The body is not UTF-8.") from None
    return [_value(n, line) for n, line in enumerate(filter(str.strip, lines), 1)]


def _value(number: int, line: str) -> Any:
    try:
        return read_json(line)
    except Refusal as refusal:
        said = refusal.message.replace("The body", "the line").rstrip(".")
        return Problem(record=number, field=refusal.field or "record", message=said)


def _saved(scope: Scope, runs: Sequence[ParsedEnhancement]) -> dict[str, int]:
    total = {"added": 0, "changed": 0, "unchanged": 0}
    for some in chunks(runs, UNIT):
        with scope.write() as unit:
            counts = save_enhancements(unit, some).counts["enhancement"]
        for name in total:
            total[name] += getattr(counts, name)
    return total
