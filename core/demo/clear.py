"""Taking the demo out of its account again, but for what people have entered there."""

from sqlalchemy import bindparam, delete, exists, select

from core.demo.opinions import DEMO_VOTES
from core.demo.surveys import DEMO_SURVEYS
from core.store import (
    Feedback,
    FeedbackVote,
    Origin,
    SurveyResponse,
    Unit,
    table,
    tables_from,
)


def clear_demo(unit: Unit) -> None:
    """Remove what the demo made; opinions and answers that people gave stay, with their history."""
    connection = unit.session.connection()
    feedback, votes = table(Feedback).c, table(FeedbackVote).c
    entered = exists().where(
        votes.account_id == feedback.account_id,
        votes.feedback_id == feedback.id,
        votes.id > DEMO_VOTES,
    )
    untouched = select(feedback.id).where(feedback.account_id == unit.account_id, ~entered)
    gone = [{"gone": key} for key in connection.execute(untouched).scalars()]
    if gone:
        for rows, column in ((votes, votes.feedback_id), (feedback, feedback.id)):
            connection.execute(
                delete(column.table).where(
                    rows.account_id == unit.account_id, column == bindparam("gone")
                ),
                gone,
            )
    survey = table(SurveyResponse)
    connection.execute(
        delete(survey).where(
            survey.c.account_id == unit.account_id, survey.c.id.startswith(DEMO_SURVEYS)
        )
    )
    # Children before parents.
    for source in reversed(tables_from(Origin.SOURCE)):
        connection.execute(delete(source).where(source.c.account_id == unit.account_id))
