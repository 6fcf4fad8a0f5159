"""What is taken away from a review: downloads, the mail, the meeting."""

import email
import email.policy

import pytest
from streamlit.testing.v1 import AppTest

from core.analytics.account_settings import ReviewSettings, settings_of
from core.report import PACKET_FORMATS, delivery, weekly_packet, write_packet
from core.store import Scope
from pages.review import packet as _review_packet
from tests.stores import open_store


def page_of_the_packet():
    from core.analytics.dates import last_complete_week
    from core.review.agenda import agenda
    from core.review.meeting import meeting_of
    from pages import ui
    from pages.review import packet as _review_packet

    def show(page):
        week = last_complete_week(page.today)
        told = ui.read(page, agenda, week=week)
        meeting = ui.read(page, meeting_of, week=week.label)
        _review_packet.show(page, told, meeting, week.label)

    ui.run_page("review", "The packet", show)


@pytest.fixture
def run():
    def runs():
        return AppTest.from_function(page_of_the_packet, default_timeout=30).run()

    return runs


def labels(app):
    return [button.proto.label for button in app.get("download_button")]


def told(app):
    return [one.value for one in (*app.error, *app.toast)]


def test_everything_is_offered_and_nothing_is_made_before_it_is_asked_for(
    demo_url, run, monkeypatch
):
    monkeypatch.setattr(_review_packet, "write_packet", lambda *_: pytest.fail("made too early"))
    monkeypatch.setattr(_review_packet, "packet_mail", lambda *_: pytest.fail("made too early"))
    app = run()
    assert not app.exception
    assert labels(app) == [
        *(f"Download {form.label}" for form in PACKET_FORMATS.values()),
        "Download the meeting for a calendar",
        "Download a draft",
    ]
    assert [button.label for button in app.button] == []


@pytest.fixture(scope="module")
def files():
    """Makes the file of a format once: all packets here are of the same review."""
    made = {}

    def write(packet, kind):
        if kind not in made:
            made[kind] = write_packet(packet, kind)
        return made[kind]

    return write


@pytest.fixture
def mailed(demo_url, run, files, monkeypatch):
    """A page with a mail server, and what went to it."""
    sent = []

    def takes(mail, message):
        sent.append((mail, message))
        return {"bob@example.org": "550 no such mailbox"} if "bob" in message["To"] else {}

    monkeypatch.setenv("TOUCHSTONE_SMTP_HOST", "smtp.example.org")
    monkeypatch.setenv("TOUCHSTONE_SMTP_FROM", "t@example.org")
    monkeypatch.setattr(_review_packet, "send", takes)
    monkeypatch.setattr(delivery, "write_packet", files)
    return run(), sent


def test_it_is_sent_and_the_addresses_are_remembered(mailed, demo_url, run):
    app, sent = mailed
    app.text_area[0].input("ann@example.org, zoe@example.org").run()
    app.button[0].click().run()
    assert not app.exception
    assert told(app) == ["Sent to 2 addresses\\."]
    ((mail, message),) = sent
    assert (mail.host, mail.port, mail.tls) == ("smtp.example.org", 587, "starttls")
    assert message["To"] == "ann@example.org, zoe@example.org"
    store = open_store(demo_url)
    kept = settings_of(Scope(store, "demo"), ReviewSettings).recipients
    store.close()
    assert kept == ["ann@example.org", "zoe@example.org"]
    assert run().text_area[0].value == "ann@example.org\nzoe@example.org"


def test_a_monday_without_a_meeting_is_kept_beside_the_addresses(mailed, demo_url, run):
    app, _ = mailed
    box = app.multiselect[0]
    assert (len(box.options), box.value) == (13, [])
    day = box.options[1]
    box.select(day).run()
    assert told(app) == ["Saved\\: the calendar says so from now on\\."]
    assert app.multiselect[0].value == [day]
    app.text_area[0].input("ann@example.org").run()
    app.button[0].click().run()
    store = open_store(demo_url)
    kept = settings_of(Scope(store, "demo"), ReviewSettings)
    store.close()
    assert kept == ReviewSettings(recipients=["ann@example.org"], cancelled=[day], revision=1)
    app.multiselect[0].unselect(day).run()
    assert run().multiselect[0].value == []


def test_who_did_not_get_it_is_said_and_stays_on_the_page(mailed):
    app, _ = mailed
    app.text_area[0].input("ann@example.org\nbob@example.org").run()
    app.button[0].click().run()
    (said,) = [one.value.replace("\\", "") for one in app.error]
    assert said == "Sent to 1 address; bob@example.org was refused, 550 no such mailbox."


def test_what_is_no_address_sends_nothing_and_loses_nothing(mailed):
    app, sent = mailed
    app.text_area[0].input("ann").run()
    app.button[0].click().run()
    assert sent == []
    assert "is no address" in app.error[0].value.replace("\\", "")
    assert app.text_area[0].value == "ann"


def test_who_may_not_edit_sends_nothing(demo_url, run, monkeypatch, tmp_path):
    (tmp_path / "secrets.toml").write_text('editors = ["ann@example.org"]', encoding="utf-8")
    app = run()
    assert not app.exception
    assert "Download a draft" not in labels(app)
    assert len(app.text_area) == len(app.multiselect) == 0


def test_a_draft_has_those_that_are_addresses(demo_url, files, monkeypatch):
    store = open_store(demo_url)
    packet = weekly_packet(Scope(store, "demo"))
    monkeypatch.setattr(delivery, "write_packet", files)
    for text, to in (("ann@example.org", "ann@example.org"), ("", None), ("x y", None)):
        mail = email.message_from_bytes(
            _review_packet._draft(lambda: packet, text), policy=email.policy.default
        )
        assert (mail["X-Unsent"], mail["To"]) == ("1", to)
    store.close()
