"""Where simpler systems go wrong: each test pins an answer that a naive query gets wrong."""

import pytest


def rows(result, *keys):
    return [tuple(row[key] for key in keys) for row in result["data"]]


def test_a_cycle_with_three_features_is_submitted_once_and_one_with_none_does_not_vanish(
    world, ask
):
    features = [world.feature(title) for title in ("Cart", "Login", "Search")]
    world.cycle(creator="anna", submitter="anna", features=features)
    world.cycle(creator="anna", submitter="anna")
    result = ask("tests_submitted", dimensions=["customer"])
    assert rows(result, "customer", "tests_submitted") == [("anna", 2)]
    by_feature = ask("tests_submitted", dimensions=["feature"])
    assert rows(by_feature, "feature", "tests_submitted") == [
        *[("Cart", 1), ("Login", 1), ("Search", 1), (None, 1)]
    ]
    assert by_feature["totals"] == {"tests_submitted": 2}
    assert "1 test cycle has no feature: see the row without feature." in by_feature["warnings"]


def test_severity_weights_are_those_of_the_source(world, ask):
    for severity in ("critical", "high", "low", "visual", "content", "custom", "major", None):
        world.bug(severity=severity)
    result = ask("bug_severity_score")
    assert result["totals"] == {"bug_severity_score": 5 + 3 + 1 + 1 + 1}
    assert result["warnings"] == [
        (
            "Bugs count 0 in the severity score where their severity has no weight: custom (1), "
            "major (1) and no severity (1)."
        )
    ]
    other = ask("bug_severity_score", severity_weights={"major": 2.5})
    assert other["totals"] == {"bug_severity_score": 2.5}


def test_drafts_are_created_too(world, ask):
    world.cycle(creator="anna", status="initialized")
    world.cycle(creator="anna", status="cancelled", submitter="bob")
    result = ask("tests_created", "tests_submitted", "test_completion_rate")
    assert result["totals"] == {
        "tests_created": 2,
        "tests_submitted": 1,
        "test_completion_rate": 0.5,
    }


def test_bugs_are_not_multiplied_by_the_platforms_of_their_cycle(world, ask):
    cycle = world.cycle(platforms=["iOS", "Android", "Windows"])
    world.bug(cycle, platforms=["iOS", "Android"])
    world.bug(cycle)
    result = ask("bug_count", "test_count", dimensions=["platform"])
    assert rows(result, "platform", "bug_count", "test_count") == [
        *[("Android", 1, 1), ("iOS", 1, 1), (None, 1, 0), ("Windows", 0, 1)]
    ]
    assert result["totals"] == {"bug_count": 2, "test_count": 1}
    filtered = ask("bug_count", filters={"platform": ["iOS", "Android"]})
    assert filtered["totals"] == {"bug_count": 1}


def test_a_tester_of_two_months_is_one_tester_of_the_year(world, ask):
    for end in ("2024-01-15T10:00", "2024-02-15T10:00"):
        cycle = world.cycle(end=end)
        world.bug(cycle, tester="zoe")
        world.bug(cycle, tester="zoe")
    result = ask("active_testers", dimensions=["month"])
    assert rows(result, "month", "active_testers") == [("2024-01", 1), ("2024-02", 1)]
    assert result["totals"] == {"active_testers": 1}


def test_the_iso_week_is_not_split_at_new_year(world, ask):
    for end in ("2024-12-30T10:00", "2025-01-02T10:00"):
        world.cycle(end=end)
    result = ask("test_count", dimensions=["week"])
    assert rows(result, "week", "test_count") == [("2025-W01", 2)]


def test_people_of_one_name_stay_apart(world, ask):
    for account in ("a", "b"):
        world.account = account
        cycle = world.cycle(creator="sam", end="2024-01-10T10:00")
        world.bug(cycle, tester="sam")
    by_customer = ask("tests_created", dimensions=["customer"])
    assert rows(by_customer, "account_id", "customer", "tests_created") == [
        *[("a", "sam", 1), ("b", "sam", 1)]
    ]
    by_tester = ask("active_testers", dimensions=["tester"])
    assert [row["tester_id"] for row in by_tester["data"]] == [2, 2]
    assert by_tester["totals"] == {"active_testers": 2}
    assert ask("active_testers", account="a")["totals"] == {"active_testers": 1}
    both = ask("bug_count", dimensions=["customer", "tester"], account="a")
    assert rows(both, "customer_id", "tester_id", "bug_count") == [(1, 2, 1)]


def test_bugs_without_a_feature_and_cycles_without_features_stay_in_every_other_total(world, ask):
    product = world.product()
    cycle = world.cycle(product_id=product, creator="anna", features=[world.feature()])
    bare = world.cycle(product_id=product, creator="anna")
    world.bug(cycle, product_id=product, feature_id=1)
    world.bug(bare, product_id=product)
    result = ask("bug_count", "test_count", "features_tested", dimensions=["product"])
    assert rows(result, "product", "bug_count", "test_count", "features_tested") == [
        ("Shop", 2, 2, 1)
    ]
    assert result["totals"] == {"bug_count": 2, "test_count": 2, "features_tested": 1}


def test_a_bug_on_a_feature_that_left_the_catalogue_still_counts(world, ask):
    product = world.product(in_catalogue=False)
    gone = world.feature("Fax", product, in_catalogue=False)
    world.bug(world.cycle(product_id=product, features=[gone]), product_id=product, feature_id=gone)
    for dimension, label in (("feature", "Fax"), ("product", "Shop")):
        result = ask("bug_count", "test_count", dimensions=[dimension])
        assert rows(result, dimension, "bug_count", "test_count") == [(label, 1, 1)]


def test_the_last_second_of_the_last_day_is_in_and_the_next_is_out(world, ask):
    world.cycle(end="2024-01-31T23:59:59")
    world.cycle(end="2024-01-31T00:00:00")
    world.cycle(end="2024-02-01T00:00:00")
    world.cycle(end="2024-01-30T23:59:59")
    assert ask("test_count", start_date="2024-01-31", end_date="2024-01-31")["totals"] == {
        "test_count": 2
    }


def test_totals_cover_what_the_limit_cuts(world, ask):
    for n in range(1_200):
        world.bug(tester=f"tester {n:04}")
    result = ask("bug_count", "active_testers", dimensions=["tester"])
    assert len(result["data"]) == 1_000
    assert result["metadata"]["total_rows"] == 1_200
    assert result["totals"] == {"bug_count": 1_200, "active_testers": 1_200}
    assert result["warnings"] == [
        "Only the first 1,000 of 1,200 rows are listed; the totals cover all of them."
    ]


def test_someone_who_only_submits_appears(world, ask):
    world.cycle(creator="anna", submitter="bob")
    by_submitter = ask("tests_submitted", dimensions=["submitter"])
    assert rows(by_submitter, "submitter", "tests_submitted") == [("bob", 1)]
    everyone = ask("tests_created", dimensions=["customer"], include_zero=True)
    assert rows(everyone, "customer", "tests_created") == [("anna", 1), ("bob", 0)]


def test_quantiles_are_of_the_pooled_durations_and_not_means_of_quantiles(world, ask):
    for seconds in (1, 2, 3):
        world.run(created="2024-01-10T12:00", seconds=seconds)
    world.run(created="2024-01-11T12:00", seconds=100)
    result = ask("latency_p50", "latency_p95", dimensions=["day"])
    assert rows(result, "day", "latency_p50") == [("2024-01-10", 2.0), ("2024-01-11", 100.0)]
    assert result["totals"]["latency_p50"] == 2.5
    assert result["totals"]["latency_p95"] == pytest.approx(3 + 97 * 0.85)


def test_a_vote_with_thumb_and_rating_counts_once_in_the_total(world, ask):
    world.vote(thumb="up", rating=5)
    world.vote(thumb="down")
    world.vote(rating=2)
    world.vote(comment="only words")
    result = ask("feedback_count", dimensions=["feedback_type"])
    assert rows(result, "feedback_type", "feedback_count") == [
        *[("rating", 2), ("thumbs_down", 1), ("thumbs_up", 1), (None, 1)]
    ]
    assert result["totals"] == {"feedback_count": 4}
    rated = ask("average_rating", "positive_feedback_rate", with_samples=True)
    assert rated["totals"] == {
        "average_rating": 3.5,
        "average_rating_n": 2,
        "positive_feedback_rate": 0.5,
        "positive_feedback_rate_n": 2,
    }
