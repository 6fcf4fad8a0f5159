"""What people would have decided in the demo: a baseline, a theme, what an hour costs."""

from contextlib import suppress
from datetime import datetime, time, timedelta

from core.analytics.account_settings import RoiSettings, save_settings, settings_of
from core.analytics.dates import last_complete_week
from core.base.errors import InputError
from core.criteria.baselines import baselines, freeze_baseline, plan_baseline
from core.criteria.ledger import annotate
from core.demo.enhancer import bad_day
from core.demo.world import World
from core.feedback.themes.assignment import PlacingRule
from core.feedback.themes.comments import comments_of
from core.feedback.themes.edit import make_theme
from core.feedback.themes.figures import reach_of
from core.review.actions import actions, add_action
from core.review.roadmap import change_opportunity, create_opportunity, opportunities
from core.store import Annotation, BaselineWindow, Scope, Theme, table

# By it the demo tells what it entered from what people did, which stays.
BY = "Demo data"
BASELINE_WEEKS_AGO = 5
DEPLOYMENT = time(10)
SLOW = (
    *("slow*", "takes ages", "over a minute", "still loading", "in time", "after I had opened"),
    *("be there before I open", "langsam", "schneller"),
)
ROI = RoiSettings(
    hourly_rate=48.0, operating_cost_per_week=950.0, setup_cost=12_000.0, minutes_source="survey"
)


def decide_demo(scope: Scope, world: World) -> None:
    """Enter the decisions anew, so that they stay as old as the demo's data."""
    with scope.write() as unit:
        unit.delete(Annotation, table(Annotation).c.entered_by == BY)
    annotate(
        scope,
        from_at=datetime.combine(bad_day(world), DEPLOYMENT, world.zone),
        kind="deployment",
        text="Release 4.2 of the enhancer",
    )
    if settings_of(scope, RoiSettings) == RoiSettings():
        save_settings(scope, ROI, seen={})
    _themes(scope)
    _baseline(scope, world)
    _roadmap(scope, world)
    _action(scope, world)


def _themes(scope: Scope) -> None:
    """A theme by hand, once: what people make of it since is theirs."""
    if scope.objects(Theme, table(Theme).c.made_by == BY):
        return
    # Someone may have made one of that name.
    with suppress(InputError):
        make_theme(scope, "Too slow", any_of=SLOW)


def _roadmap(scope: Scope, world: World) -> None:
    """An opportunity, once, with the comments that it would reach counted."""
    if opportunities(scope):
        return
    rule = PlacingRule(any_of=SLOW)
    with scope.read() as session:
        found = [c for c in comments_of(session, scope.account) if rule.takes(c.text)]
    number = create_opportunity(
        scope,
        title="Be there before the ticket is opened",
        problem="Technicians open the ticket before the enhancement is there, and search by hand.",
        reach=reach_of(found, world.today),
    )
    first = world.today + timedelta(days=7)
    change_opportunity(
        scope,
        number,
        seen={},
        criterion_key="latency_p95",
        direction="down",
        impact=10.0,
        effort=8.0,
        due_from=first,
        due_to=first + timedelta(days=27),
    )


def _action(scope: Scope, world: World) -> None:
    """An action of an earlier review, once."""
    if actions(scope):
        return
    add_action(
        scope,
        week=last_complete_week(world.today, 1).label,
        text="Warm the cache of the knowledge base before each release",
        owner="Engineering lead",
        due=world.today + timedelta(days=3),
        criterion_key="latency_p95",
        expected="fall",
    )


def _baseline(scope: Scope, world: World) -> None:
    """A frozen baseline of some weeks ago, which moves on with the demo."""
    monday = world.today - timedelta(days=world.today.weekday(), weeks=BASELINE_WEEKS_AGO)
    known = [b for b in baselines(scope) if b.planned_by == BY]
    if any(baseline.first_day == monday for baseline in known):
        return
    with scope.write() as unit:
        unit.delete(BaselineWindow, table(BaselineWindow).c.planned_by == BY)
    # Someone may have an open baseline over these days.
    with suppress(InputError):
        number = plan_baseline(scope, name="Baseline", first_day=monday, today=world.today)
        frozen_at = datetime.combine(monday + timedelta(weeks=1), time(9), world.zone)
        freeze_baseline(scope, number, now=frozen_at)
