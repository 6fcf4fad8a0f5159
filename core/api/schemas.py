"""Schemas of requests and answers: validated on arrival, and described in OpenAPI."""

import re
from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
)

from core.base.text import clean
from core.feedback import LONGEST_COMMENT, FeedbackType, is_anonymous
from core.feedback.raters import RESERVED

LONGEST_NAME = 500
MOST_LISTED = 1_000
LARGEST_OFFSET = 2**31 - 1
NUMBER = re.compile(r"-?\d{1,18}", re.ASCII)
DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


def _text(value: Any) -> Any:
    """Clean text; ids are often sent as numbers."""
    return _text_only(str(value) if type(value) is int else value)


def _text_only(value: Any) -> Any:
    return clean(value) if isinstance(value, str) else value


def _said(value: str) -> str:
    if not value.strip():
        raise ValueError("it is blank")
    return value.strip()


def _or_none(value: Any) -> Any:
    """Blank text says nothing."""
    return None if isinstance(value, str) and not value.strip() else value


def _whole(value: Any) -> Any:
    """4.0 is a whole number in JSON Schema, and true is none."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _number(value: Any) -> Any:
    """A whole number in an address: digits, and no more of them than any limit has."""
    is_number = isinstance(value, str) and NUMBER.fullmatch(value)
    return int(value) if is_number else value


def _moment(value: Any) -> date | datetime | None:
    if not isinstance(value, str) or not value.strip():
        return None
    try:
        if DAY.fullmatch(value):
            return date.fromisoformat(value)
        found = datetime.fromisoformat(value)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("it is neither a day, such as 2026-11-20, nor an ISO 8601 time") from None


Name = Annotated[
    str,
    BeforeValidator(_text),
    Field(max_length=LONGEST_NAME),
    AfterValidator(_said),
    WithJsonSchema({"type": ["string", "integer"], "maxLength": LONGEST_NAME, "pattern": r"\S"}),
]
OptionalName = Annotated[
    Annotated[str, Field(max_length=LONGEST_NAME)] | None,
    BeforeValidator(_text),
    BeforeValidator(_or_none),
    AfterValidator(lambda value: value and value.strip()),
    WithJsonSchema({"type": ["string", "integer", "null"], "maxLength": LONGEST_NAME}),
]
Moment = Annotated[
    date | datetime | None,
    BeforeValidator(_moment),
    WithJsonSchema(
        {"anyOf": [{"type": "string", "format": "date"}, {"type": "string", "format": "date-time"}]}
    ),
]
Count = Annotated[int, Field(ge=0)]
# The rule that binds rating_value to feedback_type, in JSON Schema.
RATING_RULE: dict[str, Any] = {
    "if": {"properties": {"feedback_type": {"const": "rating"}}},
    "then": {"required": ["rating_value"], "properties": {"rating_value": {"type": "integer"}}},
    "else": {"properties": {"rating_value": {"type": "null"}}},
}


class VoteIn(BaseModel):
    """One vote: a thumb or a rating of a ticket, or of an enhancement of a ticket."""

    model_config = ConfigDict(
        strict=True, extra="ignore", json_schema_extra={"allOf": [RATING_RULE]}
    )

    tenant_id: Name = Field(description="The account.")
    ticket_id: Name
    enhancement_id: OptionalName = None
    technician_email: OptionalName = Field(
        None, description="Who rates: one current vote for each rater and subject. Needs a token."
    )
    feedback_type: FeedbackType
    rating_value: Annotated[int, Field(ge=1, le=5)] | None = Field(
        None, validate_default=True, description="1 to 5: only and always with a rating."
    )
    feedback_comment: Annotated[
        Annotated[str, Field(max_length=LONGEST_COMMENT), BeforeValidator(_text_only)] | None,
        AfterValidator(_or_none),
    ] = None
    id: OptionalName = Field(
        None, description="The sender's own id of this vote: sent again, it changes nothing."
    )
    anonymous_id: OptionalName = Field(
        None,
        description="Random text that tells people without a name apart; kept hashed, for a week.",
    )

    _as_whole = field_validator("rating_value", mode="before")(_whole)

    @field_validator("rating_value")
    @classmethod
    def _only_with_a_rating(cls, value: int | None, info: ValidationInfo) -> int | None:
        kind = info.data.get("feedback_type")
        if kind == "rating" and value is None:
            raise ValueError("a rating has one, from 1 to 5")
        if kind != "rating" and kind is not None and value is not None:
            raise ValueError("only a rating has one")
        return value

    @field_validator("technician_email")
    @classmethod
    def _not_anonymous(cls, value: str | None) -> str | None:
        if value is not None and is_anonymous(value):
            raise ValueError(RESERVED)
        return value


class PeriodQuery(BaseModel):
    """Which feedback: that of the token's account, first given in a period."""

    model_config = ConfigDict(extra="ignore")

    tenant_id: OptionalName = Field(None, description="The token's account, which it is anyway.")
    start_date: Moment = Field(
        None, description="From this business day on, or from this instant on."
    )
    end_date: Moment = Field(
        None, description="Up to this business day, which is included, or this instant."
    )

    @field_validator("end_date")
    @classmethod
    def _in_order(cls, value: date | datetime | None, info: ValidationInfo) -> Any:
        start = info.data.get("start_date")
        days = [x.date() if isinstance(x, datetime) else x for x in (start, value) if x is not None]
        if sorted(days) != days:
            raise ValueError("it is before start_date")
        return value


class FeedbackQuery(PeriodQuery):
    """Which feedback, and which part of the list."""

    feedback_type: FeedbackType | None = None
    limit: Annotated[int, Field(strict=True, ge=1, le=MOST_LISTED), BeforeValidator(_number)] = 100
    offset: Annotated[
        int, Field(strict=True, ge=0, le=LARGEST_OFFSET), BeforeValidator(_number)
    ] = 0


class VoteAnswer(BaseModel):
    """What became of a vote; `id` is that of the rater's current opinion on the subject."""

    id: str
    status: Literal["recorded", "updated", "unchanged"]
    message: str


class FeedbackRecord(BaseModel):
    """The current opinion of one rater.

    `feedback_type` is the type asked for, else rating before thumbs, null for words alone;
    `thumb` and `rating` are all that was said. An anonymous rater has no technician_email.
    """

    id: str
    tenant_id: str
    ticket_id: str | None
    enhancement_id: str | None
    technician_email: str | None
    feedback_type: FeedbackType | None
    rating_value: int | None
    feedback_comment: str | None
    thumb: Literal["up", "down"] | None
    rating: int | None
    created_at: datetime
    updated_at: datetime


class FeedbackPage(BaseModel):
    """A part of the list, the oldest first; `count` is how many there are in all."""

    feedback: list[FeedbackRecord]
    count: Count


class FeedbackStats(BaseModel):
    """`positive_percentage`: thumbs up of 100 thumbs. Null where nothing was given to tell from."""

    tenant_id: str
    total: Count
    average_rating: float | None
    feedback_counts: dict[FeedbackType, Count]
    rating_counts: dict[str, Count]
    positive_percentage: float | None
    comments: Count


class EnhancementRecord(BaseModel):
    """One run of the ticket enhancer; a field that cannot be read is left out and told."""

    model_config = ConfigDict(extra="ignore")

    id: Name
    tenant_id: OptionalName = None
    ticket_id: OptionalName = None
    status: Annotated[str, Field(min_length=1, description="pending, completed or failed")]
    processing_time_ms: float | str | None = None
    created_at: Annotated[str, WithJsonSchema({"type": "string", "format": "date-time"})]
    completed_at: str | None = None
    error_message: str | None = None


class Problem(BaseModel):
    """What of a record could not be kept; `record` counts from 1."""

    record: Annotated[int, Field(ge=1)]
    field: str
    message: str


class EnhancementsAnswer(BaseModel):
    """What became of the records; the first problems are listed, and counted in all."""

    added: Count
    changed: Count
    unchanged: Count
    refused: Count
    problem_count: Count
    problems: list[Problem]


class ErrorDetail(BaseModel):
    """The message is a sentence for a person; `field` is there where one is at fault."""

    code: str
    message: str
    field: str = Field(default="", description="Left out where no one field is at fault.")


class ErrorAnswer(BaseModel):
    """Every error."""

    error: ErrorDetail
