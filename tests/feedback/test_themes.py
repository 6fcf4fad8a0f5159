"""Themes over a store: counts against plain Python, and what people decide, which nothing loses."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest

from core.analytics.account_settings import changes
from core.analytics.dates import Window
from core.base.errors import InputError
from core.criteria.ledger import exclude
from core.demo import DEMO_ACCOUNT, build_demo
from core.feedback import cast_vote, record_votes
from core.feedback.surveys import parse_survey
from core.feedback.themes import words as theme_words
from core.feedback.themes.edit import (
    add_rule,
    delete_theme,
    make_theme,
    merge_themes,
    move_comment,
    pin_theme,
    release_comment,
    rename_theme,
    restore_theme,
    withdraw_rule,
)
from core.feedback.themes.figures import theme_report
from core.feedback.votes import Cast
from core.ingest.parse.records import parse_ticket
from core.ingest.save.platform import save_surveys, save_tickets
from core.review.roadmap import create_opportunity, opportunities
from core.store import Scope

TODAY = date(2026, 11, 22)
NOW = datetime(2026, 11, 22, 18, tzinfo=UTC)
ALL = Window(None, None, "All time")
MONTH = Window(TODAY - timedelta(days=29), TODAY, "Last 30 days")
THINGS = ["printer", "server", "mailbox", "scanner", "router", "phone", "laptop", "monitor"]
THINGS += ["badge", "camera", "tablet", "projector", "switch"]
OTHERS = ["headset", "dock", "kiosk", "firewall", "gateway", "keyboard", "webcam", "cable"]
SPEED = [f"loading is slow and takes ages with the {thing}" for thing in THINGS]
NAMES = [f"wrong customer shown, names mixed up for the {thing}" for thing in THINGS]
LENGTH = [f"summary far too long, paragraphs missing in {thing}" for thing in THINGS]
MANY = [text for texts in zip(SPEED, NAMES, LENGTH, strict=True) for text in texts]


@pytest.fixture
def store(any_store):
    any_store.ensure_account("a", "Account a")
    any_store.ensure_account("b", "Account b")
    return any_store


def write(store, texts, account="a", start=0, raters=7, **more):
    casts = [
        Cast(
            subject=f"enhancement:e{n}",
            rater=f"rater {n % raters}",
            ticket_id=f"T{n % 9}",
            comment=text,
            at=NOW - timedelta(days=1 + n % 60, minutes=n),
            **{"thumb": "down" if n % 3 else "up", "rating": n % 5 + 1} | more,
        )
        for n, text in enumerate(texts, start)
    ]
    with store.write(account) as unit:
        record_votes(unit, casts)


def found(store, account="a", window=ALL):
    return theme_report(Scope(store, account), window=window, today=TODAY)


def theme_of(store, text, account="a"):
    (one,) = [
        one.theme
        for one in found(store, account).themes
        if text in {comment.text for comment in one.theme.comments}
    ]
    return one


def texts_of(theme):
    return {comment.text for comment in theme.comments}


def by_name(store, name, account="a"):
    (one,) = [one for one in found(store, account).themes if one.theme.name == name]
    return one


def key_of(store, text):
    everything = found(store)
    rest = (
        *everything.unassigned.comments,
        *(c for f in everything.themes for c in f.theme.comments),
    )
    return next(comment.key for comment in rest if comment.text == text)


def test_the_figures_of_each_theme_are_those_of_a_plain_count(store):
    with store.write("a") as unit:
        rows = [{"id": f"T{n}", "category": f"Kind {n % 2}"} for n in range(8)]
        save_tickets(unit, [parse_ticket(row) for row in rows])
    write(store, MANY)
    seen = found(store, window=MONTH)
    assert len(seen.themes) >= 3
    # Of the thirty days the first is today, on which nobody wrote.
    assert seen.comments == 29
    assert sum(one.figures.count for one in seen.themes) + seen.unassigned.count == 29
    for one in seen.themes:
        numbers = [MANY.index(comment.text) for comment in one.theme.comments]
        days = {n: (NOW - timedelta(days=1 + n % 60, minutes=n)).date() for n in numbers}
        inside = [n for n in numbers if days[n] >= MONTH.start]
        figures = one.figures
        assert {comment.text for comment in figures.comments} == {MANY[n] for n in inside}
        assert figures.raters == len({n % 7 for n in inside})
        ago = {n: (TODAY - days[n]).days for n in numbers}
        assert figures.recent == sum(ago[n] < 28 for n in numbers)
        assert figures.before == sum(28 <= ago[n] < 56 for n in numbers)
        assert figures.busiest_share == max(Counter(n % 7 for n in inside).values()) / len(inside)
        given = {measure.kind: measure for measure in figures.given}
        assert set(given) == {"thumbs", "stars"}
        if figures.raters < 5:
            assert given["thumbs"].estimate is given["stars"].distribution is None
            assert figures.categories is None
            continue
        up = sum(n % 3 == 0 for n in inside)
        assert given["thumbs"].distribution == {"up": up, "down": len(inside) - up}
        assert given["thumbs"].estimate.value == up / len(inside)
        stars = [n % 5 + 1 for n in inside]
        assert given["stars"].estimate.value == pytest.approx(sum(stars) / len(stars))
        tickets = {n % 9 for n in inside}
        kinds = Counter("Not known" if n == 8 else f"Kind {n % 2}" for n in tickets)
        assert figures.categories == kinds


def test_below_thirty_comments_there_are_only_themes_by_hand(store):
    write(store, MANY[:29])
    few = found(store)
    assert (few.themes, few.is_modelled, few.unassigned_share) == ((), False, 1.0)
    assert "they can only be made by hand" in theme_words.unassigned_words(few)
    make_theme(Scope(store, "a", "Ann"), "Speed")
    add_rule(Scope(store, "a", "Ann"), by_name(store, "Speed").theme, any_of=["slow"])
    (one,) = found(store).themes
    assert texts_of(one.theme) == {text for text in MANY[:29] if "slow" in text}
    write(store, MANY[29:], start=29)
    assert found(store).is_modelled


def test_free_texts_of_the_survey_are_comments_too(store):
    rows = [
        {
            "id": f"s{n}",
            "respondent": f"rater {n}",
            "answered_at": (NOW - timedelta(days=n)).isoformat(),
            "overall": 5,
            "what_helps": f"helpful summary {n}",
            "what_to_improve": f"slow loading {n}",
        }
        for n in range(6)
    ]
    with store.write("a") as unit:
        save_surveys(unit, [parse_survey(row) for row in rows])
    make_theme(Scope(store, "a", "Ann"), "Speed")
    add_rule(Scope(store, "a", "Ann"), by_name(store, "Speed").theme, any_of=["slow"])
    one = by_name(store, "Speed")
    assert (one.figures.count, one.figures.raters) == (6, 6)
    # They rate all of it 5, and were asked what to improve.
    assert one.figures.tone == "complaint"
    assert [(g.kind, g.n, g.estimate.value) for g in one.figures.given] == [("overall", 6, 5.0)]
    assert theme_words.themes_answer(found(store), "All time") == (
        "Speed is the most frequent complaint (all time): 6 comments by 6 people; "
        "6 in the last 4 weeks, up from 0."
    )


def test_what_is_excluded_does_not_count_and_both_figures_stay(store):
    write(store, MANY)
    theme = theme_of(store, SPEED[0])
    rename_theme(Scope(store, "a", "Ann"), theme, "Speed")
    before = by_name(store, "Speed").figures
    exclude(
        Scope(store, "a", "Ann"),
        from_at=NOW - timedelta(days=400),
        to_at=NOW,
        kind="other",
        reason="Tester",
        subject="rater:rater 1",
    )
    after = by_name(store, "Speed")
    own = sum(comment.rater == "rater 1" for comment in before.comments)
    assert own
    assert after.figures.count == before.count - own
    assert after.everything.count == before.count
    assert found(store).left_out == sum(n % 7 == 1 for n in range(len(MANY)))


def test_a_name_a_pin_and_their_history_outlive_new_comments(store):
    write(store, MANY)
    theme = theme_of(store, SPEED[0])
    number = rename_theme(Scope(store, "a", "Ann"), theme, "Speed")
    named = by_name(store, "Speed").theme
    assert named.comments == theme.comments
    assert pin_theme(Scope(store, "a", "Bob"), named, is_pinned=True) == number
    more = [f"loading is slow and takes ages with the {thing}" for thing in OTHERS]
    more += [f"licence expired, renewal missing for {thing}" for thing in OTHERS]
    write(store, more, start=len(MANY))
    again = found(store)
    assert again.themes[0].theme.id == number
    assert (again.themes[0].theme.name, again.themes[0].theme.is_pinned) == ("Speed", True)
    assert texts_of(theme) <= texts_of(again.themes[0].theme)
    assert len(texts_of(again.themes[0].theme) & set(more[: len(OTHERS)])) > 4
    assert not texts_of(again.themes[0].theme) & set(more[len(OTHERS) :])
    assert [(c.by, c.after) for c in changes(Scope(store, "a"), subject=f"theme {number}")][:2] == [
        ("Bob", {"is_pinned": True}),
        ("Ann", {"name": "Speed"}),
    ]


def test_one_found_theme_is_taken_over_once_by_two_people(store):
    write(store, MANY)
    theme = theme_of(store, SPEED[0])
    first = rename_theme(Scope(store, "a", "Ann"), theme, "Speed")
    assert pin_theme(Scope(store, "a", "Bob"), theme, is_pinned=True) == first
    assert [f.theme.id for f in found(store).themes if f.theme.id] == [first]


def test_a_merged_theme_goes_on_taking_what_both_took_and_can_be_parted(store):
    write(store, MANY)
    slow, wrong = theme_of(store, SPEED[0]), theme_of(store, NAMES[0])
    into = merge_themes(Scope(store, "a", "Ann"), slow, wrong)
    assert theme_of(store, SPEED[0]).id == theme_of(store, NAMES[0]).id == into
    both = theme_of(store, NAMES[0])
    assert texts_of(both) == texts_of(slow) | texts_of(wrong)
    with pytest.raises(InputError, match="itself"):
        merge_themes(Scope(store, "a", "Ann"), both, both)
    (gone,) = found(store).gone
    restore_theme(Scope(store, "a", "Ann"), gone.id)
    assert texts_of(theme_of(store, SPEED[0])) == texts_of(slow)
    assert texts_of(theme_of(store, NAMES[0])) == texts_of(wrong)


def test_a_deleted_theme_leaves_its_comments_and_does_not_come_back_by_itself(store):
    write(store, MANY)
    theme = theme_of(store, SPEED[0])
    number = delete_theme(Scope(store, "a", "Ann"), theme)
    rest = {comment.text for comment in found(store).unassigned.comments}
    assert texts_of(theme) <= rest
    write(store, ["loading is slow and takes ages again"], start=200)
    assert not any("slow" in text for one in found(store).themes for text in texts_of(one.theme))
    with pytest.raises(InputError, match="no longer exists"):
        rename_theme(Scope(store, "a", "Ann"), theme_with(theme, number), "Speed")
    restore_theme(Scope(store, "a", "Ann"), number)
    assert texts_of(theme) <= texts_of(theme_of(store, SPEED[0]))


def theme_with(theme, number):
    from dataclasses import replace

    return replace(theme, id=number)


def test_hand_goes_before_rule_and_rule_before_model(store):
    write(store, MANY)
    make_theme(Scope(store, "a", "Ann"), "Mine")
    mine = by_name(store, "Mine").theme
    rule = add_rule(Scope(store, "a", "Ann"), mine, all_of=["slow", "printer"])
    assert texts_of(by_name(store, "Mine").theme) == {SPEED[0]}
    key = key_of(store, SPEED[0])
    other = theme_of(store, NAMES[0])
    move_comment(Scope(store, "a", "Bob"), key, other)
    assert texts_of(by_name(store, "Mine").theme) == set()
    assert SPEED[0] in texts_of(theme_of(store, NAMES[0]))
    move_comment(Scope(store, "a", "Bob"), key, None)
    assert SPEED[0] in {c.text for c in found(store).unassigned.comments}
    write(store, ["loading is slow and takes ages again"], start=200)
    assert SPEED[0] in {c.text for c in found(store).unassigned.comments}
    release_comment(Scope(store, "a", "Bob"), key)
    assert texts_of(by_name(store, "Mine").theme) == {SPEED[0]}
    withdraw_rule(Scope(store, "a", "Ann"), rule)
    assert theme_of(store, SPEED[0]).name != "Mine"
    moved = changes(Scope(store, "a"), subject=f"theme of {key}")
    assert [change.by for change in moved] == ["Bob"] * 3
    with pytest.raises(InputError, match="no longer exists"):
        move_comment(Scope(store, "a", "Ann"), "feedback:nothing", mine)


def test_a_comment_that_is_written_anew_is_no_longer_where_the_model_put_it(store):
    write(store, MANY)
    rename_theme(Scope(store, "a", "Ann"), theme_of(store, SPEED[0]), "Speed")
    new = "wrong customer shown, names mixed up for everything"
    cast_vote(Scope(store, "a"), subject="enhancement:e0", rater="rater 0", comment=new, at=NOW)
    assert new not in texts_of(by_name(store, "Speed").theme)


def test_names_are_given_once_and_an_empty_one_is_none(store):
    make_theme(Scope(store, "a", "Ann"), "Speed")
    for name in ("speed", " ", "x" * 81):
        with pytest.raises(InputError):
            make_theme(Scope(store, "a", "Ann"), name)
    make_theme(Scope(store, "b", "Ann"), "Speed")
    with pytest.raises(InputError, match="no account"):
        make_theme(Scope(store, "nobody", "Ann"), "Speed")


def test_accounts_see_nothing_of_each_other(store):
    write(store, MANY)
    write(store, MANY[:31], account="b")
    before = found(store, "b")
    rename_theme(Scope(store, "a", "Ann"), theme_of(store, SPEED[0]), "Speed")
    move_comment(Scope(store, "a", "Ann"), key_of(store, NAMES[0]), None)
    assert found(store, "b") == before
    with pytest.raises(InputError):
        rename_theme(Scope(store, "b", "Ann"), by_name(store, "Speed").theme, "Other")


def test_a_theme_becomes_an_opportunity_with_the_rows_that_were_counted(store):
    write(store, MANY)
    theme = theme_of(store, SPEED[0])
    (one,) = [f for f in found(store).themes if f.theme.key == theme.key]
    number = create_opportunity(
        Scope(store, "a", "Ann"),
        title="Faster",
        problem="People wait",
        theme=theme,
        reach=one.reach,
    )
    (entered,) = opportunities(Scope(store, "a"))
    recent = [c for c in theme.comments if (TODAY - c.day).days < 28]
    assert entered.id == number
    assert entered.reach_comments == len(recent) == len(entered.evidence["comments"])
    assert entered.reach_raters == len({comment.rater for comment in recent})
    assert entered.evidence["tickets"] == sorted({comment.ticket for comment in recent})
    assert (entered.reach_from, entered.reach_to) == (TODAY - timedelta(days=27), TODAY)
    (shown,) = [f for f in found(store).themes if f.opportunities]
    assert (shown.opportunities, shown.theme.id) == ((number,), entered.theme_id)
    assert shown.is_of("roadmap")
    merge_themes(Scope(store, "a", "Ann"), shown.theme, theme_of(store, NAMES[0]))
    assert [f.opportunities for f in found(store).themes if f.opportunities] == [(number,)]
    assert opportunities(Scope(store, "b")) == []


@pytest.mark.usefixtures("tiny")
def test_a_new_demo_keeps_what_people_decided(store):
    # The next day is of the same week: with the week the demo's troubles move on, and what is said.
    build_demo(store, today=TODAY - timedelta(days=1))
    first = found(store, DEMO_ACCOUNT)
    assert first.is_modelled
    assert len(first.themes) >= 5
    theme = next(one.theme for one in first.themes if one.theme.id is None)
    rename_theme(Scope(store, DEMO_ACCOUNT, "Ann"), theme, "My own")
    build_demo(store, today=TODAY, force=True)
    again = theme_report(Scope(store, DEMO_ACCOUNT), window=ALL, today=TODAY)
    (mine,) = [one for one in again.themes if one.theme.name == "My own"]
    kept = texts_of(mine.theme) & texts_of(theme)
    assert len(kept) >= 0.8 * len(texts_of(theme))


def test_sentences_say_what_there_is_and_what_there_is_not(store):
    assert theme_words.themes_answer(found(store), "All time") == (
        "There are no comments (all time)."
    )
    write(store, ["Too slow", "Wrong"], raters=2)
    assert theme_words.themes_answer(found(store), "All time") == (
        "2 comments by 2 people (all time); none of them is in a theme yet."
    )
    make_theme(Scope(store, "a", "Ann"), "Speed, load", any_of=["slow"])
    one = by_name(store, "Speed, load")
    assert theme_words.themes_answer(found(store), "All time") == (
        "“Speed, load” is the most frequent theme (all time): 1 comment by 1 person; "
        "1 in the last 4 weeks, up from 0."
    )
    assert [theme_words.given_words(given) for given in one.figures.given] == [
        "1 thumb by fewer than five people",
        "1 star rating by fewer than five people",
    ]
    assert theme_words.unassigned_words(found(store)).startswith(
        "50 % of the comments fit no theme (1 of 2)."
    )
    assert "1 comment by 1 person about 1 ticket" in theme_words.reach_words(one.reach)
