"""A week of an account to be frozen: its rows, and the ways to plan, freeze and look again."""

from datetime import UTC, date, datetime, timedelta

from core.criteria.baselines import baselines, freeze_baseline, plan_baseline, restatement
from core.feedback import cast_vote
from core.ingest.parse.records import parse_enhancement
from core.ingest.save.platform import save_enhancements
from core.store import Scope

MONDAY = date(2026, 11, 2)
NEXT_MONDAY = datetime(2026, 11, 9, 9, tzinfo=UTC)
START = datetime(2026, 11, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)


def run(number, status="completed", hours=1.0, seconds=20.0):
    return {
        "id": f"run-{number}",
        "ticket_id": f"T{number}",
        "status": status,
        "processing_time_ms": None if status == "pending" else round(seconds * 1_000),
        "created_at": (START + hours * HOUR).isoformat(),
    }


def save(store, *found, account="a"):
    with store.write(account) as unit:
        save_enhancements(unit, [parse_enhancement(one) for one in found])


def vote(store, number, hours=2, **said):
    cast_vote(
        Scope(store, "a"),
        subject=f"enhancement:run-{number}",
        rater=f"Ann {number}",
        at=START + hours * HOUR,
        **said,
    )


def ticket(number, *, is_enhanced, minutes):
    opened = START + number * HOUR
    return {
        "id": f"T{number}",
        "opened_at": opened.isoformat(),
        "resolved_at": (opened + timedelta(minutes=minutes)).isoformat(),
        "category": "mail",
        "priority": "3",
        "enhanced": is_enhanced,
    }


def answer(number, minutes=10):
    return {
        "id": f"s{number}",
        "respondent": f"Tech {number}",
        "answered_at": (START + number * HOUR).isoformat(),
        "overall": 4,
        "minutes_saved": minutes,
    }


def planned(store, first_day=MONDAY, **more):
    return plan_baseline(
        Scope(store, "a", "Ann"),
        name="Autumn",
        first_day=first_day,
        today=NEXT_MONDAY.date(),
        **more,
    )


def freeze(store, number, account="a", by="Ann", now=NEXT_MONDAY):
    freeze_baseline(Scope(store, account, by), number, now=now)


def frozen(store):
    number = planned(store)
    freeze(store, number)
    return the(store, number)


def the(store, number):
    return next(b for b in baselines(Scope(store, "a")) if b.id == number)


def raw(store, number):
    """The content as the database has it, letter by letter."""
    with store.engine.connect() as connection:
        text = "SELECT CAST(content AS TEXT) FROM baseline_window WHERE account_id = 'a' AND id = "
        return connection.exec_driver_sql(f"{text}{number}").scalar_one()


def restated(store, baseline):
    return {one.label: one for one in restatement(Scope(store, "a"), baseline)}
