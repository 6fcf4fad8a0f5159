"""Feedback: what people think of what they got, as they cast it and as it stands now."""

from core.feedback.listing import FeedbackType, Summary, feedback_list, feedback_summary
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
from core.feedback.raters import anonymous_rater, forget_past_salts, is_anonymous
from core.feedback.reads import (
    RatedEnhancement,
    current_vote,
    enhancement_of,
    recent_comments,
    recent_enhancements,
    vote_history,
)
from core.feedback.votes import cast_vote, record_votes
from core.feedback.write_batcher import Receipt, Recorded, forget_receipts, submit_vote

__all__ = [
    "CLEAR",
    "LONGEST_COMMENT",
    "Cast",
    "Clear",
    "FeedbackType",
    "RatedEnhancement",
    "Receipt",
    "Recorded",
    "Summary",
    "Thumb",
    "Vote",
    "anonymous_rater",
    "cast_vote",
    "current_vote",
    "enhancement_of",
    "feedback_id",
    "feedback_list",
    "feedback_summary",
    "forget_past_salts",
    "forget_receipts",
    "is_anonymous",
    "recent_comments",
    "recent_enhancements",
    "record_votes",
    "subject_of",
    "submit_vote",
    "vote_history",
]
