"""The baseline report: its numbers are those of the criteria, in every format."""

from datetime import UTC, date, datetime, timedelta

import pytest

from core.analytics.dates import Window, iso_week, last_complete_week, week_named
from core.base import text
from core.base.errors import InputError, QueryError
from core.criteria.baselines import baselines, plan_baseline
from core.criteria.ledger import change_criterion, exclude, exclusions, withdraw
from core.criteria.verdicts import evaluate
from core.criteria.words import CriterionRow
from core.feedback import cast_vote
from core.report import baseline_report, render
from core.report.document import Callout, Chart, Code, Judgement, Paragraph, Table
from core.report.evidence import ReportWindow, choose_window
from core.store import Exclusion, Scope, account_named
from tests.report.conftest import NOW, freeze_autumn
from tests.report.parsed import READERS, table_of
from tests.stores import copied, lent

WEEK = last_complete_week(NOW.date())


def number(sentence):
    return None if sentence in {"", text.UNKNOWN} else float(sentence.replace(",", ""))


def said(document):
    return " ".join(
        block.text for block in document.blocks if isinstance(block, Paragraph | Callout)
    )


def autumn(store):
    return next(b for b in baselines(Scope(store, "demo")) if b.name == "Autumn")


def exact(document, kind):
    rows = table_of(document, kind, "Key", "Unit", "Value")
    return {row[0]: ([number(cell) for cell in row[2:6]], row[8]) for row in rows}


@pytest.fixture(scope="module")
def decided_once(decided_file, tmp_path_factory):
    yield from lent(decided_file, tmp_path_factory.mktemp("once"))


@pytest.fixture(scope="module")
def document(decided_once):
    return baseline_report(Scope(decided_once, "demo"), week=WEEK, is_demo=True)


@pytest.fixture(scope="module")
def results(decided_once):
    return evaluate(Scope(decided_once, "demo"), window=WEEK)


@pytest.mark.parametrize("kind", READERS)
def test_the_figures_are_those_of_the_criteria(document, results, kind):
    found = exact(document, kind)
    assert list(found) == [result.criterion.key for result in results]
    for result in results:
        figures, verdict = found[result.criterion.key]
        e = result.estimate
        # Text has six digits, CSV all of them.
        rel = 1e-12 if kind == "csv" else 1e-5
        for figure, expected in zip(figures, (e.value, e.low, e.high, e.n), strict=True):
            wanted = None if expected is None else pytest.approx(expected, rel=rel, abs=1e-9)
            assert figure == wanted
        assert verdict == result.verdict


@pytest.mark.parametrize("kind", READERS)
def test_both_figures_stand_and_what_is_met_by_exclusions_is_flagged(document, results, kind):
    by_label = {result.criterion.label: result for result in results}
    rows = table_of(document, kind, "Criterion", "Without", "Verdict")
    assert [row[0] for row in rows] == list(by_label)
    for row in rows:
        result = by_label[row[0]]
        words, everything = CriterionRow.of(result), result.with_excluded
        assert row[1] == words.value
        assert row[4] == words.amount(everything.estimate.value)
        assert result.verdict in row[2]
        assert everything.verdict in row[5]
        assert ("met by the exclusions alone" in row[5]) == result.is_met_by_exclusions
    assert any(result.is_met_by_exclusions for result in results)
    assert "Met only because of exclusions" in said(document)


@pytest.fixture(scope="module")
def restated(decided_file, tmp_path_factory):
    """What was frozen, and the report after a target and the exclusions have changed."""
    store = freeze_autumn(copied(decided_file, tmp_path_factory.mktemp("restated")))
    content = autumn(store).content
    edit = {"target": 0.5, "direction": "above", "owner": "Eve", "rationale": "Easier"}
    change_criterion(Scope(store, "demo", "Eve"), "success_rate", seen={}, **edit)
    for entry in exclusions(Scope(store, "demo")):
        withdraw(Scope(store, "demo", "Eve"), Exclusion, entry.id)
    yield content, baseline_report(Scope(store, "demo"), week=WEEK)
    store.close()


@pytest.mark.parametrize("kind", READERS)
def test_frozen_figures_win_over_todays_data(restated, kind):
    content, document = restated
    found = exact(document, kind)
    for criterion in content["criteria"]:
        figures, verdict = found[criterion["key"]]
        for figure, name in zip(figures, ("value", "low", "high", "n"), strict=True):
            wanted = criterion[name]
            assert figure == (wanted if wanted is None else pytest.approx(wanted, rel=1e-5))
        assert verdict == criterion["verdict"]
    table = table_of(document, kind, "Criterion", "Frozen", "Today")
    success = next(row for row in table if row[0] == "Enhancement success rate")
    assert "the target was over 95 %" in success[3]
    assert "exclusion withdrawn" in success[3]
    daily = table_of(document, kind, "Day", "Runs")
    days = {row[0][-10:]: row[1] for row in daily}
    assert {str(day["day"])[:10]: str(day["finished"]) for day in content["days"]} == days


def test_the_answer_comes_first_and_what_is_missing_says_how_much(document, results):
    cards = [block for block in document.blocks if isinstance(block, Judgement)]
    main = [result for result in results if not result.criterion.is_guardrail]
    assert [card.label for card in cards] == [r.criterion.label for r in main]
    assert "criteria" in document.answer
    assert document.stamp["Demo data"] == "made up"
    assert document.stamp["Exclusions"].endswith("both figures shown")
    text = render(document, "md").decode()
    assert "more ratings, " in text
    assert "Release 4" in text
    # What happened and what was excluded stand beside the hours in which runs failed.
    assert "In the same hours as: deployment, Release 4" in text.replace("\\", "")
    assert sum(isinstance(block, Chart) for block in document.blocks) == 9


@pytest.mark.parametrize("kind", READERS)
def test_an_empty_store_is_reported_honestly(store, kind):
    store.ensure_account("main", "Main")
    document = baseline_report(Scope(store, "main"))
    assert document.answer.startswith("Nothing was measured")
    for figures, verdict in exact(document, kind).values():
        assert figures[0] is None
        assert verdict == "No data"
    assert not any(isinstance(block, Chart) for block in document.blocks)
    assert "No votes in this window." in said(document)


def test_a_week_without_data_and_one_that_is_not_over_say_so(demo):
    empty = baseline_report(Scope(demo, "demo"), week=iso_week(WEEK.start - timedelta(weeks=40)))
    assert empty.answer.startswith("Nothing was measured")
    now = baseline_report(Scope(demo, "demo"), week=iso_week(NOW.date()))
    assert "This window is not over" in said(now)
    assert "not over yet" in now.stamp["Window"]


def test_the_latest_frozen_baseline_is_chosen_before_a_complete_one(frozen):
    later = WEEK.start - timedelta(weeks=7)
    plan_baseline(Scope(frozen, "demo", "Ann"), name="Early", first_day=later)
    chosen = choose_window(Scope(frozen, "demo"), today=NOW.date())
    assert (chosen.window.label, chosen.state) == ("Autumn", "frozen")
    assert (
        choose_window(Scope(frozen, "demo"), today=NOW.date(), week=iso_week(later)).state
        == "complete"
    )
    other = iso_week(WEEK.start - timedelta(weeks=30))
    assert choose_window(Scope(frozen, "demo"), today=NOW.date(), week=other).baseline is None


def test_few_survey_answers_are_not_broken_down_and_named_as_something_to_do(demo):
    # All but the beginning of a day without answers is left out.
    document = baseline_report(
        Scope(demo, "demo"), week=Window(WEEK.start, WEEK.start, str(WEEK.start))
    )
    rows = next(
        block.rows
        for block in document.blocks
        if isinstance(block, Table) and block.title == "What to do next"
    )
    asked = [row[2] for row in rows if "to answer the survey" in row[2]]
    assert len(asked) == 1
    assert "technicians who resolved enhanced tickets" in asked[0]


def test_exclusions_that_decide_a_verdict_are_to_be_defended(document):
    rows = next(b.rows for b in document.blocks if getattr(b, "title", "") == "What to do next")
    assert any("Defend each of them" in row[2] and row[0] == "p95 latency" for row in rows)


@pytest.mark.parametrize("text", ["2026-47", "2026-W54", "2026-W00", "W47", "2026-W4\u0667", ""])
def test_what_is_no_week_is_refused(text):
    with pytest.raises(QueryError, match="is no ISO week"):
        week_named(text)


def test_weeks_and_accounts_are_found_by_name(demo):
    assert week_named("2026-W47").start.isoformat() == "2026-11-16"
    only = account_named(demo, None)
    assert (only.id, only.name) == ("demo", "Demo account")
    with pytest.raises(InputError, match="no account 'other'"):
        account_named(demo, "other")
    demo.ensure_account("second", "Second")
    with pytest.raises(InputError, match="--account"):
        account_named(demo, None)


def test_a_day_excluded_after_the_freeze_marks_nothing(frozen):
    start = datetime.combine(WEEK.start, datetime.min.time(), UTC)
    exclude(
        Scope(frozen, "demo", "Eve"),
        from_at=start,
        to_at=start + timedelta(hours=20),
        kind="volume",
        reason="Load test",
    )
    document = baseline_report(Scope(frozen, "demo"), week=WEEK)
    charts = [block for block in document.blocks if isinstance(block, Chart)]
    assert not any("Load test" in str(chart.drawn.to_dict()) for chart in charts)
    assert any("knowledge base was down" in str(chart.drawn.to_dict()) for chart in charts)
    ledger = table_of(document, "csv", "From", "To", "Kind")
    counts = {row[3]: row[-1] for row in ledger}
    assert counts["Load test"] == "entered after the freeze"
    assert counts["The knowledge base was down"] == "out of the frozen figures"


def test_runs_that_only_prometheus_counted_bring_its_limits_and_its_queries(demo):
    with demo.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM enhancement")
    document = baseline_report(Scope(demo, "demo"), week=WEEK)
    assert "A quantile that falls beyond the highest finite bucket" in said(document)
    codes = {block.title: block.text for block in document.blocks if isinstance(block, Code)}
    assert codes["p95 latency, PromQL"].startswith("histogram_quantile(0.95, ")
    methods = table_of(document, "csv", "Criterion", "Target", "Method")
    sources = {row[0]: row[3] for row in methods}
    assert sources["p95 latency"] == "Prometheus"


@pytest.mark.parametrize(("people", "is_told"), [(4, False), (5, True)])
def test_what_fewer_than_five_people_said_is_not_told(store, people, is_told):
    store.ensure_account("a", "A")
    for n in range(people):
        cast_vote(
            Scope(store, "a"),
            subject=f"ticket:t{n}",
            rater=f"Person {n}",
            rating=4,
            comment=f"Words of {n} " + "and more " * 100,
            at=datetime.combine(WEEK.start, datetime.min.time(), UTC) + timedelta(hours=n),
        )
    text = render(baseline_report(Scope(store, "a"), week=WEEK), "md").decode()
    assert f"{people} votes of {people} people" in text
    assert ("Words of 4" in text) == is_told
    assert "Words of 0" not in text  # three are quoted, the latest
    assert "Person" not in text
    assert all(len(line) < 400 for line in text.split("\n") if "Words of" in line)


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("Autumn", "Autumn"),
        ("Baseline 2026-W42", "2026-W42"),
        ("baseline", "5 Oct 2026 to 11 Oct 2026"),
    ],
)
def test_the_title_says_baseline_once(store, name, title):
    store.ensure_account("a", "A")
    window = Window(date(2026, 10, 5), date(2026, 10, 11), name)
    document = baseline_report(Scope(store, "a"), chosen=ReportWindow(window, None, "complete"))
    assert document.title == f"Baseline report: {title}"
