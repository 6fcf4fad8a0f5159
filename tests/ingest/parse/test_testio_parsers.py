from datetime import UTC, datetime
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.base.fields import FieldProblem, excerpt, parse_all
from core.ingest.parse.testio import (
    parse_bug,
    parse_cycle,
    parse_feature,
    parse_product,
    parse_reject_reason,
)
from tests.payloads import payload

REASONS = {
    reason.row["key"]: reason.row["default_comment"]
    for reason in parse_all(parse_reject_reason, payload("reject_reasons")).items
}
PARSERS = {
    "product": parse_product,
    "feature": partial(parse_feature, product_id=812),
    "cycle": parse_cycle,
    "bug": partial(parse_bug, reasons=REASONS),
    "rejected_bug": partial(parse_bug, reasons=REASONS),
}
FIELDS = [(kind, name) for kind in PARSERS for name in payload(kind) if name != "id"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["id", "name", "title", "feature_id", "operating_system", "body"])
            | st.text(max_size=3),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)


def problems_of(kind, **changes):
    parsed = PARSERS[kind](payload(kind, **changes))
    return [(problem.field, problem.value) for problem in parsed.problems]


def test_a_product_with_its_sections():
    product = parse_product(payload("product"))
    assert product.row == {"id": 812, "name": "Web shop", "type": "website"}
    assert product.links["section_ids"] == [91, 92]
    assert product.problems == ()


def test_a_feature_is_of_the_product_that_was_asked():
    feature = parse_feature(payload("feature"), product_id=812)
    assert feature.id == 3301
    assert feature.row == {"id": 3301, "product_id": 812, "title": "Checkout"}


def test_a_cycle():
    cycle = parse_cycle(payload("cycle"))
    assert cycle.row["title"] == "Checkout after the redesign"
    assert (cycle.row["product_id"], cycle.links["product_name"]) == (812, "Web shop")
    assert (cycle.links["created_by"], cycle.links["submitted_by"]) == ("Ana Ruiz", "ana ruiz ")
    assert cycle.row["start_at"] == datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
    assert cycle.row["end_at"] == datetime(2026, 3, 5, 4, 30, tzinfo=UTC)
    assert cycle.links["features"] == [
        {"feature_id": 3301, "test_feature_id": 77001, "title": "Checkout"},
        {"feature_id": 3302, "test_feature_id": 77002, "title": "Basket"},
    ]
    assert cycle.links["platforms"] == ["Windows", "iOS"]
    assert cycle.row["test_environment"] == "Staging"
    assert cycle.problems == ()


def test_a_bug():
    bug = parse_bug(payload("bug"))
    assert (bug.row["cycle_id"], bug.row["feature_id"], bug.links["test_feature_id"]) == (
        50117,
        3301,
        77001,
    )
    assert (bug.links["tester"], bug.row["known"]) == ("Zoë Ώ", False)
    assert (bug.row["severity"], bug.row["status"]) == ("high", "accepted")
    assert bug.row["reported_at"] == datetime(2026, 3, 2, 19, 45, tzinfo=UTC)
    assert bug.links["platforms"] == ["Windows"]
    assert bug.row["rejection_reason"] is None
    assert bug.problems == ()


def test_a_cycle_can_call_its_title_test_title():
    assert (
        parse_cycle(payload("cycle", title=None, test_title="Named so")).row["title"] == "Named so"
    )


@pytest.mark.parametrize(
    ("sent", "kept"),
    [(None, "test_case"), ("external", "custom"), ("rapid", "rapid"), ("brand_new", "brand_new")],
)
def test_testing_type(sent, kept):
    assert parse_cycle(payload("cycle", testing_type=sent)).row["testing_type"] == kept


@pytest.mark.parametrize(
    ("status", "automatic", "kept"),
    [
        ("accepted", True, "auto_accepted"),
        ("accepted", False, "accepted"),
        ("accepted", None, "accepted"),
        ("rejected", True, "rejected"),
        ("forwarded", None, "forwarded"),
        ("brand_new", None, "brand_new"),
        (None, True, None),
    ],
)
def test_bug_status(status, automatic, kept):
    assert parse_bug(payload("bug", status=status, auto_accepted=automatic)).row["status"] == kept


def test_an_unknown_severity_is_kept_as_sent_and_is_no_problem():
    bug = parse_bug(payload("bug", severity="blocker"))
    assert bug.row["severity"] == "blocker"
    assert bug.problems == ()


def test_a_feature_is_taken_from_the_pair_then_from_the_bug_then_left_to_the_store():
    assert parse_bug(payload("bug", test_feature={"id": 7, "feature_id": 1})).row["feature_id"] == 1
    assert parse_bug(payload("bug", test_feature=None)).row["feature_id"] == 3301
    left = parse_bug(payload("bug", test_feature={"id": 7}, feature=None))
    assert (left.row["feature_id"], left.links["test_feature_id"]) == (None, 7)


def test_the_reason_is_read_from_the_last_matching_comment_and_the_longest_start_wins():
    assert parse_bug(payload("rejected_bug"), REASONS).row["rejection_reason"] == "known_bug_ticket"


def test_only_a_rejected_bug_has_a_reason():
    assert (
        parse_bug(payload("rejected_bug", status="accepted"), REASONS).row["rejection_reason"]
        is None
    )


@pytest.mark.parametrize(
    "comments", [None, [], [{"body": "No."}], [{"body": None}], [{}], [{"body": ""}]]
)
def test_a_reason_that_no_comment_gives_is_unknown(comments):
    bug = parse_bug(payload("rejected_bug", comments=comments), REASONS)
    assert bug.row["rejection_reason"] is None
    assert bug.row["status"] == "rejected"


def test_a_reason_stands_at_the_start_of_a_comment():
    later = [{"body": "As I said: We know this bug already."}]
    assert (
        parse_bug(payload("rejected_bug", comments=later), REASONS).row["rejection_reason"] is None
    )


def test_reasons_without_a_comment_match_nothing():
    empty = {"e": "  \n"}
    assert parse_bug(payload("rejected_bug"), empty).row["rejection_reason"] is None


@pytest.mark.parametrize("nobody", [None, "", {}, {"name": None}, {"name": ""}])
def test_nobody(nobody):
    assert parse_bug(payload("bug", author=nobody or None)).links["tester"] is None
    name = nobody if isinstance(nobody, str) else None
    assert parse_cycle(payload("cycle", created_by=name)).links["created_by"] is None


@pytest.mark.parametrize(
    "name", [" Ana", "ANA", "=cmd|' /C calc'!A0", "'; DROP TABLE bug;--", "💥", "\u202eanA", "<b>"]
)
def test_a_name_is_kept_exactly_as_sent(name):
    assert parse_bug(payload("bug", author={"name": name})).links["tester"] == name
    assert parse_cycle(payload("cycle", submitted_by=name)).links["submitted_by"] == name


def test_what_databases_refuse_in_text_is_replaced():
    bug = parse_bug(payload("bug", title="a\0b\ud83dc", author={"name": "\udc00x"}))
    assert (bug.row["title"], bug.links["tester"]) == ("a\ufffdb\ufffdc", "\ufffdx")
    assert bug.problems == ()


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-03-02T09:00:00Z", datetime(2026, 3, 2, 9, tzinfo=UTC)),
        ("2026-03-02T09:00:00.250+14:00", datetime(2026, 3, 1, 19, 0, 0, 250_000, tzinfo=UTC)),
        ("2026-03-02T09:00:00", datetime(2026, 3, 2, 9, tzinfo=UTC)),
        ("2026-03-02", datetime(2026, 3, 2, tzinfo=UTC)),
        ("1970-01-01T00:00:00Z", datetime(1970, 1, 1, tzinfo=UTC)),
        ("2100-12-31T23:59:59Z", datetime(2100, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ("1969-12-31T23:30:00-01:00", datetime(1970, 1, 1, 0, 30, tzinfo=UTC)),
    ],
)
def test_instants(text, instant):
    assert parse_cycle(payload("cycle", end_at=text)).row["end_at"] == instant


@pytest.mark.parametrize(
    "value",
    [
        "soon",
        "",
        "2026-02-30T00:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-12:00",
        "1969-12-31T23:59:59Z",
        "2101-01-01T00:00:00Z",
        1772442000,
        True,
        ["2026-03-02"],
        "\ud800",
    ],
)
def test_what_is_no_instant_is_none_and_a_problem(value):
    cycle = parse_cycle(payload("cycle", end_at=value))
    assert cycle.row["end_at"] is None
    (problem,) = cycle.problems
    assert (problem.entity, problem.source_id, problem.field) == ("test_cycle", "50117", "end_at")
    assert problem.value == excerpt(value)
    assert "ISO 8601" in problem.reason


@pytest.mark.parametrize("kind", PARSERS)
@pytest.mark.parametrize("number", [None, 0, -1, 2**63, 1.0, True, "12", "", [], {}, float("nan")])
def test_an_object_without_a_usable_id_is_refused_whole(kind, number):
    refused = PARSERS[kind](payload(kind, id=number))
    assert isinstance(refused, FieldProblem)
    assert refused.field == "id"


def test_the_largest_id_is_usable():
    assert parse_bug(payload("bug", id=2**63 - 1)).id == 2**63 - 1


@pytest.mark.parametrize("parse", PARSERS.values())
@pytest.mark.parametrize("thing", [None, 5, "x", [], True])
def test_what_is_no_object_is_refused(parse, thing):
    assert isinstance(parse(thing), FieldProblem)


def test_refused_objects_are_told_apart_and_are_the_same_in_each_run():
    things = [{"title": "a"}, {"title": "b"}, None]
    once = [parse_bug(thing).source_id for thing in things]
    assert len(set(once)) == 3
    assert [parse_bug(thing).source_id for thing in things] == once


@pytest.mark.parametrize("key", [None, "", 5, ["known_bug"]])
def test_a_reason_without_a_key_is_refused(key):
    refused = parse_reject_reason({"key": key, "name": "x", "default_comment": "y"})
    assert isinstance(refused, FieldProblem)


@pytest.mark.parametrize(("kind", "name"), FIELDS)
def test_each_field_may_be_null_or_missing(kind, name):
    assert problems_of(kind, **{name: None}) == []
    without = payload(kind)
    del without[name]
    assert PARSERS[kind](without).problems == ()
    assert PARSERS[kind](without) == PARSERS[kind](payload(kind, **{name: None}))


def test_an_object_of_an_id_alone_is_kept():
    for kind, parse in PARSERS.items():
        assert parse({"id": 5}).id == 5, kind


READ = {
    "product": ("name", "type", "sections"),
    "feature": ("title",),
    "cycle": (
        *("title", "status", "review_status", "testing_type", "test_environment", "product"),
        *("created_by", "submitted_by", "start_at", "end_at", "features", "requirements"),
    ),
    "bug": (
        *("title", "severity", "status", "auto_accepted", "author", "reported_at", "known"),
        *("test", "test_feature", "feature", "product", "devices"),
    ),
    "rejected_bug": ("comments",),
}


@pytest.mark.parametrize(
    ("kind", "name"), [(k, name) for k, names in READ.items() for name in names]
)
def test_a_field_of_a_wrong_type_is_none_and_a_problem_with_its_value(kind, name):
    # 17 is no text, no truth value, no list, no object and no instant.
    assert problems_of(kind, **{name: 17}) == [(name, "17")]
    assert PARSERS[kind](payload(kind, **{name: 17})).id == payload(kind)["id"]


@pytest.mark.parametrize(
    ("kind", "changes", "path"),
    [
        ("cycle", {"features": [None]}, "features[0]"),
        ("cycle", {"features": [{"id": 1, "feature_id": "x"}]}, "features[0].feature_id"),
        ("cycle", {"features": [{"id": 1, "feature_id": None}]}, "features[0].feature_id"),
        ("cycle", {"features": [{"id": "x", "feature_id": 2}]}, "features[0].id"),
        (
            "cycle",
            {"requirements": [{"operating_system": "iOS"}]},
            "requirements[0].operating_system",
        ),
        ("cycle", {"product": {"id": "812"}}, "product.id"),
        ("bug", {"author": {"name": 5}}, "author.name"),
        ("bug", {"test": {"id": 2**63}}, "test.id"),
        (
            *("bug", {"devices": [{}, {"operating_system": {"name": []}}]}),
            "devices[1].operating_system.name",
        ),
        ("rejected_bug", {"comments": [{"body": 5}]}, "comments[0].body"),
        ("product", {"sections": [{"id": "91"}, {"id": 92}]}, "sections[0].id"),
    ],
)
def test_a_problem_says_where_in_the_object(kind, changes, path):
    assert [field for field, _ in problems_of(kind, **changes)] == [path]


@given(name=st.sampled_from(FIELDS), value=JSON)
def test_no_value_in_any_field_raises(name, value):
    kind, field = name
    parsed = PARSERS[kind](payload(kind, **{field: value}))
    assert parsed.id == payload(kind)["id"]
    for problem in parsed.problems:
        assert problem.reason
        f"{problem.field}{problem.value}".encode()


@given(value=JSON)
def test_no_value_in_place_of_an_object_raises(value):
    for parse in (*PARSERS.values(), parse_reject_reason):
        parsed = parse(value)
        assert isinstance(parsed, FieldProblem) or parsed is not None


def test_parse_all_goes_on_after_a_refusal():
    sent = [payload("bug"), None, payload("bug", id=2, known="yes")]
    parsed = parse_all(parse_bug, sent)
    assert [bug.id for bug in parsed.items] == [990001, 2]
    assert [problem.field for problem in parsed.refused] == ["id"]
    assert [problem.field for problem in parsed.problems] == ["known", "id"]


def test_a_problem_shows_a_short_piece_of_a_large_value():
    parsed = parse_bug(payload("bug", author=["x" * 10_000] * 1_000))
    assert len(parsed.problems[0].value) <= 300
