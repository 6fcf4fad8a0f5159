"""Figures from the store to the rendered text, on an account small enough to count by hand."""

from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

from core.analytics.dates import last_complete_week
from core.base import clock
from core.ingest.parse.records import parse_enhancement, parse_feedback, parse_ticket
from core.ingest.parse.testio import parse_bug, parse_cycle, parse_product
from core.ingest.save.platform import save_enhancements, save_feedback, save_tickets
from core.ingest.save.testio import save_bugs, save_cycles, save_products
from tests.stores import open_store

HOSTILE = 'O"Neil *bold* [x](javascript:1) $1$ :red[a] <b>'
NOON = clock.now().replace(hour=12, minute=0, second=0, microsecond=0)


def ago(days):
    return (NOON - timedelta(days=days)).isoformat()


def cycle(number, created, submitted, ended, product=1, features=()):
    return {
        "id": number,
        "title": f"Cycle {number}",
        "status": "archived" if submitted else "initialized",
        "created_by": created,
        "submitted_by": submitted,
        "end_at": None if ended is None else ago(ended),
        "product": {"id": product, "name": f"Product {product}"},
        "features": [{"id": 100 * number + n, "feature_id": n, "title": f"F{n}"} for n in features],
    }


CYCLES = [
    cycle(1, "Ann", "Bob", 5, features=(1, 2, 3)),
    cycle(2, "Ann", None, 10),
    cycle(3, HOSTILE, HOSTILE, 20, product=2),
    cycle(4, "Zoe", "Zoe", 100),
    cycle(5, None, "Ann", 3),
    cycle(6, "Ann", None, -30),  # planned for later
    cycle(7, "Una", None, None),  # without a date
]


def bug(number, author, severity, status, auto=False, test=1):
    return {
        "id": number,
        "title": f"Bug {number}",
        "severity": severity,
        "status": status,
        "auto_accepted": auto,
        "author": author and {"name": author},
        "reported_at": ago(4),
        "test": {"id": test},
        "product": {"id": 1, "name": "Product 1"},
    }


BUGS = [
    *(bug(n, "Ravi", "low", "accepted") for n in range(1, 13)),
    *(bug(n, "Mia", "critical", "accepted", auto=True) for n in range(13, 21)),
    *(bug(n, "Mia", "critical", "rejected") for n in range(21, 25)),
    bug(25, "Newt", "high", "accepted"),
    bug(26, None, "low", "forwarded"),
    bug(27, "Ravi", "low", "accepted", test=4),  # of a cycle 100 days ago
]

WEEK = last_complete_week(NOON.date())


def in_week(hours):
    start = datetime(WEEK.start.year, WEEK.start.month, WEEK.start.day, tzinfo=UTC)
    return (start + timedelta(hours=hours)).isoformat()


def runs():
    for n in range(200):
        failed = n % 100 == 0
        yield {
            "id": f"run-{n}",
            "ticket_id": f"T-{n}",
            "status": "failed" if failed else "completed",
            "processing_time_ms": None if failed else 20_000 + 10 * n,
            "created_at": in_week(n / 2),
        }


def tickets():
    for n in range(60):
        enhanced = n % 2 == 0
        minutes = (70 if enhanced else 100) + n % 3
        opened = datetime.fromisoformat(in_week(n))
        yield {
            "id": f"T-{n}",
            "opened_at": opened.isoformat(),
            "resolved_at": (opened + timedelta(minutes=minutes)).isoformat(),
            "category": "mail",
            "priority": "3",
            "enhanced": enhanced,
        }


def votes():
    for n in range(40):
        yield {
            "id": f"vote-{n}",
            "ticket_id": f"T-{n}",
            "enhancement_id": f"run-{n}",
            "technician_email": f"tech{n}@example.com",
            "feedback_type": "rating",
            "rating_value": 5 if n % 2 else 4,
            "created_at": in_week(n),
        }


@pytest.fixture
def acme(tmp_path):
    store = open_store(f"sqlite:///{tmp_path}/touchstone.db")
    store.ensure_account("acme", "Acme")
    with store.write("acme") as unit:
        save_products(unit, [parse_product({"id": n, "name": f"Product {n}"}) for n in (1, 2)])
        save_cycles(unit, [parse_cycle(obj) for obj in CYCLES])
        save_bugs(unit, [parse_bug(obj) for obj in BUGS])
        save_enhancements(unit, [parse_enhancement(obj) for obj in runs()])
        save_tickets(unit, [parse_ticket(obj) for obj in tickets()])
        save_feedback(unit, [parse_feedback(obj) for obj in votes()])
    yield store
    store.close()


def shown(app):
    return {metric.label: metric.value for metric in app.metric}


def answer(app):
    said = app.header[0].value
    return said.replace("\\", "")


def test_engagement(acme, run_page):
    app = run_page("customer_engagement")
    assert not app.exception
    assert shown(app) == {
        "Created": "3",
        "Submitted": "3",
        "Completion": "66.7 %",
        "Active users": "2",
        "New, 30 days": "3",
        "Silent, 90 days": "1",
    }
    assert answer(app) == (
        "2 of 5 customer users created a cycle (last 90 days), Ann the most (2); "
        "3 are new, none is fading, 1 fell silent in the last 30 days."
    )
    (people,) = (d.value for d in app.dataframe if "created" in d.value)
    by_name = people.set_index("customer")[["created", "submitted", "completion"]]
    expected = {
        "Ann": (2, 1, 50.0),
        HOSTILE: (1, 1, 100.0),
        "Bob": (0, 1, None),
        "Una": (0, 0, None),
        "Zoe": (0, 0, None),
    }
    assert list(by_name.index) == list(expected)
    for name, (created, submitted, completion) in expected.items():
        row = by_name.loc[name]
        assert (row["created"], row["submitted"]) == (created, submitted)
        assert pd.isna(row["completion"]) if completion is None else row["completion"] == completion


def test_a_product_filter_counts_that_product_only(acme, run_page):
    app = run_page("customer_engagement")
    app.multiselect(key="engagement_products").select(2).run()
    assert not app.exception
    assert shown(app)["Created"] == "1"
    app.button(key="engagement_reset").click().run()
    assert shown(app)["Created"] == "3"


def test_all_time_counts_what_has_no_date(acme, run_page):
    app = run_page("customer_engagement")
    app.selectbox(key="engagement_period").select("All time").run()
    assert shown(app)["Created"] == "6"


def test_criteria(acme, run_page):
    app = run_page("success_criteria", criteria_view="All criteria")
    assert not app.exception
    values = shown(app)
    assert values["Enhancement success rate"] == "99 %"  # 198 of 200
    assert values["p95 latency"] == "22 s"
    assert values["Technician satisfaction"] == "4.5"
    assert values["Resolution time reduction"].startswith("29.")  # 71 of 101 minutes
    table = next(d.value for d in app.dataframe if "Verdict" in d.value).set_index("Criterion")
    assert table.loc["Enhancement success rate", "Verdict"].endswith("Met")
    assert table.loc["p95 latency", "Verdict"].endswith("Met")
    assert table.loc["Technician satisfaction", "Verdict"].endswith("Met")
    assert table.loc["Resolution time reduction", "Verdict"].endswith("Met")
    assert table.loc["Positive feedback", "Verdict"].endswith("No data")
    assert table.loc["Positive feedback", "Value"] == "\N{EN DASH}"
    assert answer(app) == (
        f"Four of the five criteria are met in {WEEK.label}; return on investment is without data."
    )


def test_a_thumb_and_stars_and_words_are_saved_at_once(acme, run_page):
    app = run_page("feedback", tab="Rate")
    run_id = app.feedback[0].key.removeprefix("feedback_thumb_")
    app.feedback(key=f"feedback_thumb_{run_id}").set_value(0).run()
    assert not app.exception
    assert "Vote saved" in app.toast[0].value
    assert saved(acme, run_id) == ("down", None, None)
    app.feedback(key=f"feedback_stars_{run_id}").set_value(0).run()
    assert saved(acme, run_id) == ("down", 1, None)  # one star is not no star
    app.text_input(key=f"feedback_comment_{run_id}").set_value("<b>No</b> context")
    app.button(key=f"FormSubmitter:feedback_form_{run_id}-Save comment").click().run()
    assert saved(acme, run_id) == ("down", 1, "<b>No</b> context")
    app.feedback(key=f"feedback_thumb_{run_id}").set_value(None).run()
    assert saved(acme, run_id) == (None, 1, "<b>No</b> context")
    comments = run_page("feedback", feedback_view="Comments")
    assert any(text.value == "<b>No</b> context" for text in comments.text)


def saved(store, run_id):
    with store.engine.connect() as connection:
        return tuple(
            connection.exec_driver_sql(
                "SELECT thumb, rating, comment FROM feedback "
                "WHERE subject = ? AND rater LIKE 'anonymous:%'",
                (f"enhancement:{run_id}",),
            ).one()
        )


def test_what_is_this_proves_the_figure(acme, run_page):
    app = run_page("customer_engagement")
    app.button(key="engagement_what_test_completion_rate").click().run()
    assert not app.exception
    proof = " ".join(m.value.replace("\\", "") for m in app.success)
    assert "re-aggregate to 66.7 %, the number shown: yes." in proof


def test_two_accounts_of_one_name_stay_apart(acme, run_page):
    acme.ensure_account("zeta", "Zeta")
    with acme.write("zeta") as unit:
        save_cycles(unit, [parse_cycle(cycle(1, "Ann", "Ann", 5))])
    app = run_page("customer_engagement")
    assert shown(app)["Created"] == "3"
    app.selectbox(key="account").select("zeta").run()
    assert shown(app)["Created"] == "1"
    (people,) = (d.value for d in app.dataframe if "created" in d.value)
    assert people["customer"].tolist() == ["Ann"]


def test_a_rater_who_votes_too_often_is_told_and_loses_nothing(acme, run_page, monkeypatch):
    monkeypatch.setattr("pages.ui.rate.MOST_VOTES", 1)
    app = run_page("feedback", tab="Rate")
    run_id = app.feedback[0].key.removeprefix("feedback_thumb_")
    app.feedback(key=f"feedback_thumb_{run_id}").set_value(0).run()
    app.feedback(key=f"feedback_stars_{run_id}").set_value(0).run()
    assert "votes in a minute: go on in" in app.error[0].value.replace("\\", "")
    assert saved(acme, run_id) == ("down", None, None)
