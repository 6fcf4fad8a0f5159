"""Answers to the survey: read, kept once, and shown without telling who said what."""

import json
from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from core.analytics import explain, query_metrics
from core.analytics.dates import Window
from core.analytics.exclusions import Excluded
from core.base.errors import InputError
from core.base.fields import FieldProblem, parse_all
from core.feedback.surveys import parse_survey, survey_results
from core.ingest.files.load import import_file
from core.ingest.files.mapping import ColumnMapping, known_mapping
from core.ingest.files.records import open_records
from core.ingest.save.platform import save_surveys
from core.store import Counts, Scope, SurveyResponse, table
from tests.draws import draws
from tests.stores import open_store

ANSWERS = {
    "id": None,
    "respondent": "ann@acme.example",
    "answered_at": "2026-11-20T10:00:00+01:00",
    "relevance": "4",
    "accuracy": 5,
    "usefulness": 3.0,
    "overall": " 4 ",
    "minutes_saved": "6.5",
    "better_resolution": "Yes",
    "what_helps": "The summary",
    "what_to_improve": "",
    "renewal": "0",
    "may_interview": "no",
}
WEEK = Window(date(2026, 11, 16), date(2026, 11, 22), "2026-W47")


@pytest.fixture
def store():
    opened = open_store("sqlite://", timezone="UTC")
    opened.ensure_account("acme", "Acme")
    opened.ensure_account("other", "Other")
    yield opened
    opened.close()


def rows(store):
    with store.read() as session:
        found = session.connection().execute(select(table(SurveyResponse)))
        return [dict(row) for row in found.mappings()]


def save(store, *answers, account="acme"):
    parsed = parse_all(parse_survey, [ANSWERS | given for given in answers])
    with store.write(account) as unit:
        return save_surveys(unit, parsed.items).counts


def fields_of(item):
    return [problem.field for problem in item.problems]


def test_a_response_is_read_from_text_and_from_json():
    found = parse_survey(ANSWERS)
    assert found.row == {
        "id": found.id,
        "respondent": "ann@acme.example",
        "answered_at": datetime(2026, 11, 20, 9, tzinfo=UTC),
        "relevance": 4,
        "accuracy": 5,
        "usefulness": 3,
        "overall": 4,
        "minutes_saved": 6.5,
        "renewal": 0,
        "may_interview": False,
        "better_resolution": "yes",
        "what_helps": "The summary",
        "what_to_improve": None,
    }
    assert found.problems == ()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(
            (name, value)
            for name in ("overall", "relevance")
            for value in (0, 6, 4.5, "good", True)
        ),
        *(("renewal", value) for value in (-1, 11, "10 of 10", [])),
        *(("minutes_saved", value) for value in ("a lot", 1e9, float("nan"), -1_441)),
        *(("better_resolution", value) for value in ("perhaps so", 2, 0.0, [])),
        ("may_interview", "call me"),
        ("respondent", ["ann"]),
        ("what_helps", 3),
    ],
)
def test_an_answer_that_is_none_is_noted_and_the_others_are_kept(field, value):
    found = parse_survey(ANSWERS | {field: value})
    assert found.row[field] is None
    assert fields_of(found) == [field]


def test_minutes_may_be_lost_and_nobody_has_to_be_sure():
    found = parse_survey(ANSWERS | {"minutes_saved": -5, "better_resolution": "Not sure"})
    assert (found.row["minutes_saved"], found.row["better_resolution"]) == (-5, "unsure")


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"answered_at": None}, "answered_at"),
        ({"answered_at": "last week"}, "answered_at"),
        (dict.fromkeys(ANSWERS.keys() - {"answered_at", "respondent", "may_interview"}), "overall"),
    ],
)
def test_what_cannot_be_kept_is_refused(given, field):
    refused = parse_survey(ANSWERS | given)
    assert isinstance(refused, FieldProblem)
    assert refused.field == field
    assert refused == parse_survey(ANSWERS | given)


@settings(max_examples=draws(250))
@given(changes=st.data())
def test_nothing_that_is_sent_raises(changes):
    anything = (
        st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.none())
    )
    parse_survey(ANSWERS | changes.draw(st.dictionaries(st.sampled_from([*ANSWERS]), anything)))
    parse_survey(changes.draw(anything))


def test_an_id_is_taken_or_made_of_who_and_when():
    assert parse_survey(ANSWERS | {"id": "r1"}).id == "r1"
    made = parse_survey(ANSWERS).id
    assert parse_survey(ANSWERS | {"overall": 1}).id == made
    assert parse_survey(ANSWERS | {"answered_at": "2026-11-20T09:00:00Z"}).id == made
    others = [{"respondent": "bob"}, {"answered_at": "2026-11-21T10:00:00Z"}, {"respondent": None}]
    assert made not in {parse_survey(ANSWERS | other).id for other in others}
    # The nameless are told apart by what they say.
    nameless = ANSWERS | {"respondent": None}
    assert parse_survey(nameless).id == parse_survey(nameless).id
    assert parse_survey(nameless).id != parse_survey(nameless | {"overall": 1}).id


def test_saving_twice_changes_nothing(store):
    assert save(store, {}) == {"survey_response": Counts(added=1)}
    version = store.data_version("acme")
    assert save(store, {}) == {"survey_response": Counts(unchanged=1)}
    assert store.data_version("acme") == version
    (row,) = rows(store)
    assert row["answered_day"] == date(2026, 11, 20)


CSV = (
    "Timestamp;Email address;Relevance;Accuracy;Usefulness;Overall satisfaction;"
    "Minutes saved per ticket;Better resolution;What helps?;Renewal;May be interviewed\n"
    "2026-11-20 10:00;ann@acme.example;4;5;3;4;6,5;yes;The summary;9;yes\n"
    "2026-11-20 11:00;bob@acme.example;4;9;3;4;5;no;;10;no\n"
    ";eve@acme.example;4;5;3;4;5;no;;10;no\n"
)


def test_a_file_is_mapped_and_comes_in_once(store, tmp_path):
    path = tmp_path / "survey.csv"
    path.write_text(CSV, encoding="utf-8")
    mapping = known_mapping(Scope(store, "acme"), "surveys", open_records(path)).mapping
    assert mapping.columns["respondent"] == "Email address"
    assert mapping.columns["answered_at"] == "Timestamp"
    assert len(mapping.columns) == 11
    report = import_file(Scope(store, "acme"), "surveys", path)
    assert (report.added, report.refused) == (2, 1)
    assert [(p.line, p.field) for p in report.listed] == [(3, "accuracy"), (4, "answered_at")]
    again = import_file(Scope(store, "acme"), "surveys", path)
    assert (again.added, again.changed, again.unchanged) == (0, 0, 2)
    columns = {"overall": "Relevance", "respondent": "Email address"}
    with pytest.raises(InputError, match="No column is named for 'answered'"):
        import_file(Scope(store, "acme"), "surveys", path, mapping=ColumnMapping(columns=columns))
    lines = tmp_path / "survey.jsonl"
    lines.write_text(json.dumps(ANSWERS | {"minutes_saved": 7}), encoding="utf-8")
    assert import_file(Scope(store, "other"), "surveys", lines).added == 1


def answered(store, *answers, **more):
    save(store, *({"id": f"r{n}", **answer} for n, answer in enumerate(answers)), **more)


def results(store, window=WEEK, **more):
    found = survey_results(Scope(store, "acme"), window=window, **more)
    return found, {one.question.key: one for one in found.questions}


def test_each_question_has_its_answers(store):
    minutes = (0, 5, 5, 6, 7, 9)
    answered(
        store,
        *({"minutes_saved": m, "overall": 3 + m % 3, "renewal": None} for m in minutes),
        {"answered_at": "2026-11-23T00:00:00Z", "overall": 1},
    )
    answered(store, {"overall": 1}, account="other")
    found, by_key = results(store)
    assert found.responses == 6
    saved = by_key["minutes_saved"]
    assert saved.estimate.value == pytest.approx(32 / 6)
    assert saved.distribution == {0: 1, 5: 2, 6: 1, 7: 1, 9: 1}
    assert by_key["overall"].distribution == {1: 0, 2: 0, 3: 3, 4: 1, 5: 2}
    assert by_key["better_resolution"].distribution == {"yes": 6, "no": 0, "unsure": 0}
    assert by_key["better_resolution"].estimate.value == 1
    assert by_key["may_interview"].distribution == {True: 0, False: 6}
    assert (by_key["renewal"].n, by_key["renewal"].estimate.value) == (0, None)
    assert found.texts == {"what_helps": ("The summary",) * 6, "what_to_improve": ()}


def test_groups_under_five_are_not_broken_down(store):
    answered(store, *({"overall": 4, "relevance": n or None} for n in range(5)))
    _, by_key = results(store)
    assert by_key["overall"].distribution is not None
    assert by_key["relevance"].n == 4
    assert by_key["relevance"].distribution is None


def test_exclusions_leave_out_times_and_respondents(store):
    answered(store, {"respondent": None}, {"respondent": "bob"}, {"respondent": "eve"})
    start, end = datetime(2026, 11, 20, tzinfo=UTC), datetime(2026, 11, 21, tzinfo=UTC)
    of_bob = Excluded(subjects=(("rater:bob", start, end),))
    assert results(store, without=of_bob)[0].responses == 2
    assert results(store, without=Excluded(spans=((start, end),)))[0].responses == 0
    assert results(store, window=Window(None, None, "all"))[0].responses == 3


def test_the_rows_behind_a_mean_do_not_name_who_answered(store):
    answered(store, {"minutes_saved": 2}, {"minutes_saved": 5}, {"minutes_saved": None})
    asked = query_metrics(store, metrics=["survey_minutes_saved", "survey_count"], account="acme")
    assert asked["totals"] == {"survey_minutes_saved": 3.5, "survey_count": 3}
    proof = explain(store, asked, metric="survey_minutes_saved")
    assert proof["agrees"]
    assert [row["contributes"] for row in proof["rows"]] == [2, 5]
    assert "ann@acme.example" not in json.dumps(proof["rows"])
