"""A store of the first release is upgraded in place, and loses nothing."""

import json
import uuid
from datetime import UTC, date, datetime

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, insert, select

from core.feedback import cast_vote, current_vote
from core.ingest.files.mapping import _mapping_key
from core.store import (
    Account,
    AccountSetting,
    Exclusion,
    Feedback,
    FeedbackReceipt,
    FeedbackVote,
    Opportunity,
    Scope,
    SurveyInvitation,
    SurveyResponse,
    Theme,
    ThemeAssignment,
    migrations,
    open_store,
    table,
)
from core.store.columns import Base

NAMESPACE = uuid.UUID("6f1d6a3e-2b0c-5c57-9a1e-0d1f5a7c9b42")
ACCOUNT = {"account_id": "acme"}


def at(hour):
    return datetime(2026, 11, 20, hour, tzinfo=UTC)


def old_id(subject, rater):
    return str(uuid.uuid5(NAMESPACE, f"{subject}\n{rater}"))


def first_release(url):
    """An engine of a store as the first release made it."""
    engine = create_engine(url)
    config = Config()
    config.set_main_option("script_location", str(migrations.HERE))
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":  # its database is made from a template
            connection.exec_driver_sql("DROP SCHEMA public CASCADE")
            connection.exec_driver_sql("CREATE SCHEMA public")
        config.attributes["connection"] = connection
        command.upgrade(config, "0010")
    return engine


def vote(connection, number, subject, rater, hour, **said):
    row = ACCOUNT | {"id": old_id(subject, rater), "subject": subject, "rater": rater}
    row |= {"created_at": at(hour), "created_day": date(2026, 11, 20), "updated_at": at(hour)}
    connection.execute(insert(table(Feedback)).values(**row, **said))
    told = {"id": number, "feedback_id": row["id"], "cast_at": at(hour)}
    connection.execute(insert(table(FeedbackVote)).values(**ACCOUNT, **told, **said))
    receipt = {"key": f"key {number}", "content": "", "result": "new", "received_at": at(hour)}
    connection.execute(
        insert(table(FeedbackReceipt)).values(**ACCOUNT, **receipt, feedback_id=row["id"])
    )
    return row["id"]


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path):
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/touchstone.db"
    return request.getfixturevalue("postgres_url")


def test_raters_become_one_and_nothing_is_lost(url):  # noqa: PLR0915 (one store has it all)
    engine = first_release(url)
    with engine.begin() as connection:
        account = {"id": "acme", "name": "Acme", "is_demo": False, "timezone": "UTC"}
        account |= {"data_version": 57, "facts_version": 12, "created_at": at(1)}
        connection.execute(insert(table(Account)).values(account))
        upper = vote(connection, 1, "ticket:1", "Ann@Example.org", 9, thumb="up", rating=4)
        lower = vote(connection, 2, "ticket:1", "ann@example.org", 11, thumb="down")
        wide = vote(connection, 3, "ticket:2", "ANN@example.org", 9, comment="Good")
        name = vote(connection, 4, "ticket:2", "Ann", 9, thumb="up")
        broken = vote(connection, 5, "ticket:a\nb", "c", 9, thumb="up")
        theme = {"id": 1, "name": "Speed", "origin": "hand", "is_pinned": False, "terms": []}
        theme |= {"made_by": "Bob", "made_at": at(9)}
        connection.execute(insert(table(Theme)).values(**ACCOUNT, **theme))
        how = {"theme_id": 1, "how": "hand", "said": "", "assigned_by": "Bob", "assigned_at": at(9)}
        for one in (upper, wide):
            row = {"comment": f"feedback:{one}", **how}
            connection.execute(insert(table(ThemeAssignment)).values(**ACCOUNT, **row))
        worth = {"id": 1, "title": "Faster", "problem": "Slow", "status": "open"}
        worth |= {"created_by": "Bob", "created_at": at(9)}
        worth["evidence"] = {"comments": [f"feedback:{wide}"], "tickets": []}
        connection.execute(insert(table(Opportunity)).values(**ACCOUNT, **worth))
        out = {"id": 1, "from_at": at(1), "to_at": at(2), "kind": "other", "reason": "Test"}
        out |= {"subject": "rater:Ann@Example.org", "entered_by": "Bob", "entered_at": at(9)}
        out["finding"] = "rater 2026-11-16 Ann@Example.org"
        connection.execute(insert(table(Exclusion)).values(**ACCOUNT, **out))
        for number, person in enumerate(("Ann@x.org", "ann@x.org", "Bob@x.org", "Carl")):
            row = {"id": f"k{number}", "respondent": person, "invited_by": "Z", "invited_at": at(1)}
            connection.execute(insert(table(SurveyInvitation)).values(**ACCOUNT, **row))
            row = {"id": f"r{number}", "respondent": person, "answered_at": at(9)}
            row |= {"answered_day": date(2026, 11, 20), "overall": 4}
            connection.execute(insert(table(SurveyResponse)).values(**ACCOUNT, **row))
        names = json.dumps(["Number", *(f"Column {n}" for n in range(99))])
        row = {"key": f"mapping of tickets: {names}", "value": {"columns": {"id": "Number"}}}
        connection.execute(insert(table(AccountSetting)).values(**ACCOUNT, **row))
    engine.dispose()
    store = open_store(url)
    scope = Scope(store, "acme")
    (kept,) = scope.objects(AccountSetting)
    assert kept.key == _mapping_key("tickets", json.loads(names))
    one = current_vote(scope, "ticket:1", "ANN@EXAMPLE.ORG")
    assert (one.id, one.rater, one.opinion) == (lower, "ann@example.org", ("down", 4, None))
    assert (one.created_at, one.updated_at) == (at(9), at(11))
    other = current_vote(scope, "ticket:2", "ann@example.org")
    assert other.comment == "Good"
    assert current_vote(scope, "ticket:2", "Ann").id == name
    moved = current_vote(scope, "ticket:a\nb", "c")
    assert moved.thumb == "up"
    assert moved.id != broken
    assert {v.id: v.feedback_id for v in scope.objects(FeedbackVote)} == {
        1: lower,
        2: lower,
        3: other.id,
        4: name,
        5: moved.id,
    }
    assert {r.feedback_id for r in scope.objects(FeedbackReceipt)} == {
        *(lower, other.id, name, moved.id)
    }
    assert len(scope.objects(Feedback)) == 4
    assigned = {row.comment for row in scope.objects(ThemeAssignment)}
    assert assigned == {f"feedback:{lower}", f"feedback:{other.id}"}
    (worth,) = scope.objects(Opportunity)
    assert worth.evidence == {"comments": [f"feedback:{other.id}"], "tickets": []}
    (out,) = scope.objects(Exclusion)
    assert out.subject == "rater:ann@example.org"
    assert out.finding == "rater 2026-11-16 ann@example.org"
    people = {row.id: row.respondent for row in scope.objects(SurveyInvitation)}
    assert people == {"k0": "Ann@x.org", "k1": "ann@x.org", "k2": "bob@x.org", "k3": "Carl"}
    answered = {row.id: row.respondent for row in scope.objects(SurveyResponse)}
    assert answered == {"r0": "ann@x.org", "r1": "ann@x.org", "r2": "bob@x.org", "r3": "Carl"}
    account = store.account("acme")
    assert account.data_version not in {57, 58}
    assert account.facts_version not in {12, 13}
    assert cast_vote(scope, subject="ticket:1", rater="Ann@example.org", thumb="up").id == lower
    store.close()


def test_an_empty_store_of_the_first_release_is_upgraded(url):
    first_release(url).dispose()
    store = open_store(url)
    with store.engine.connect() as connection:
        for source in Base.metadata.sorted_tables:
            assert connection.execute(select(source)).all() == []
    store.close()
