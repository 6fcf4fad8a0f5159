"""Feedback: votes as they are cast, and the current opinions they leave."""

from core.feedback.raters import anonymous_rater, forget_past_salts, is_anonymous
from core.feedback.reading import (
    FeedbackType,
    RatedEnhancement,
    current_vote,
    enhancement_of,
    feedback_list,
    feedback_summary,
    recent_comments,
    recent_enhancements,
)
from core.feedback.votes import (
    CLEAR,
    LONGEST_COMMENT,
    Cast,
    Vote,
    cast_vote,
    feedback_id,
    record_votes,
    subject_of,
)
from core.feedback.write_batcher import Receipt, Recorded, forget_receipts, submit_vote
