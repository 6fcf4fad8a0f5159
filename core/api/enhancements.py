"""Records of the ticket enhancer, pushed: parsed and stored as those from a file."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from core.api.access import in_thread, require_bearer, served
from core.api.bodies import JSON, LINES, media_type, read_body, read_json
from core.api.errors import Refusal
from core.api.schemas import EnhancementsAnswer, Problem
from core.base.fields import FieldProblem, ParsedRow
from core.ingest.parse.records import parse_enhancement
from core.ingest.save.platform import save_enhancements
from core.store import Scope, chunks

LARGEST_PUSH = 20_000_000
# Records that become visible together: votes wait meanwhile.
UNIT = 1_000
MOST_LISTED = 100
# More than a body of this size has, unless it is not of records at all.
MOST_RECORDS = 400_000


async def post_enhancements(request: Request, response: Response) -> EnhancementsAnswer:
    """Take one record, a list of them, or one a line; list what cannot be read."""
    known = await served()
    scope = await require_bearer(request, known.store)
    kind = media_type(request, (JSON, LINES))
    body = await read_body(request, LARGEST_PUSH)
    runs, problems, number, refused = await in_thread(_parsed, body, kind)
    for tenant in {run.row["tenant_id"] for run in runs}:
        known.check_tenant(scope.account, tenant)
    if not runs and problems:
        first = problems[0]
        raise Refusal(422, f"{first.field}: {first.message}.", field=first.field)
    if not runs:
        raise Refusal(422, "There is no record in the body.")
    counts = await in_thread(_saved, scope, runs)
    if not counts["added"]:
        response.status_code = 200
    return EnhancementsAnswer(**counts, refused=refused, problem_count=number, problems=problems)


def _parsed(body: bytes, kind: str) -> tuple[list[ParsedRow], list[Problem], int, int]:
    """The readable records, the first problems, how many there are, how many records refused."""
    runs: list[ParsedRow] = []
    problems: list[Problem] = []
    noted = refused = 0
    values = _values(body, kind)
    if len(values) > MOST_RECORDS:
        raise Refusal(413, f"More than {MOST_RECORDS:,} records at once: send them in parts.")
    for number, value in enumerate(values, 1):
        found = value if isinstance(value, FieldProblem) else parse_enhancement(value)
        if isinstance(found, FieldProblem):
            refused += 1
        else:
            runs.append(found)
        wrong = [found] if isinstance(found, FieldProblem) else found.problems
        noted += len(wrong)
        problems += [
            Problem(record=number, field=p.field, message=p.reason)
            for p in wrong[: MOST_LISTED - len(problems)]
        ]
    return runs, problems, noted, refused


def _values(body: bytes, kind: str) -> list[Any]:
    if kind == JSON:
        value = read_json(body)
        return value if isinstance(value, list) else [value]
    try:
        # Not splitlines: it would cut at signs that may stand within a text.
        lines = body.decode("utf-8").split("\n")
    except UnicodeDecodeError:
        raise Refusal(422, "The body is not UTF-8.") from None
    return [_value(line) for line in filter(str.strip, lines)]


def _value(line: str) -> Any:
    try:
        return read_json(line)
    except Refusal as refusal:
        said = refusal.message.replace("The body", "the line").rstrip(".")
        return FieldProblem("enhancement", "", refusal.field or "record", "", said)


def _saved(scope: Scope, runs: Sequence[ParsedRow]) -> Counter[str]:
    total = Counter[str]()
    for some in chunks(runs, UNIT):
        with scope.write() as unit:
            total.update(save_enhancements(unit, some).counts["enhancement"]._asdict())
    return total
