"""The model and the rules: pure, deterministic, and safe with whatever people write."""

import subprocess
import sys
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.base.errors import InputError
from core.feedback.themes.assignment import (
    Decisions,
    Placing,
    PlacingRule,
    assign_themes,
    checked_rule,
)
from core.feedback.themes.comments import Comment
from core.feedback.themes.figures import quotes_of
from core.feedback.themes.model import characteristic_terms, fit, theme_name
from core.store import Theme
from tests.draws import draws

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
TODAY = date(2026, 11, 22)
TOPICS = {
    "slow": "loading is slow and takes ages with {}",
    "wrong": "wrong customer shown, names mixed up for {}",
    "long": "summary far too long, paragraphs missing in {}",
}
THINGS = [
    "printer",
    "server",
    "mailbox",
    "scanner",
    "router",
    "phone",
    "laptop",
    "monitor",
    "badge",
    "camera",
    "tablet",
]
TEXTS = [text.format(thing) for text in TOPICS.values() for thing in THINGS]
HOSTILE = [
    "x" * 5_000,
    "slow " * 1_000,
    "👍",
    "👩‍👩‍👧‍👦🔥",
    "!!! ... ???",
    "ok",
    "بطيء جدا اليوم",
    "\u202eright to left\u202c",
    "<script>alert(1)</script>",
    "**bold** [a](b) $x$",
    "=1+1",
    "a\u0301\u0327",
    "1234567890",
    "助かりました。",
    "\x7f\u200b",
    "straße STRASSE",
]


def comment(n, text, *, key=None, rater=None, at=None, **more):
    at = at or NOON - timedelta(hours=n)
    return Comment(
        key=key or f"feedback:{n}",
        source="feedback",
        text=text,
        at=at,
        day=at.date(),
        rater=rater or f"r{n % 6}",
        **more,
    )


def kept(number, **more):
    row = {
        "id": number,
        "name": f"Theme {number}",
        "origin": "hand",
        "is_pinned": False,
        "terms": (),
        "made_by": "Ann",
        "made_at": NOON,
        "merged_into": None,
        "deleted_at": None,
    }
    return Theme(account_id="a", **row | more)


def grouping(texts, groups):
    return {
        frozenset(text for text, group in zip(texts, groups, strict=True) if group == one)
        for one in set(groups)
    }


def test_texts_of_one_topic_are_one_group_and_it_is_named_by_their_words():
    model = fit(frozenset(TEXTS))
    groups = model.groups_of(TEXTS)
    for n, topic in enumerate(TOPICS):
        own = groups[n * len(THINGS) : (n + 1) * len(THINGS)]
        most = max(set(own), key=own.count)
        assert own.count(most) >= len(THINGS) - 1, topic
        others = groups[: n * len(THINGS)] + groups[(n + 1) * len(THINGS) :]
        assert others.count(most) <= 1
    named = " ".join(term.casefold() for terms in model.terms for term in terms)
    assert "slow" in named or "loading" in named
    assert "customer" in named or "wrong" in named


def test_another_process_gives_the_same_groups_and_imports_the_model_only_to_fit_it():
    code = (
        "import sys, core.feedback.themes.figures, core.review.roadmap\n"
        "from core.feedback.themes.model import fit\n"
        "assert 'sklearn' not in sys.modules\n"
        "texts = sys.stdin.read().splitlines()\n"
        "for order in (texts, texts[::-1]):\n"
        "    fit.cache_clear()\n"
        "    print(fit(frozenset(order)).groups_of(order))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code],
        input="\n".join(TEXTS),
        capture_output=True,
        text=True,
        check=True,
    )
    here = fit(frozenset(TEXTS)).groups_of(TEXTS)
    assert ran.stdout.splitlines() == [str(here), str(here[::-1])]


@pytest.mark.parametrize(
    "texts",
    [[], ["ok"] * 40, ["👍"], ["!!!"], [f"{n}" for n in range(50)], ["slow", "slow", "very slow"]],
)
def test_texts_with_nothing_in_common_have_no_model(texts):
    assert fit(frozenset(texts)) is None


def test_hostile_texts_are_placed_or_left_and_change_no_order():
    texts = TEXTS + HOSTILE
    model = fit(frozenset(texts))
    groups = model.groups_of(texts)
    assert all(group is None for text, group in zip(texts, groups, strict=True) if text == "👍")
    assert grouping(texts, groups) == grouping(texts[::-1], model.groups_of(texts[::-1]))
    assert all(terms or nearest for terms, nearest in zip(model.terms, model.nearest, strict=True))


def test_a_text_that_the_model_has_not_seen_joins_the_group_that_it_is_like():
    model = fit(frozenset(TEXTS))
    new, known = model.groups_of(["loading is slow, it takes ages", TEXTS[0]])
    assert new == known
    assert model.groups_of(["Ganz etwas anderes"]) == [None]


def test_names_come_from_words_and_phrases_of_more_than_one_text():
    terms = characteristic_terms(
        [["device history helps", "device history again"], ["too long", "long"]]
    )
    assert terms[0][0] == "device history"
    assert theme_name(terms[0], []) == "Device history"
    assert theme_name((), ["zzz", "👍"]) == "👍"


@pytest.mark.parametrize(
    ("rule", "text", "is_taken"),
    [
        (PlacingRule(("slow",)), "Too SLOW today", True),
        (PlacingRule(("slow",)), "slowly", False),
        (PlacingRule(("slow*",)), "slowly", True),
        (PlacingRule(("took ages",)), "it took\n  ages!", True),
        (PlacingRule(("slow", "ages"), (), ("not slow",)), "not slow, takes ages", False),
        (PlacingRule((), ("slow", "mobile")), "slow on mobile", True),
        (PlacingRule((), ("slow", "mobile")), "slow", False),
        (PlacingRule(("👍",)), "great👍", True),
        (PlacingRule(("助かり",)), "助かりました。", True),
        (PlacingRule(("straße",)), "STRASSE", True),
        (PlacingRule(("c++",)), "written in C++.", True),
        (PlacingRule((".*",)), "anything", False),
        (PlacingRule(("(",)), "a (b", True),
    ],
)
def test_a_rule_takes_words_and_phrases(rule, text, is_taken):
    assert rule.takes(text) is is_taken


@pytest.mark.parametrize("terms", [[], [" "], ["*"], ["x" * 81], [f"w{n}" for n in range(51)]])
def test_a_rule_without_sense_is_refused(terms):
    with pytest.raises(InputError):
        checked_rule(terms)


words = st.lists(st.sampled_from([*TEXTS, *HOSTILE, "slow", "fine"]), max_size=45)
hands = st.dictionaries(st.integers(0, 44), st.sampled_from([None, 1, 2, 3]), max_size=8)


@settings(max_examples=draws(25))
@given(words, hands, st.randoms(use_true_random=False))
def test_each_comment_is_in_one_theme_at_most_and_hand_goes_before_rule_before_model(
    texts, moved, random
):
    comments = [comment(n, text) for n, text in enumerate(texts)]
    known = Decisions(
        themes={n: kept(n, deleted_at=NOON if n == 3 else None) for n in (1, 2, 3)},
        rules=(PlacingRule(("slow",), id=1, theme_id=1), PlacingRule(("fine",), id=2, theme_id=3)),
        placings={f"feedback:{n}": Placing(to, "hand", "") for n, to in moved.items()},
    )
    found = assign_themes(comments, known, today=TODAY)
    places = [
        (one.key, theme.key, how)
        for theme in found.themes
        for one, how in zip(theme.comments, theme.how, strict=True)
    ]
    keys = [key for key, _, _ in places] + [one.key for one in found.unassigned]
    assert sorted(keys) == sorted(one.key for one in comments)
    where = {key: (theme, how) for key, theme, how in places}
    for n, one in enumerate(comments):
        to = moved.get(n, "nobody moved it")
        if to in {1, 2}:
            assert where[one.key] == (str(to), "hand")
        elif to is None:
            assert one.key not in where
        elif PlacingRule(("slow",)).takes(one.text):
            assert where[one.key] == ("1", "rule")
        elif to == 3 or len(comments) < 30:
            assert one.key not in where
        elif one.key in where:
            assert where[one.key][1] == "model"
    assert found.is_modelled <= (len(comments) >= 30)
    random.shuffle(comments)
    assert assign_themes(comments, known, today=TODAY) == found


def test_quotes_are_of_different_words_and_people_and_the_newest_of_equals():
    old = NOON - timedelta(days=60)
    comments = [
        comment(1, "slow loading", rater="a", at=old),
        comment(2, "slow loading", rater="b", at=NOON),
        comment(3, "slow loading today", rater="b", at=NOON),
        comment(4, "slow " * 500, rater="c", at=NOON),
        comment(5, "!", rater="d", at=NOON),
        comment(6, "loading slow", rater="e", at=NOON - timedelta(days=1)),
    ]
    quotes = quotes_of(comments, TODAY)
    assert [quote.key for quote in quotes] == ["feedback:2", "feedback:6", "feedback:5"]
    assert quotes_of(comments[::-1], TODAY) == quotes
    assert quotes_of([], TODAY) == ()
