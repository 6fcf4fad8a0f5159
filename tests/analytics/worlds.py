"""Small worlds of plain dicts, and how they get into a store."""

from collections import defaultdict
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import delete, insert, update

from core.store import (
    Account,
    Bug,
    BugDevice,
    CalendarDay,
    CyclePlatform,
    Enhancement,
    Feature,
    Feedback,
    Product,
    SurveyResponse,
    SyncRun,
    TestCycle,
    TestFeature,
    Ticket,
    User,
    table,
)
from core.store.days import extend_calendar, fill_days

# In the order in which rows can be written.
MODELS = {
    "products": Product,
    "features": Feature,
    "users": User,
    "cycles": TestCycle,
    "cycle_features": TestFeature,
    "cycle_platforms": CyclePlatform,
    "bugs": Bug,
    "devices": BugDevice,
    "tickets": Ticket,
    "runs": Enhancement,
    "votes": Feedback,
    "surveys": SurveyResponse,
}
CALENDAR = (date(2020, 1, 1), date(2025, 12, 31))


def at(text, zone="UTC"):
    """An instant from local time in a zone."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def copy_facts(store):
    """Copy the facts of a store into columns, however few bugs it has."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("core.store.engine.FEWEST_BUGS", 0)
        return store.refresh_copy()


def fill(store, world):
    """Make the store hold this world and nothing else; the calendar stays."""
    engine = store.engine.execution_options(writes=True)
    with engine.begin() as connection:
        for model in (SyncRun, *reversed(MODELS.values())):
            connection.execute(delete(table(model)))
        for name, model in MODELS.items():
            rows = [dict(row) for row in world.get(name, ())]
            if rows:
                fill_days(model, rows, store.zone)
                connection.execute(insert(table(model)), rows)
        account = table(Account).c
        versions = {c: c + 1 for c in (account.data_version, account.facts_version)}
        connection.execute(update(table(Account)).values(versions))


def prepare(store, accounts=("a", "b")):
    """Enter the accounts and give each a calendar."""
    for account in accounts:
        store.ensure_account(account, f"Account {account}")
        engine = store.engine.execution_options(writes=True)
        with engine.begin() as connection:
            connection.execute(
                delete(table(CalendarDay)).where(table(CalendarDay).c.account_id == account)
            )
            extend_calendar(connection, account, CALENDAR)


class Builder:
    """Builds a world by hand, with defaults for all that a test does not care about."""

    def __init__(self, account="a"):
        self.account = account
        self.world = defaultdict(list)

    def _add(self, table_name, **row):
        self.world[table_name].append({"account_id": self.account, **row})
        return row.get("id")

    def _next(self, kind):
        return sum(row["account_id"] == self.account for row in self.world[kind]) + 1

    def product(self, name="Shop", **more):
        row = {"id": self._next("products"), "type": None, "in_catalogue": True} | more
        return self._add("products", name=name, **row)

    def feature(self, title="Cart", product_id=None, **more):
        row = {"id": self._next("features"), "in_catalogue": True} | more
        return self._add("features", title=title, product_id=product_id, **row)

    def user(self, name, kind="customer"):
        for row in self.world["users"]:
            if (row["account_id"], row["kind"], row["name"]) == (self.account, kind, name):
                return row["id"]
        return self._add("users", id=self._next("users"), kind=kind, name=name)

    def cycle(
        self,
        *,
        creator=None,
        submitter=None,
        features=(),
        platforms=(),
        end=None,
        start=None,
        **more,
    ):
        row = {
            "id": self._next("cycles"),
            "title": "A cycle",
            "status": "archived",
            "review_status": None,
            "testing_type": None,
            "test_environment": None,
            "product_id": None,
            "created_by_id": creator and self.user(creator),
            "submitted_by_id": submitter and self.user(submitter),
            "start_at": start and at(start),
            "end_at": end and at(end),
        } | more
        self._add("cycles", **row)
        for feature in features:
            self._add(
                "cycle_features",
                cycle_id=row["id"],
                feature_id=feature,
                test_feature_id=None,
                title=None,
            )
        for platform in platforms:
            self._add("cycle_platforms", cycle_id=row["id"], platform=platform)
        return row["id"]

    def bug(self, cycle_id=None, *, tester=None, platforms=(), reported=None, **more):
        row = {
            "id": self._next("bugs"),
            "title": "A bug",
            "cycle_id": cycle_id,
            "product_id": None,
            "feature_id": None,
            "tester_id": tester and self.user(tester, "tester"),
            "severity": "low",
            "status": "accepted",
            "known": False,
            "rejection_reason": None,
            "reported_at": reported and at(reported),
        } | more
        self._add("bugs", **row)
        for platform in platforms:
            self._add("devices", bug_id=row["id"], platform=platform)
        return row["id"]

    def run(self, *, created="2024-01-10T12:00", status="completed", seconds=1.0, **more):
        row = {
            "id": f"run{self._next('runs')}",
            "ticket_id": None,
            "status": status,
            "processing_time_ms": None if seconds is None else round(seconds * 1000),
            "created_at": at(created),
            "completed_at": None,
            "error_message": None,
        } | more
        return self._add("runs", **row)

    def ticket(self, *, opened=None, resolved=None, **more):
        row = {
            "id": f"ticket{self._next('tickets')}",
            "opened_at": opened and at(opened),
            "resolved_at": resolved and at(resolved),
            "category": None,
            "priority": None,
            "technician": None,
            "enhanced": None,
            "minutes_spent": None,
            "reopened": None,
        } | more
        return self._add("tickets", **row)

    def vote(self, subject="ticket:T-1", *, created="2024-01-10T12:00", **more):
        number = self._next("votes")
        row = {
            "id": f"vote{number}",
            "subject": subject,
            "rater": f"rater{number}",
            "ticket_id": None,
            "enhancement_id": None,
            "thumb": None,
            "rating": None,
            "comment": None,
            "created_at": at(created),
            "updated_at": at(created),
        } | more
        return self._add("votes", **row)

    def survey(self, *, answered="2024-01-10T12:00", **more):
        row = {
            "id": f"survey{self._next('surveys')}",
            "respondent": None,
            "answered_at": at(answered),
            "relevance": None,
            "accuracy": None,
            "usefulness": None,
            "overall": None,
            "minutes_saved": None,
            "better_resolution": None,
            "what_helps": None,
            "what_to_improve": None,
            "renewal": None,
            "may_interview": None,
        } | more
        return self._add("surveys", **row)
