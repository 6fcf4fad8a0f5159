"""Many votes at once, and a server that is killed: what was accepted is there, once."""

import pytest
from sqlalchemy import func, select

from core.store import Feedback, FeedbackVote, table
from tests.stores import open_store
from tests.votes import vote_all


def stored(url):
    """The ids of the load's opinions, and how many votes they have."""
    store = open_store(url)
    feedback, votes = table(Feedback).c, table(FeedbackVote).c
    of_load = select(feedback.id).where(feedback.ticket_id.startswith("LOAD-"))
    with store.read() as session:
        ids = session.connection().execute(of_load).scalars().all()
        history = session.connection().execute(
            select(func.count()).where(votes.feedback_id.in_(of_load.scalar_subquery()))
        )
        number = history.scalar_one()
    store.close()
    return ids, number


def test_each_accepted_vote_is_there_once(running):
    outcome = vote_all(running.url, [running.token], clients=8, votes=400)
    assert outcome.refused == {}
    assert len(outcome.accepted) == 400
    ids, history = stored(running.store_url)
    assert sorted(ids) == sorted(feedback_id for _, feedback_id in outcome.accepted.values())
    assert history == 400
    again = vote_all(running.url, [running.token], clients=8, votes=400)
    assert again.accepted == outcome.accepted
    assert stored(running.store_url)[1] == 400


@pytest.mark.parametrize("number", [1, 150])
def test_a_killed_server_has_what_it_accepted(running, number):
    outcome = vote_all(
        running.url,
        [running.token],
        clients=8,
        votes=5_000,
        patient=False,
        then=(number, running.process.kill),
    )
    running.process.wait(timeout=10)
    ids, history = stored(running.store_url)
    assert {feedback_id for _, feedback_id in outcome.accepted.values()} <= set(ids)
    assert number <= len(ids) == history < 5_000
