"""The packet of a review: its numbers are those of the content, in every format."""

import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from pptx.enum.shapes import MSO_SHAPE_TYPE
from pptx.util import Pt

from core.analytics.dates import last_complete_week
from core.base import clock, text
from core.base.errors import InputError, QueryError
from core.criteria.ledger import change_criterion
from core.report import PACKET_FORMATS, packet_of, render, weekly_packet, write_packet
from core.report.deck import MOST_SLIDES
from core.report.weekly import packet_document
from core.review.actions import Escalation, add_action, record_sent
from core.review.agenda import agenda
from core.review.meeting import close_review, meeting_of, open_review, save_note, set_attendees
from core.store import Scope
from tests.draws import FULL, within
from tests.once import of_the_first
from tests.report.conftest import NOW
from tests.report.deck_read import (
    charts_of,
    off_the_slide,
    plain,
    rendered,
    slides_of,
    tables_of,
    texts_of,
    title_of,
)
from tests.report.hostile import TEXTS, clear_of_controls
from tests.report.parsed import READERS, html_page, of_csv, table_of
from tests.stores import closed, copied, lent

WEEK = last_complete_week(NOW.date())
# Before those weeks that the people of the demo have reviewed.
BEFORE = last_complete_week(NOW.date(), 3)


def hold(store, *, account="demo", text="Warm the cache", note="Decided: we warm it"):
    """A review with all that people write in one."""
    scope = Scope(store, account, "Ann")
    for week in (BEFORE, WEEK):
        open_review(scope, week.label)
        for n in range(2):
            add_action(
                scope,
                week=week.label,
                text=f"{text} {n}",
                owner="Bob",
                due=WEEK.end,
                criterion_key="success_rate",
                expected="rise",
            )
    set_attendees(scope, WEEK.label, {"Product manager": "Ann", "Sponsor": "Zoe"}, seen={})
    save_note(scope, WEEK.label, "metrics", note, seen=0)
    one = Escalation("high", "success_rate", "missed", f"HIGH {text}")
    record_sent(scope, one, week=WEEK.label, sent_to="Carl")


@pytest.fixture(scope="module")
def held_file(decided_file, tmp_path_factory):
    store = copied(decided_file, tmp_path_factory.mktemp("held"))
    hold(store)
    return closed(store, Path(store.engine.url.database))


@pytest.fixture
def held(held_file, tmp_path):
    yield from lent(held_file, tmp_path)


@pytest.fixture(scope="module")
def packet(held_file, tmp_path_factory):
    """The packet of that review, to read."""
    store = copied(held_file, tmp_path_factory.mktemp("packet"))
    yield weekly_packet(Scope(store, "demo"), is_demo=True, now=NOW)
    store.close()


@pytest.fixture(scope="module")
def deck(packet):
    return write_packet(packet, "pptx")


@pytest.fixture(scope="module")
def hostile_packet(hostile_file, tmp_path_factory):
    store = copied(hostile_file, tmp_path_factory.mktemp("poisoned"))
    yield poisoned(store)
    store.close()


@pytest.fixture(scope="module")
def hostile_deck(hostile_packet):
    return write_packet(hostile_packet, "pptx")


def number(sentence):
    return None if sentence in {"", text.UNKNOWN} else float(sentence.replace(",", ""))


@pytest.mark.parametrize("kind", READERS)
def test_the_figures_are_those_of_the_content(packet, kind):
    rows = table_of(packet_document(packet), kind, "Key", "Unit", "Value")
    names = ("value", "low", "high", "n", "target", "upper_target")
    rel = 1e-12 if kind == "csv" else 1e-5
    assert [row[0] for row in rows] == [one["key"] for one in packet.content["criteria"]]
    for row, one in zip(rows, packet.content["criteria"], strict=True):
        wanted = [one[n] for n in (*names, "week_before", "four_weeks", "baseline")]
        wanted.append(one["with_excluded"]["value"] if one["with_excluded"] else None)
        found = [number(cell) for cell in (*row[2:8], *row[9:])]
        assert found == [None if w is None else pytest.approx(w, rel=rel, abs=1e-9) for w in wanted]
        assert row[8] == one["verdict"]


def test_the_figures_of_the_deck_are_those_of_the_content(packet, deck):
    tables = tables_of(deck)
    shown = [*tables["Success criteria"][1:], *tables["Appendix: guardrails"][1:]]
    assert len(shown) == len(packet.content["criteria"])
    for row, one, known in zip(shown, packet.content["criteria"], packet.rows, strict=True):
        unit = one["unit"]
        assert row[0].startswith(one["label"])
        assert row[1:3] == [known.amount(one["value"]), one["target_words"]]
        assert (one["leaning"] or one["verdict"]) in row[3]
        assert row[4].startswith(text.between(one["low"], one["high"], unit))
        earlier = [known.amount(one[n]) for n in ("week_before", "four_weeks", "baseline")]
        assert row[5:8] == earlier
        everything = one["with_excluded"]
        if everything:
            assert row[8].startswith(known.amount(everything["value"]))
            said = everything["leaning"] or everything["verdict"]
            assert row[8].endswith(text.lower_first(said))
        is_by_them = "met by the exclusions alone" in one["excluded_words"]
        assert ("by exclusions" in row[3]) == is_by_them
    assert [row[0] for row in tables["What we agreed on"][1:]] == [
        one["text"] for one in packet.content["actions"]
    ]
    assert [row[0] for row in tables["What we do now"][1:]] == [
        one["text"] for one in packet.content["new_actions"]
    ]


def test_the_charts_of_the_deck_say_the_points_of_the_content(packet, deck):
    charts = charts_of(deck)
    assert charts
    by_label = {one["label"]: one for one in packet.content["series"]}
    for title, said in charts.items():
        series = next(one for label, one in by_label.items() if title.startswith(label))
        points = [(week, value) for week, value in series["points"] if value is not None]
        assert points
        for week, value in points:
            assert f"{week} {text.amount(value, series['unit'])}" in said


def test_a_deck_of_the_demo_has_10_to_15_slides_that_fit(deck):
    titles = [title_of(slide) for slide in slides_of(deck)]
    assert 10 <= len(titles) <= MOST_SLIDES
    assert off_the_slide(deck) == []
    for slide in slides_of(deck):
        assert any(shape.name == "Slide number" for shape in slide.shapes)
        for shape in slide.shapes:
            if shape.has_table or shape.shape_type == MSO_SHAPE_TYPE.PICTURE:
                assert shape._element.xpath(".//p:cNvPr")[0].get("descr")
    said = " ".join(texts_of(deck))
    for told in ("Demo data", "Ann (Product manager)", "Decided: we warm it", "Carl, by Ann"):
        assert told in said


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice renders the slides")
def test_nothing_overlaps_or_is_cut_on_the_rendered_slides(deck, hostile_deck, tmp_path):
    decks = {"demo": deck, "hostile": hostile_deck}
    for name, pages in rendered(decks, tmp_path).items():
        slides = slides_of(decks[name])
        assert len(pages) == len(slides)
        for slide, words in zip(slides, pages, strict=True):
            middles = [(said, (top + bottom) / 2) for said, _, top, _, bottom in words]
            for said, left, top, right, bottom in words:
                assert 0 <= left < right <= 960, (name, said)
                assert 0 <= top < bottom <= 540, (name, said)
            # In the room of the title stands all of it, and nothing else; so at the foot.
            foot = next(shape for shape in slide.shapes if shape.name == "Footer")
            for shape in (slide.shapes.title, foot):
                start, end = shape.top / Pt(1), (shape.top + shape.height) / Pt(1)
                shown = [said for said, middle in middles if start <= middle <= end]
                wanted = plain(shape.text_frame.text).split()
                number = [] if shape is not foot else [str(slides.index(slide) + 1)]
                assert name == "hostile" or sorted(shown) == sorted([*wanted, *number])


def stamped(data, kind):
    return " ".join(texts_of(data)) if kind == "pptx" else data.decode("utf-8-sig")


@pytest.mark.parametrize("kind", [kind for kind in PACKET_FORMATS if kind != "pdf"])
def test_every_packet_says_whose_it_is_and_of_when(packet, kind):
    text = stamped(write_packet(packet, kind), kind).replace("\\", "")
    said = ("Demo account", WEEK.label, "UTC", "without what is excluded", "not closed yet")
    for one in (*said, f"{NOW:%Y-%m-%d %H:%M}", "made up", packet.stamp["Touchstone"]):
        assert one in text


def test_a_packet_of_real_data_does_not_say_that_it_is_made_up(held):
    real = weekly_packet(Scope(held, "demo"), now=NOW)
    for kind in PACKET_FORMATS:
        assert kind == "pdf" or "made up" not in stamped(write_packet(real, kind), kind)


def test_a_closed_review_is_taken_away_as_it_was(held):
    close_review(Scope(held, "demo", "Ann"), WEEK.label)
    then = weekly_packet(Scope(held, "demo"))
    kept = {kind: write_packet(then, kind) for kind in ("html", "md", "csv")}
    shown = texts_of(write_packet(then, "pptx"))
    edit = {"target": 0.5, "direction": "above", "owner": "Eve", "rationale": "Easier"}
    change_criterion(Scope(held, "demo", "Eve"), "success_rate", seen={}, **edit)
    add_action(Scope(held, "demo", "X"), week=BEFORE.label, text="Late", owner="X", due=WEEK.end)
    now = agenda(Scope(held, "demo"), WEEK)
    assert now["criteria"] != then.content["criteria"]
    again = weekly_packet(Scope(held, "demo"), week=WEEK.label, now=NOW + timedelta(days=3))
    assert again == then
    assert {kind: write_packet(again, kind) for kind in kept} == kept
    assert texts_of(write_packet(again, "pptx")) == shown
    assert "closed by Ann on" in again.state
    meeting = meeting_of(Scope(held, "demo"), WEEK.label)
    assert again.content == meeting.content
    page = packet_of(Scope(held, "demo"), meeting.content, meeting, is_demo=False)
    assert page == then


def test_the_packet_of_what_is_shown_has_what_was_written_since(held):
    told = agenda(Scope(held, "demo"), WEEK)
    save_note(Scope(held, "demo", "Ann"), WEEK.label, "trends", "Later", seen=0)
    meeting = meeting_of(Scope(held, "demo"), WEEK.label)
    packet = packet_of(Scope(held, "demo"), told, meeting, is_demo=True)
    assert packet.notes() == {"Success criteria": "Decided: we warm it", "Signals": "Later"}
    assert "notes" not in told


@pytest.mark.parametrize("kind", PACKET_FORMATS)
def test_a_week_without_data_is_honest_and_short(store, kind):
    store.ensure_account("main", "Main")
    packet = weekly_packet(Scope(store, "main"))
    data = write_packet(packet, kind)
    if kind == "pptx":
        titles = [title_of(slide) for slide in slides_of(data)]
        assert titles[1:] == ["What we agreed on", "Success criteria", "What we do now"]
        assert any(text.startswith("Nothing was measured") for text in texts_of(data))
        assert all("0 %" not in text.split() for text in texts_of(data))
        assert off_the_slide(data) == []
    elif kind != "pdf":
        assert "Nothing was measured" in data.decode("utf-8-sig")


@pytest.mark.parametrize(
    ("week", "error"), [("2026-W60", QueryError), ("x", QueryError), ("2099-W01", InputError)]
)
def test_a_week_that_is_none_or_not_over_is_refused(store, week, error):
    store.ensure_account("main", "Main")
    with pytest.raises(error):
        weekly_packet(Scope(store, "main"), week=week)


def poisoned(store):
    """A packet in which every text that people can enter is hostile."""
    text = "\n".join(one.encode("utf-8", "replace").decode().replace("\x00", "") for one in TEXTS)
    hold(store, account="evil", text="=HYPERLINK(1)<script>]]>&\x07", note=text[:19_000])
    packet = weekly_packet(Scope(store, "evil"))
    content = dict(packet.content)
    content["themes"] = [{"name": one, "words": one, "quotes": [one, *TEXTS]} for one in TEXTS]
    content["opportunities"] = [{"title": one, "words": one} for one in TEXTS]
    content["causes"] = list(TEXTS)
    content["attendees"] = [[one, one] for one in TEXTS]
    content["new_actions"] = [
        {**content["new_actions"][0], "text": one, "owner": one} for one in TEXTS
    ]
    content["actions"] = [{**content["actions"][0], "text": one, "owner": one} for one in TEXTS]
    return packet.__class__(**{**vars(packet), "content": content, "account": " ".join(TEXTS)})


def test_hostile_texts_stay_texts_in_a_deck(hostile_deck):
    assert len(slides_of(hostile_deck)) <= MOST_SLIDES
    assert off_the_slide(hostile_deck) == []
    said = texts_of(hostile_deck)
    assert all(clear_of_controls(text) for text in said)
    assert any("<script>alert(1)</script>" in text for text in said)
    assert any(text.startswith("=HYPERLINK") for text in said)
    assert any("more" in text and "see the packet" in text for text in said)
    for slide in slides_of(hostile_deck):
        # No text became a link, a picture or anything else that acts.
        assert slide._element.xpath(".//a:hlinkClick") == []


def test_hostile_texts_stay_texts_in_the_other_formats(hostile_packet):
    document = packet_document(hostile_packet)
    page = html_page(render(document, "html"))
    assert not {"script", "img", "iframe", "link"} & {tag for tag, _ in page.tags}
    assert "<script>alert(1)</script>" in "".join(page.text)
    for table in of_csv(document):
        for row in table:
            assert not any(cell.startswith(("=", "+", "@", "\t")) for cell in row)
    text = render(document, "md").decode()
    assert clear_of_controls(text)
    assert "<script>" not in text.replace("\\<script\\>", "")
    assert render(document, "pdf").startswith(b"%PDF-")


# What is not timed is composed once.
composed = weekly_packet if FULL else of_the_first(weekly_packet)


@pytest.mark.parametrize("kind", PACKET_FORMATS)
def test_a_packet_is_made_within_ten_seconds(held, kind):
    with within(10):
        data = write_packet(composed(Scope(held, "demo"), now=clock.now()), kind)
    assert len(data) > 5_000
