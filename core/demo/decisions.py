"""What people would have decided in the demo: a baseline, themes, a roadmap, two closed reviews."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import func
from sqlmodel import SQLModel

from core.analytics.account_settings import RoiSettings, save_settings, settings_of
from core.analytics.dates import ONE_DAY, iso_week
from core.base.clock import stopped
from core.base.errors import InputError
from core.criteria.baselines import baselines, freeze_baseline, plan_baseline
from core.criteria.ledger import annotate
from core.demo.texts import TEXTS
from core.demo.world import World
from core.feedback.themes.assignment import PlacingRule
from core.feedback.themes.comments import comments_of
from core.feedback.themes.edit import make_theme
from core.feedback.themes.figures import reach_of
from core.review.actions import actions, add_action, close_action
from core.review.meeting import close_review, meetings, open_review, save_note, set_attendees
from core.review.roadmap import change_opportunity, create_opportunity, opportunities
from core.store import (
    Annotation,
    AuditEntry,
    BaselineWindow,
    Opportunity,
    Review,
    ReviewAction,
    ReviewNote,
    Scope,
    Theme,
    table,
)

# What the demo enters: who made it, and who decided on it last.
OWN: Sequence[tuple[type[SQLModel], str, str]] = (
    (Annotation, "entered_by", "entered_by"),
    (ReviewNote, "written_by", "written_by"),
    (Review, "opened_by", "opened_by"),
    (ReviewAction, "decided_by", "closed_by"),
    (Opportunity, "created_by", "decided_by"),
    (AuditEntry, "by", "by"),
)
STORY: Mapping[str, Any] = TEXTS["story"]
REVIEWS: Sequence[Mapping[str, Any]] = STORY["reviews"]
# By it the demo tells what it entered from what people did, which stays.
BY = STORY["attendees"]["Product manager"]
AGREED = ("text", "owner", "criterion_key", "expected")
BASELINE_WEEKS_AGO = 5
MEETING = time(9)
LENGTH = timedelta(minutes=27)
ROI = RoiSettings(
    hourly_rate=48.0, operating_cost_per_week=950.0, setup_cost=12_000.0, minutes_source="survey"
)


def decide_demo(scope: Scope, world: World) -> None:
    """Enter the decisions anew, each when it would have been made, up to the demo's present."""
    _clear(scope)
    with stopped(_meeting(world, -BASELINE_WEEKS_AGO) - timedelta(days=3)):
        if settings_of(scope, RoiSettings) == RoiSettings():
            save_settings(scope, ROI, seen={})
        _themes(scope)
    _baseline(scope, world)
    _annotate(scope, world, STORY["events"])
    for review in REVIEWS:
        _roadmap(scope, world, until=review["week"] + 1)
        _review(scope, world, review)
    _roadmap(scope, world)
    # A closed review names what was noted after it.
    _annotate(scope, world, STORY["noted_later"])


def _clear(scope: Scope) -> None:
    """Remove what the demo entered earlier, where nobody else has decided on it since."""
    with scope.write() as unit:
        for model, made_by, decided_by in OWN:
            columns = table(model).c
            others = func.coalesce(columns[decided_by], BY) != BY
            unit.delete(model, columns[made_by] == BY, ~others)


def _day(world: World, week: int, day: int = 0) -> date:
    return world.today + timedelta(days=day - world.today.weekday(), weeks=week)


def _meeting(world: World, week: int, day: int = 0) -> datetime:
    """The hour of the meeting, on a day of a week that counts from the demo's present one."""
    return datetime.combine(_day(world, week, day), MEETING, world.zone)


def _annotate(scope: Scope, world: World, events: Sequence[Sequence[Any]]) -> None:
    for week, day, hour, kind, text in events:
        at = _meeting(world, week, day) - timedelta(hours=MEETING.hour - hour)
        with stopped(min(_meeting(world, week + 1, 2), world.now)):
            annotate(scope, from_at=at, kind=kind, text=text)


def _themes(scope: Scope) -> None:
    """Themes by hand, once: what people make of them since is theirs."""
    if scope.objects(Theme, table(Theme).c.made_by == BY):
        return
    for name, words in STORY["themes"]:
        # Someone may have made one of that name.
        with suppress(InputError):
            make_theme(scope, name, any_of=words)


def _roadmap(scope: Scope, world: World, until: int = 0) -> None:
    """The opportunities that were entered up to a week, those that are not there yet."""
    known = {one.title for one in opportunities(scope)}
    for one in STORY["opportunities"]:
        if one["week"] <= until and one["title"] not in known:
            _opportunity(scope, world, one)


def _opportunity(scope: Scope, world: World, one: Mapping[str, Any]) -> None:
    """An opportunity, with the comments that it would answer counted when it was entered."""
    entered = _meeting(world, one["week"]) + LENGTH
    rule = PlacingRule(any_of=tuple(one["counts"]))
    with scope.read() as session:
        found = [c for c in comments_of(session, scope.account) if rule.takes(c.text)]
    with stopped(entered):
        texts = {name: one[name] for name in ("title", "problem")}
        number = create_opportunity(scope, **texts, reach=reach_of(found, entered.date()))
        if "promise" in one:
            first, last = one["weeks"]
            window = {"due_from": _day(world, first), "due_to": _day(world, last + 1) - ONE_DAY}
            change_opportunity(scope, number, seen={}, **one["promise"], **window)
    if "note" in one:
        with stopped(_meeting(world, last, 4)):
            change_opportunity(scope, number, seen={}, status="done", note=one["note"])


def _review(scope: Scope, world: World, review: Mapping[str, Any]) -> None:
    """A review, held on the Monday after its week; it answers what the one before agreed on."""
    week, begun = (iso_week(_day(world, review["week"])).label, _meeting(world, review["week"] + 1))
    if week in {one.week for one in meetings(scope)}:
        return
    with stopped(begun):
        open_review(scope, week)
        set_attendees(scope, week, STORY["attendees"], seen={})
        answers = {one["text"]: one.get("answer") for other in REVIEWS for one in other["actions"]}
        for known in actions(scope, status="open"):
            if known.week < week and (answer := answers.get(known.text)):
                close_action(scope, known.id, seen={}, **answer)
        for section, text in review["notes"].items():
            save_note(scope, week, section, text, seen=0)
        for one in review["actions"]:
            due = begun.date() + one["days"] * ONE_DAY
            add_action(scope, week=week, due=due, **{n: one[n] for n in AGREED if n in one})
    with stopped(begun + LENGTH):
        close_review(scope, week)


def _baseline(scope: Scope, world: World) -> None:
    """A frozen baseline of some weeks ago, which moves on with the demo."""
    monday = _day(world, -BASELINE_WEEKS_AGO)
    known = [b for b in baselines(scope) if b.planned_by == BY]
    if any(baseline.first_day == monday for baseline in known):
        return
    with scope.write() as unit:
        unit.delete(BaselineWindow, table(BaselineWindow).c.planned_by == BY)
    # Someone may have an open baseline over these days.
    with suppress(InputError):
        with stopped(_meeting(world, -BASELINE_WEEKS_AGO) - timedelta(days=3)):
            number = plan_baseline(scope, name="Baseline", first_day=monday)
        with stopped(_meeting(world, 1 - BASELINE_WEEKS_AGO)):
            freeze_baseline(scope, number)
