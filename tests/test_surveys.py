"""The survey as it is answered: invitations, drafts, what is sent, and who is still to answer."""

import pytest

from core.analytics.window import Window
from core.base.errors import InputError
from core.feedback.survey_answers import survey_results
from core.feedback.surveys import (
    draft_of,
    invitation_of,
    invitations,
    invite,
    save_draft,
    send_answers,
)
from core.store import SurveyResponse, table

ALL_TIME = Window(None, None, "All time")
HOSTILE = "Zoë <b> \N{PILE OF POO} =1+1"


@pytest.fixture
def store(any_store):
    for account in ("a", "b"):
        any_store.ensure_account(account, account)
    return any_store


def responses(store, account="a"):
    rows = table(SurveyResponse)
    with store.read() as session:
        found = session.connection().execute(rows.select().where(rows.c.account_id == account))
        return [dict(row) for row in found.mappings()]


def test_people_are_invited_once_and_keep_their_link(store):
    assert invite(store, f"ann@x.org\n bob@x.org, {HOSTILE}\n\nann@x.org", account="a", by="E") == 3
    links = {one.respondent: one.id for one in invitations(store, account="a")}
    assert set(links) == {"ann@x.org", "bob@x.org", HOSTILE}
    assert invite(store, "ann@x.org; new@x.org", account="a", by="E") == 1
    again = {one.respondent: one.id for one in invitations(store, account="a")}
    assert again["ann@x.org"] == links["ann@x.org"]
    assert len(set(again.values())) == 4
    assert invitations(store, account="b") == []
    assert invitation_of(store, links["ann@x.org"], account="b") is None
    assert invitation_of(store, links["ann@x.org"], account="a").respondent == "ann@x.org"


@pytest.mark.parametrize("people", ["", " \n ,; ", "x" * 201, "\n".join(map(str, range(1_001)))])
def test_nobody_and_too_many_are_refused(store, people):
    with pytest.raises(InputError):
        invite(store, people, account="a", by="E")
    assert invitations(store, account="a") == []


def test_a_draft_is_kept_until_it_is_sent_and_counts_nowhere_before(store):
    version = store.data_version("a")
    save_draft(store, "k", {"overall": 4, "what_helps": HOSTILE, "relevance": None}, account="a")
    assert draft_of(store, "k", account="a") == {"overall": 4, "what_helps": HOSTILE}
    assert draft_of(store, "k", account="b") == {}
    assert (responses(store), store.data_version("a")) == ([], version)
    save_draft(store, "k", {"overall": 5}, account="a")
    assert draft_of(store, "k", account="a") == {"overall": 5}
    send_answers(store, "k", {"overall": 5}, account="a", respondent=None)
    assert draft_of(store, "k", account="a") == {}
    (row,) = responses(store)
    assert (row["overall"], row["respondent"]) == (5, None)


def test_an_invited_person_answers_once_and_may_change_it(store):
    invite(store, "ann@x.org\nbob@x.org", account="a", by="E")
    key = next(one.id for one in invitations(store, account="a") if one.respondent == "ann@x.org")
    for overall in (3, 5):
        send_answers(
            store,
            key,
            {"overall": overall, "better_resolution": "yes", "minutes_saved": -2.5},
            account="a",
            respondent="ann@x.org",
        )
    (row,) = responses(store)
    assert (row["overall"], row["minutes_saved"], row["better_resolution"]) == (5, -2.5, "yes")
    waiting = [one.respondent for one in invitations(store, account="a") if not one.answered_at]
    assert waiting == ["bob@x.org"]
    assert survey_results(store, account="a", window=ALL_TIME).responses == 1
    assert survey_results(store, account="b", window=ALL_TIME).responses == 0


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ({}, "at least one question"),
        ({"overall": None, "what_helps": " "}, "at least one question"),
        ({"overall": 6}, "at least one question"),
        ({"overall": 5, "renewal": 11}, "Renewal"),
        ({"what_helps": "x" * 5_001}, "shorten it"),
    ],
)
def test_answers_without_sense_are_refused_and_the_draft_stays(store, answers, said):
    save_draft(store, "k", {"overall": 5}, account="a")
    with pytest.raises(InputError, match=said):
        send_answers(store, "k", answers, account="a", respondent=None)
    assert responses(store) == []
    assert draft_of(store, "k", account="a") == {"overall": 5}
