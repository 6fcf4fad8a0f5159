"""The life of a baseline: planned, collecting, complete, frozen; or given up for another."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from pydantic_core import to_jsonable_python
from sqlmodel import select

from core.analytics.dates import Window
from core.base import clock
from core.base.errors import InputError
from core.base.text import given_text
from core.criteria.days import daily_criteria, opinions
from core.criteria.ledger import exclusions_in_force
from core.criteria.quality import findings
from core.criteria.verdicts import evaluate, result_content
from core.criteria.window_data import WindowData, rows_by_day, window_data
from core.feedback.surveys import survey_results
from core.store import BaselineWindow, Scope, Unit, table

USUAL_DAYS = 7
MOST_DAYS = 92
LONGEST_NAME = 100
# The first day lies at most this far from today.
FARTHEST_DAYS = 366


def window_of(baseline: BaselineWindow) -> Window:
    """The days of a baseline, under its name."""
    return Window(baseline.first_day, baseline.last_day, baseline.name)


def baselines(scope: Scope) -> list[BaselineWindow]:
    """Every baseline window of the account, the latest days first."""
    window = table(BaselineWindow).c
    return scope.objects(BaselineWindow, order_by=[window.first_day.desc(), window.id.desc()])


def frozen_baseline(scope: Scope) -> BaselineWindow | None:
    """The latest frozen baseline, which later weeks are compared with."""
    return next((b for b in baselines(scope) if b.frozen_at is not None), None)


def frozen_criteria(baseline: BaselineWindow | None) -> dict[str, Mapping[str, Any]]:
    """The criteria of a frozen baseline by key, as stored; none without one."""
    content = baseline.content if baseline is not None and baseline.content else {"criteria": []}
    return {stored["key"]: stored for stored in content["criteria"]}


def plan_baseline(
    scope: Scope, *, name: str, first_day: date, days: int = USUAL_DAYS, today: date | None = None
) -> int:
    """Plan a baseline over whole days and return its id.

    It may lie in the past, where its data is already in the store. Raises InputError for an
    impossible length or first day, and where an open baseline shares a day with it.
    """
    today = today or clock.today(scope.zone)
    name = given_text(name, "how the baseline is called", longest=LONGEST_NAME)
    if not 1 <= days <= MOST_DAYS:
        raise InputError(f"A baseline has 1 to {MOST_DAYS} whole days; {USUAL_DAYS} are usual.")
    if abs((first_day - today).days) > FARTHEST_DAYS:
        raise InputError("A baseline begins within a year from today: check the date.")
    with scope.write() as unit:
        return _enter(unit, name, first_day, days)


def restart_baseline(scope: Scope, baseline_id: int, *, first_day: date) -> int:
    """Give a window up for one of the same length from a later day; returns the new id."""
    with scope.write() as unit:
        known = unit.session.get(BaselineWindow, (scope.account, baseline_id))
        if known is None:
            raise InputError("There is no such baseline: reload the page.")
        if known.frozen_at is not None:
            raise InputError("A frozen baseline stays as it is: plan another one.")
        if known.restarted_as is not None:
            raise InputError("This window was already given up for another: reload the page.")
        if first_day <= known.first_day:
            raise InputError("The new window begins after the one that is given up.")
        # Given up first: a window that is still open keeps its days.
        new = unit.next_id(BaselineWindow)
        unit.revise(known, f"baseline {baseline_id}", {"restarted_as": new})
        return _enter(unit, known.name, first_day, known.days)


def _enter(unit: Unit, name: str, first_day: date, days: int) -> int:
    last_day = first_day + timedelta(days=days - 1)
    window = table(BaselineWindow).c
    taken = select(window.name).where(
        window.account_id == unit.account_id,
        window.restarted_as.is_(None),
        window.frozen_at.is_(None),
        window.first_day <= last_day,
        window.last_day >= first_day,
    )
    other = unit.session.connection().execute(taken).scalar()
    if other is not None:
        raise InputError(f"The baseline {other!r} already has some of these days.")
    row = {"name": name, "first_day": first_day, "last_day": last_day}
    return unit.enter(BaselineWindow, "baseline", row, by="planned")


def freeze_baseline(scope: Scope, baseline_id: int, *, now: datetime | None = None) -> None:
    """Store every figure of a complete window as it is now; it never changes from then on.

    Raises InputError where the window is not over, given up, or frozen already.
    """
    now = now or clock.now()
    baseline = next((b for b in baselines(scope) if b.id == baseline_id), None)
    if baseline is None:
        raise InputError("There is no such baseline: reload the page.")
    state = baseline.state(now.astimezone(scope.zone).date())
    if state == "frozen":
        raise InputError("This baseline is frozen already.")
    if state != "complete":
        raise InputError(f"Only a complete window can be frozen; this one is {state}.")

    def store_content(unit: Unit, content: dict[str, Any]) -> None:
        known = unit.session.get(BaselineWindow, (scope.account, baseline_id))
        if known is None or known.frozen_at is not None:
            raise InputError("Someone else has just frozen this baseline: reload the page.")
        if known.restarted_as is not None:
            raise InputError("Someone else has just given this window up: reload the page.")
        row = {"id": baseline_id, "frozen_by": unit.author, "frozen_at": now, "content": content}
        unit.upsert(BaselineWindow, [row])
        before, after = {"frozen": False}, {"frozen": True}
        unit.record_change(f"baseline {baseline_id}", before=before, after=after)

    scope.freeze(lambda: content_of(scope, window_of(baseline), now=now), store_content)


def content_of(scope: Scope, window: Window, *, now: datetime) -> dict[str, Any]:
    """Everything that a frozen baseline keeps of a window, as JSON."""
    data = window_data(scope, window=window)
    told = {
        "as_of": now.isoformat(),
        "zone": scope.zone.key,
        "first_day": str(window.start),
        "last_day": str(window.end),
        "criteria": [result_content(result) for result in evaluate(scope, window=window)],
        "rows": row_counts(scope, window=window),
        "exclusions": [
            {
                "id": entry.id,
                "from": entry.from_at.isoformat(),
                "to": entry.to_at.isoformat(),
                "kind": entry.kind,
                "reason": entry.reason,
                "subject": entry.subject,
                "by": entry.entered_by,
                "at": entry.entered_at.isoformat(),
            }
            for entry in exclusions_in_force(scope)
        ],
        "findings": [
            {"check": found.check, "at": found.from_at.isoformat(), "text": found.text}
            for found in findings(scope, window=window, now=now)
        ],
        "days": daily_criteria(scope, window=window, until=now.astimezone(scope.zone).date()),
        "opinions": opinions(scope, window=window),
        "comparison": data.comparison,
        "roi": data.roi,
        "survey": survey_results(scope, window=window, without=data.without),
    }
    # Databases refuse infinity and NaN in JSON.
    plain: dict[str, Any] = to_jsonable_python(told, inf_nan_mode="null")
    return plain


def row_counts(scope: Scope, *, window: Window) -> dict[str, int]:
    """The number of rows of each kind in a window, excluded ones included."""
    runs = WindowData(scope, window).runs
    kinds = ("thumbs", "ratings", "surveys", "tickets")
    return {"runs": runs.finished, "pending": runs.pending} | {
        kind: sum(rows_by_day(scope, window, kind).values()) for kind in kinds
    }
