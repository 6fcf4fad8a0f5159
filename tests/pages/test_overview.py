"""The overview: what it answers, whom it names, and what it does not claim."""

from datetime import timedelta

import pytest
from streamlit.runtime.context import StreamlitCookies

from core.analytics.dates import iso_week, last_complete_week
from core.analytics.freshness import SourceState, fresh_sources
from core.base import clock
from core.ingest.parse.testio import parse_bug, parse_cycle, parse_product
from core.ingest.save.testio import save_bugs, save_cycles, save_products
from tests.stores import open_store

HOSTILE = 'O"Neil *bold* [x](javascript:1) $1$ :red[a] <b>'
NOON = clock.now().replace(hour=12, minute=0, second=0, microsecond=0)
WEEK = last_complete_week(NOON.date())
AS_FAR = (NOON.date() - WEEK.end).days + 3  # into the middle of the newest finished week


def cycle(number, who, days):
    return {
        "id": number,
        "title": f"Cycle {number}",
        "status": "archived",
        "created_by": who,
        "submitted_by": who,
        "end_at": (NOON - timedelta(days=days)).isoformat(),
        "product": {"id": 1, "name": "Product 1"},
    }


def bug(number, author, test, status="accepted"):
    return {
        "id": number,
        "title": f"Bug {number}",
        "severity": "low",
        "status": status,
        "author": {"name": author},
        "reported_at": (NOON - timedelta(days=20)).isoformat(),
        "test": {"id": test},
        "product": {"id": 1, "name": "Product 1"},
    }


def steady(weeks=40):
    """A cycle of Ann and one of Bob in each week, and this week nothing yet."""
    numbers = iter(range(1, 1_000))
    return [
        cycle(next(numbers), who, AS_FAR + 7 * ago)
        for ago in range(weeks)
        for who in ("Ann", "Bob")
    ]


def account(tmp_path, monkeypatch, cycles, bugs=()):
    monkeypatch.setenv("TESTIO_CUSTOMER_API_TOKEN", "token")
    monkeypatch.setenv("TESTIO_CUSTOMER_ID", "acme")
    store = open_store(f"sqlite:///{tmp_path}/touchstone.db")
    store.ensure_account("acme", "acme")
    with store.write("acme") as unit:
        save_products(unit, [parse_product({"id": 1, "name": "Product 1"})])
        save_cycles(unit, [parse_cycle(found) for found in cycles])
        save_bugs(unit, [parse_bug(found) for found in bugs])
    store.close()


def answer(app):
    return app.header[0].value.replace("\\", "")


def said(app):
    elements = [*app.markdown, *app.caption, *app.subheader]
    return " | ".join(element.value.replace("\\", "") for element in elements)


def movers(app):
    """Rows of both lists in their panels, which a button opens."""
    found = []
    for label in [button.label for button in app.button if button.label.startswith("All by")]:
        next(b for b in app.run().button if b.label == label).click().run()
        (table,) = (d.value for d in app.dataframe if "Before" in d.value)
        found.append([tuple(row) for row in table.itertuples(index=False)])
    return found


def test_a_steady_account_has_no_signal(run_page, tmp_path, monkeypatch):
    account(tmp_path, monkeypatch, steady())
    app = run_page("overview")
    assert not app.exception
    assert answer(app) == "No new signal: the trend is within the usual limits."
    # Nothing has brought bugs or enhancements: their cards have no place.
    assert [metric.label for metric in app.metric] == ["Test cycles created"]


def test_an_ended_source_opens_on_the_last_period_with_data(run_page, tmp_path, monkeypatch):
    account(tmp_path, monkeypatch, [cycle(n, "Ann", 399 + n) for n in range(1, 91)])
    app = run_page("overview")
    assert app.selectbox(key="overview_period").value == "Custom dates"
    first, last = app.date_input(key="overview_dates").value
    assert (last - first).days == 89
    assert last == (NOON - timedelta(days=400)).date()
    assert {m.label: m.value for m in app.metric}["Test cycles created"] == "90"
    app.selectbox(key="overview_period").select("Last 90 days").run()
    assert not app.exception
    assert run_page("weekly_review").selectbox(key="review_week").value == iso_week(last).label
    assert "Nothing of an enhancer" in answer(run_page("success_criteria"))


def test_each_role_has_a_home_which_is_kept(run_page, demo_url, monkeypatch):
    one_browser = f"2|00000000|{'ab' * 16}|0"
    monkeypatch.setattr(StreamlitCookies, "get", lambda *_: one_browser)
    app = run_page("overview")
    first = [metric.label for metric in app.metric]
    app.selectbox(key="overview_home").select("Executive").run()
    assert [metric.label for metric in app.metric] == first
    assert "Who moved most" not in said(app)
    app.selectbox(key="overview_home").select("Quality lead").run()
    assert [metric.label for metric in app.metric][:3] == ["Acceptance", "Rejected", "Reviewed"]
    app.selectbox(key="overview_home").select("Technician").run()
    assert not app.exception
    assert [metric.label for metric in app.metric] == first[:5]
    again = run_page("overview")
    assert again.selectbox(key="overview_home").value == "Technician"
    linked = run_page("overview", home="Executive")
    assert linked.selectbox(key="overview_home").value == "Executive"
    assert run_page("overview").selectbox(key="overview_home").value == "Technician"


def test_an_unusual_week_is_in_the_answer(run_page, tmp_path, monkeypatch):
    more = [cycle(1_000 + n, HOSTILE, AS_FAR) for n in range(14)]
    account(tmp_path, monkeypatch, [*steady(), *more])
    app = run_page("overview")
    assert not app.exception
    expected = f"One signal: tests created ({WEEK.label} is above the limits, for the better)."
    assert answer(app).endswith(expected)
    # The other person stands in the heading as it is written, nothing of it works as Markdown.
    assert f"{HOSTILE} rose most: 0 to 14 cycles created" in said(app)
    heading = next(s.value for s in app.subheader if "rose most" in s.value)
    assert "\\*bold\\*" in heading


def test_movers_with_both_numbers_and_the_caveat(run_page, tmp_path, monkeypatch):
    cycles = [
        *(cycle(n, "Ann", 100) for n in range(1, 31)),
        cycle(31, "Bob", 100),
        *(cycle(n, "Bob", 20) for n in range(32, 34)),
        cycle(99, "Zoe", 400),
    ]
    bugs = [
        *(bug(n, "Mia", 32) for n in range(1, 21)),
        *(bug(n, "Ravi", 1, "rejected") for n in range(21, 60)),
        bug(60, "Ravi", 1),
    ]
    account(tmp_path, monkeypatch, cycles, bugs)
    app = run_page("overview")
    amounts = [c.value for c in app.caption if "\N{RIGHTWARDS ARROW}" in c.value]
    assert amounts == [
        *("30 \N{RIGHTWARDS ARROW} 0, clear", "1 \N{RIGHTWARDS ARROW} 2, may be chance"),
        *("0 \N{RIGHTWARDS ARROW} 20, clear", "1 \N{RIGHTWARDS ARROW} 0, may be chance"),
    ]
    customers, testers = movers(app)
    assert customers == [("Bob", 1, 2, 1, "may be chance"), ("Ann", 30, 0, -30, "clear")]
    assert testers == [("Mia", 0, 20, 20, "clear"), ("Ravi", 1, 0, -1, "may be chance")]


def test_young_data_is_compared_with_nothing(run_page, tmp_path, monkeypatch):
    account(tmp_path, monkeypatch, [cycle(n, "Ann", 20) for n in range(1, 30)])
    app = run_page("overview")
    assert not app.exception
    assert movers(app) == []
    assert said(app).count("to compare in this period and the one before; the data begins on") == 2
    assert "No limits yet: too few finished weeks." in answer(app)


def test_figures_are_compared_with_what_the_switch_says(run_page, tmp_path, monkeypatch):
    account(tmp_path, monkeypatch, [*steady(), cycle(999, "Ann", 5)])

    def created(app):
        (found,) = (m for m in app.metric if m.label == "Test cycles created")
        return found.delta

    app = run_page("overview")
    assert created(app).endswith(" %")
    assert "changes against the 90 days before" in said(app)
    assert "grey: the 90 days before" in said(app)
    app.selectbox(key="overview_versus").select("year").run()
    assert not app.exception
    assert created(app) == "no data then"
    assert "changes against a year before, " in said(app)
    assert "grey:" not in said(app)
    app.selectbox(key="overview_period").select("All time").run()
    assert not created(app)
    assert "changes against" not in said(app)


def test_all_time_and_a_product(run_page, tmp_path, monkeypatch):
    account(tmp_path, monkeypatch, steady())
    app = run_page("overview")
    app.selectbox(key="overview_period").select("All time").run()
    assert not app.exception
    assert "All time has nothing before it" in said(app)
    assert {m.label: m.value for m in app.metric}["Test cycles created"] == "80"


def test_what_is_this_proves_the_figure(run_page, tmp_path, monkeypatch):
    account(tmp_path, monkeypatch, steady())
    app = run_page("overview")
    app.button(key="overview_what_tests_created").click().run()
    assert not app.exception
    assert "the number shown: yes" in " ".join(s.value.replace("\\", "") for s in app.success)
    assert "Unit: a number; higher is better" in said(app)
    (rows,) = (d.value for d in app.dataframe if "Title" in d.value)
    assert list(rows.iloc[0][["Title", "Product", "Customer user"]]) == [
        "Cycle 1",
        "Product 1",
        "Ann",
    ]
    assert not [name for name in rows if "_" in name or name.endswith(" id")]


def test_each_source_has_its_target(run_page, tmp_path, monkeypatch):
    account(tmp_path, monkeypatch, steady())
    (sources,) = (d.value for d in run_page("overview").dataframe if "On time" in d.value)
    by_name = sources.set_index("Source")
    assert by_name.loc["Test cycles", "On time"].endswith("Late")  # it was never synchronised
    assert by_name.loc["Test cycles", "Target"] == "last sync within 2 h"
    assert by_name.loc["Tickets", "On time"].endswith("No data")
    assert by_name.loc["Tickets", "Newest record"] == "\N{EN DASH}"


@pytest.mark.parametrize(
    ("hours", "expected"), [(1, "On time"), (2, "On time"), (3, "Late"), (None, "Late")]
)
def test_a_sync_is_judged_by_its_age_and_not_by_its_rows(hours, expected):
    states = [
        SourceState("Test cycles", 9, NOON - timedelta(days=30)),
        SourceState("Tickets", 3, NOON - timedelta(days=4)),
        SourceState("Feedback", 3, NOON - timedelta(days=4)),
    ]
    cycles, tickets, feedback = fresh_sources(
        states,
        synced_at={"testio": None if hours is None else NOON - timedelta(hours=hours)},
        sync_targets={"testio": timedelta(hours=2)},
        now=NOON,
    )
    assert cycles.verdict.endswith(expected)
    assert tickets.verdict.endswith("Late")
    assert (feedback.verdict[2:], feedback.target) == ("On time", "newest record within 7 d")
    assert feedback.synced_at is None
