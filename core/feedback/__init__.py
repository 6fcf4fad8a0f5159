"""Feedback: what people think of what they got, as they cast it and as it stands now."""

from core.feedback.opinions import (
    CLEAR,
    LONGEST_COMMENT,
    Cast,
    Clear,
    Thumb,
    Vote,
    feedback_id,
    subject_of,
)
from core.feedback.reads import (
    RatedEnhancement,
    current_vote,
    recent_comments,
    recent_enhancements,
    vote_history,
)
from core.feedback.votes import cast_vote, record_votes

__all__ = [
    "CLEAR",
    "LONGEST_COMMENT",
    "Cast",
    "Clear",
    "RatedEnhancement",
    "Thumb",
    "Vote",
    "cast_vote",
    "current_vote",
    "feedback_id",
    "recent_comments",
    "recent_enhancements",
    "record_votes",
    "subject_of",
    "vote_history",
]
