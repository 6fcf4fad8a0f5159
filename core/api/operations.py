"""Every operation of the API, declared once: the routes and the OpenAPI document follow from it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from core.api.bodies import JSON, LINES
from core.api.enhancements import post_enhancements
from core.api.feedback import feedback_stats, list_feedback, post_feedback
from core.api.metrics import get_metrics
from core.api.serving import Served
from core.api.shapes import (
    EnhancementRecord,
    EnhancementsAnswer,
    FeedbackPage,
    FeedbackQuery,
    FeedbackStats,
    PeriodQuery,
    VoteAnswer,
    VoteIn,
)

Handler = Callable[[Request, Served], Awaitable[Response]]


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One method of one address.

    `answers` are what it says when all is well, by status, `errors` the statuses of the rest;
    `types` are those of a body, `header_names` what it reads beside the token.
    """

    name: str
    handle: Handler
    summary: str
    answers: Mapping[int, tuple[str, type[BaseModel]]]
    errors: tuple[int, ...]
    needs_token: bool = True
    query: type[BaseModel] | None = None
    body: type[BaseModel] | None = None
    types: tuple[str, ...] = ()
    header_names: Mapping[str, str] = field(default_factory=dict)


READING = (401, 403, 422, 429, 500, 503)
WRITING = (401, 403, 413, 415, 422, 429, 500, 503)

API: Mapping[str, Mapping[str, Operation]] = {
    "/api/v1/feedback": {
        "POST": Operation(
            name="postFeedback",
            handle=post_feedback,
            summary="Record a vote; each rater has one current vote on a subject.",
            answers={
                201: ("A first vote of this rater on this subject.", VoteAnswer),
                200: ("An earlier vote was changed, or is repeated.", VoteAnswer),
            },
            errors=WRITING,
            needs_token=False,
            body=VoteIn,
            types=(JSON,),
            header_names={
                "Idempotency-Key": "Sent again with this key, the vote changes nothing and is "
                "answered as the first time."
            },
        ),
        "GET": Operation(
            name="listFeedback",
            handle=list_feedback,
            summary="List current feedback on tickets and enhancements, the oldest first.",
            answers={200: ("A part of the list.", FeedbackPage)},
            errors=READING,
            query=FeedbackQuery,
        ),
    },
    "/api/v1/feedback/stats": {
        "GET": Operation(
            name="feedbackStats",
            handle=feedback_stats,
            summary="Sum current feedback up.",
            answers={200: ("Counts, mean rating, share of thumbs up.", FeedbackStats)},
            errors=READING,
            query=PeriodQuery,
        )
    },
    "/api/v1/enhancements": {
        "POST": Operation(
            name="postEnhancements",
            handle=post_enhancements,
            summary="Enter runs of the ticket enhancer: one, a list, or one a line.",
            answers={
                201: ("New runs are entered.", EnhancementsAnswer),
                200: ("All of them were there already; some may have changed.", EnhancementsAnswer),
            },
            errors=WRITING,
            body=EnhancementRecord,
            types=(JSON, LINES),
        )
    },
}
METRICS = Operation(
    name="metrics", handle=get_metrics, summary="For Prometheus.", answers={}, errors=(500, 503)
)
