"""The survey as it is answered: invitations, drafts, what is sent, and who is still to answer."""

import pytest

from core.analytics.dates import Window
from core.base.errors import InputError
from core.feedback.surveys import (
    draft_of,
    invitation_of,
    invitations,
    invite,
    parse_survey,
    save_draft,
    send_answers,
    survey_results,
)
from core.ingest.save.platform import save_surveys
from core.store import Scope, SurveyResponse, table

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
    assert invite(Scope(store, "a", "E"), f"ann@x.org\n bob@x.org, {HOSTILE}\n\nann@x.org") == 3
    links = {one.respondent: one.id for one in invitations(Scope(store, "a"))}
    assert set(links) == {"ann@x.org", "bob@x.org", HOSTILE}
    assert invite(Scope(store, "a", "E"), "ann@x.org; new@x.org") == 1
    again = {one.respondent: one.id for one in invitations(Scope(store, "a"))}
    assert again["ann@x.org"] == links["ann@x.org"]
    assert len(set(again.values())) == 4
    assert invitations(Scope(store, "b")) == []
    assert invitation_of(Scope(store, "b"), links["ann@x.org"]) is None
    assert invitation_of(Scope(store, "a"), links["ann@x.org"]).respondent == "ann@x.org"


@pytest.mark.parametrize("people", ["", " \n ,; ", "x" * 201, "\n".join(map(str, range(1_001)))])
def test_nobody_and_too_many_are_refused(store, people):
    with pytest.raises(InputError):
        invite(Scope(store, "a", "E"), people)
    assert invitations(Scope(store, "a")) == []


def test_a_draft_is_kept_until_it_is_sent_and_counts_nowhere_before(store):
    version = store.data_version("a")
    save_draft(Scope(store, "a"), "k", {"overall": 4, "what_helps": HOSTILE, "relevance": None})
    assert draft_of(Scope(store, "a"), "k") == {"overall": 4, "what_helps": HOSTILE}
    assert draft_of(Scope(store, "b"), "k") == {}
    assert (responses(store), store.data_version("a")) == ([], version)
    save_draft(Scope(store, "a"), "k", {"overall": 5})
    assert draft_of(Scope(store, "a"), "k") == {"overall": 5}
    send_answers(Scope(store, "a"), "k", {"overall": 5}, respondent=None)
    assert draft_of(Scope(store, "a"), "k") == {}
    (row,) = responses(store)
    assert (row["overall"], row["respondent"]) == (5, None)


def test_an_invited_person_answers_once_and_may_change_it(store):
    invite(Scope(store, "a", "E"), "ann@x.org\nbob@x.org")
    key = next(one.id for one in invitations(Scope(store, "a")) if one.respondent == "ann@x.org")
    for overall in (3, 5):
        send_answers(
            Scope(store, "a"),
            key,
            {"overall": overall, "better_resolution": "yes", "minutes_saved": -2.5},
            respondent="ann@x.org",
        )
    (row,) = responses(store)
    assert (row["overall"], row["minutes_saved"], row["better_resolution"]) == (5, -2.5, "yes")
    waiting = [one.respondent for one in invitations(Scope(store, "a")) if not one.answered_at]
    assert waiting == ["bob@x.org"]
    assert survey_results(Scope(store, "a"), window=ALL_TIME).responses == 1
    assert survey_results(Scope(store, "b"), window=ALL_TIME).responses == 0


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
    save_draft(Scope(store, "a"), "k", {"overall": 5})
    with pytest.raises(InputError, match=said):
        send_answers(Scope(store, "a"), "k", answers, respondent=None)
    assert responses(store) == []
    assert draft_of(Scope(store, "a"), "k") == {"overall": 5}


def test_zero_is_an_answer_and_what_is_none_is_in_no_figure(store):
    """Blanks, N/A and what is beside the scale neither lower a mean nor widen its sample."""
    keys = ("overall", "renewal", "minutes_saved", "better_resolution")
    given = [
        ("5", "0", "0", "yes"),
        ("", "10", "", ""),
        ("4", "6.5", "5", "unsure"),
        ("N/A", "11", "10", "no"),
        ("0", "", "30", "no"),
        ("3", "7", "15", "Yes"),
    ]
    parsed = [
        parse_survey({"answered_at": f"2026-11-2{n}"} | dict(zip(keys, row, strict=True)))
        for n, row in enumerate(given)
    ]
    told = [
        (problem.field, str(problem.value).strip("'")) for p in parsed for problem in p.problems
    ]
    left_out = [("renewal", "6.5"), ("overall", "N/A"), ("renewal", "11"), ("overall", "0")]
    assert told == left_out
    with store.write("a") as unit:
        save_surveys(unit, parsed)
    found = survey_results(Scope(store, "a"), window=ALL_TIME).questions
    figures = {q.question.key: (q.estimate.value, q.n) for q in found if q.n}
    assert figures == {
        "overall": (4, 3),
        "renewal": (pytest.approx(17 / 3), 3),
        "minutes_saved": (12, 5),
        "better_resolution": (0.4, 5),
    }
