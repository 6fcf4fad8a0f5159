"""A page computes anew after a change of what a figure is made of, and of nothing else."""

from functools import wraps
from types import SimpleNamespace

import pytest

from core.engagement import people as analytics
from core.feedback import cast_vote, recent_comments
from core.ingest.parse.testio import parse_cycle
from core.ingest.save.testio import save_cycles
from core.store import Scope, accounts
from pages import ui
from tests.pages.test_shown_figures import cycle


@pytest.fixture
def computed(monkeypatch):
    """The accounts whose engagement was computed, one after the other."""
    accounts = []
    compute = analytics.engagement

    @wraps(compute)
    def noted(scope, **asked):
        accounts.append(scope.account)
        return compute(scope, **asked)

    monkeypatch.setattr(analytics, "engagement", noted)
    return accounts


def test_a_vote_leaves_the_figures_of_test_cycles_as_they_are(acme, run_page, computed):
    acme.ensure_account("other", "Other")
    for account in ("acme", "other"):
        with acme.write(account) as unit:
            save_cycles(unit, [parse_cycle(cycle(1, "Ann", "Bob", 5))])
    app = run_page("customer_engagement")
    assert computed == ["acme"]
    cast_vote(Scope(acme, "acme"), subject="ticket:T-1", rater="ann@example.org", rating=5)
    with acme.write("other") as unit:
        save_cycles(unit, [parse_cycle(cycle(2, "Zoe", "Zoe", 6))])
    app.run()
    assert computed == ["acme"]
    with acme.write("acme") as unit:
        save_cycles(unit, [parse_cycle(cycle(2, "Zoe", "Zoe", 6))])
    app.run()
    assert computed == ["acme", "acme"]
    assert any("Zoe" in frame.value.to_string() for frame in app.dataframe)


def test_nothing_of_another_table_can_be_cached_by_the_facts(acme):
    (account,) = accounts(acme)
    page = SimpleNamespace(store=acme, scope=Scope(acme, "acme"), account=account, today=None)
    with pytest.raises(AssertionError, match="recent_comments reads"):
        ui.read_facts(page, recent_comments)
