"""The account whose week is frozen."""

import pytest

from core.feedback.surveys import parse_survey
from core.ingest.parse.records import parse_ticket
from core.ingest.save.platform import save_surveys, save_tickets
from tests.analytics.conftest import each_store, postgres_store, sqlite_store  # noqa: F401
from tests.criteria.weeks import answer, run, save, ticket, vote


@pytest.fixture
def world(any_store):
    """An account with every kind of row: 100 runs, four of them pending."""
    any_store.ensure_account("a", "Account a")
    any_store.ensure_account("b", "Account b")
    save(
        any_store,
        *(run(n, hours=n) for n in range(90)),
        *(run(n, "failed", hours=n) for n in range(90, 96)),
        *(run(n, "pending", hours=n) for n in range(96, 100)),
    )
    with any_store.write("a") as unit:
        rows = [ticket(n, is_enhanced=n % 2 == 0, minutes=60 + n % 7) for n in range(80)]
        save_tickets(unit, [parse_ticket(row) for row in rows])
        save_surveys(unit, [parse_survey(answer(n, 10 + n)) for n in range(8)])
    for n in range(12):
        vote(any_store, n, thumb="down" if n < 3 else "up", rating=1 + n % 5)
    return any_store
