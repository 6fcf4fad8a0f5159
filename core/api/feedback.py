"""The feedback operations: record a vote, list votes, sum votes up."""

from collections import Counter
from hashlib import sha256
from typing import Annotated

from fastapi import Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from core.api.access import (
    SIGN_IN,
    Served,
    find_bearer,
    forget_tokens,
    in_thread,
    limit,
    require_bearer,
    served,
)
from core.api.bodies import JSON, media_type, read_body, read_json, validated
from core.api.errors import ERRORS, WRITING, Refusal, as_json
from core.api.origins import client_address
from core.api.schemas import (
    FeedbackPage,
    FeedbackQuery,
    FeedbackRecord,
    FeedbackStats,
    PeriodQuery,
    VoteIn,
)
from core.base.errors import AccessError, InputError, TouchstoneError
from core.base.telemetry import VOTES_ACCEPTED, VOTES_REFUSED
from core.base.text import canonical_address
from core.feedback import (
    Cast,
    FeedbackType,
    Receipt,
    Recorded,
    Vote,
    anonymous_rater,
    feedback_list,
    feedback_summary,
    is_anonymous,
    subject_of,
    submit_vote,
)
from core.feedback.raters import ANONYMOUS
from core.ingest.save.platform import imported_vote_id
from core.store import ApiToken, Scope

LARGEST_VOTE = 1_000_000
USUAL_VOTE = 10_000
LONGEST_KEY = 255
MINUTE = 60.0
# What became of a vote: how the answer says it.
OUTCOMES = {
    "new": ("recorded", "The feedback is recorded."),
    "changed": ("updated", "The earlier feedback is updated."),
    "unchanged": ("unchanged", "The feedback was there already."),
}


# Prometheus sees the first of each only where there was a 0 before.
for _result in OUTCOMES:
    VOTES_ACCEPTED.labels(_result)
for _status in WRITING:
    VOTES_REFUSED.labels(ERRORS[_status][0])


async def post_feedback(request: Request) -> Response:
    """Record one vote."""
    # FastAPI would read the body before the token is checked, and without limits.
    try:
        recorded = await _record_vote(request, await served())
    except (Refusal, TouchstoneError) as error:
        VOTES_REFUSED.labels(error.code if isinstance(error, Refusal) else ERRORS[503][0]).inc()
        raise
    VOTES_ACCEPTED.labels(recorded.result).inc()
    status, message = OUTCOMES[recorded.result]
    answer = {"id": recorded.feedback_id, "status": status, "message": message}
    return as_json(answer, 201 if recorded.result == "new" else 200)


async def _reader(request: Request) -> Scope:
    """The account whose feedback the token may read."""
    scope = await require_bearer(request, (await served()).store)
    for name, number in Counter(name for name, _ in request.query_params.multi_items()).items():
        if number > 1:
            raise Refusal(422, f"{name}: it is given more than once.", field=name)
    return scope


Reader = Annotated[Scope, Depends(_reader)]


async def list_feedback(scope: Reader, asked: Annotated[FeedbackQuery, Query()]) -> FeedbackPage:
    """List the account's feedback."""
    (await served()).check_tenant(scope.account, asked.tenant_id)
    votes, count = await in_thread(
        feedback_list,
        scope,
        start=asked.start_date,
        end=asked.end_date,
        kind=asked.feedback_type,
        limit=asked.limit,
        offset=asked.offset,
    )
    records = [_record(scope.account, vote, asked.feedback_type) for vote in votes]
    return FeedbackPage(feedback=records, count=count)


async def feedback_stats(scope: Reader, asked: Annotated[PeriodQuery, Query()]) -> FeedbackStats:
    """Sum the account's feedback up."""
    (await served()).check_tenant(scope.account, asked.tenant_id)
    found = await in_thread(feedback_summary, scope, start=asked.start_date, end=asked.end_date)
    return FeedbackStats(
        tenant_id=scope.account,
        total=found.total,
        average_rating=found.average_rating,
        feedback_counts=found.by_type,
        rating_counts={str(stars): n for stars, n in enumerate(found.ratings, 1)},
        positive_percentage=found.positive_percentage,
        comments=found.comments,
    )


async def _record_vote(request: Request, known: Served) -> Recorded:
    token = await find_bearer(request, known.store, is_checked_later=True)
    if token is None:
        if not known.settings.anonymous_feedback:
            raise Refusal(401, SIGN_IN)
        burst = known.settings.address_votes_per_minute
        limit(("address", _address(request, known)), burst, MINUTE, "this address")
    media_type(request, (JSON,))
    body = await read_body(request, LARGEST_VOTE)
    # A usual vote is read sooner than a thread begins; nobody waits for a large one.
    vote = _vote(body) if len(body) <= USUAL_VOTE else await in_thread(_vote, body)
    scope = Scope(known.store, _account(known, token, vote))
    rater = await _rater(request, known, scope, vote, is_named=token is not None)
    cast = _cast(vote, rater, with_id=token is not None)
    receipt = _receipt(request, token, vote, rater)
    try:
        return await submit_vote(
            scope, cast, receipt=receipt, token_id=None if token is None else token.id
        )
    except AccessError as error:
        forget_tokens()
        raise Refusal(401, str(error)) from None
    except InputError as error:
        raise Refusal(422, str(error), field="Idempotency-Key") from None


def _vote(body: bytes) -> VoteIn:
    return validated(VoteIn, read_json(body))


def _account(known: Served, token: ApiToken | None, vote: VoteIn) -> str:
    if token is not None:
        known.check_tenant(token.account_id, vote.tenant_id)
        return token.account_id
    for account_id in known.accounts.intersection(known.settings.anonymous_feedback):
        if vote.tenant_id in known.tenants(account_id):
            return account_id
    raise Refusal(401, "This account takes no votes without a token.")


async def _rater(
    request: Request, known: Served, scope: Scope, vote: VoteIn, *, is_named: bool
) -> str:
    """The rater: by name, by a key of their own, or by their connection."""
    if vote.technician_email is not None:
        if not is_named:
            # Anyone could speak for anyone.
            raise Refusal(422, "technician_email: a name needs a token.", field="technician_email")
        rater = canonical_address(vote.technician_email)
    elif vote.anonymous_id is not None:
        rater = await in_thread(anonymous_rater, scope, "key", vote.anonymous_id)
    elif vote.id is not None and is_named:
        # As from a file: the votes of one record are of one unknown person.
        return f"{ANONYMOUS}{vote.id}"
    else:
        connection = (_address(request, known), request.headers.get("user-agent", ""))
        return await in_thread(anonymous_rater, scope, "connection", *connection)
    burst = known.settings.rater_votes_per_minute
    limit(("rater", scope.account, rater), burst, MINUTE, "this rater")
    return rater


def _address(request: Request, known: Served) -> str:
    return client_address(request, known.settings.trusted_proxies)


def _cast(vote: VoteIn, rater: str, *, with_id: bool) -> Cast:
    thumb = None if vote.feedback_type == "rating" else vote.feedback_type.removeprefix("thumbs_")
    return Cast(
        subject=subject_of(enhancement=vote.enhancement_id, ticket=vote.ticket_id),
        rater=rater,
        thumb=thumb,
        rating=vote.rating_value,
        comment=vote.feedback_comment,
        ticket_id=vote.ticket_id,
        vote_id=imported_vote_id(vote.id) if with_id and vote.id is not None else None,
    )


def _receipt(request: Request, token: ApiToken | None, vote: VoteIn, rater: str) -> Receipt | None:
    """The key under which the vote is known when it is sent again."""
    content = sha256(vote.model_dump_json().encode()).hexdigest()
    header = request.headers.get("idempotency-key")
    sender = ("rater", rater) if token is None else ("token", str(token.id))
    if header is not None:
        if not header.strip() or len(header) > LONGEST_KEY:
            raise Refusal(
                422, f"The key has 1 to {LONGEST_KEY} characters.", field="Idempotency-Key"
            )
        return Receipt(_digest(*sender, header), content, is_strict=True)
    if vote.id is not None and token is not None:
        return Receipt(_digest("id", vote.id), content, is_strict=False)
    return None


def _digest(*parts: str) -> str:
    return sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


def _record(account_id: str, vote: Vote, asked: FeedbackType | None) -> FeedbackRecord:
    given: FeedbackType | None = "rating" if vote.rating is not None else None
    if given is None and vote.thumb is not None:
        given = "thumbs_up" if vote.thumb == "up" else "thumbs_down"
    kind = asked or given
    return FeedbackRecord(
        **vars(vote),
        tenant_id=account_id,
        technician_email=None if is_anonymous(vote.rater) else vote.rater,
        feedback_type=kind,
        rating_value=vote.rating if kind == "rating" else None,
        feedback_comment=vote.comment,
    )
