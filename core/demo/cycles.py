"""The demo's test cycles: who made which, when, and what the source would say of them."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import accumulate, cycle, pairwise
from random import Random
from typing import Any

from core.demo.texts import TEXTS
from core.demo.world import Customer, DemoFeature, DemoProduct, World

FIRST_ID = 71_000
DAYS = 730
# January to December, Monday to Sunday: how many cycles end there, against the usual.
SEASON = (0.75, 0.95, 1.15, 1.2, 1.2, 1.0, 0.75, 0.7, 1.15, 1.3, 1.2, 0.4)
WEEKDAYS = (0.9, 1.3, 1.2, 1.3, 1.1, 0.15, 0.1)
TYPES = [(kind or None, *figures) for kind, *figures in TEXTS["testing_types"]]
WITH_BUGS = {"running", "locked", "archived"}
UPCOMING_SHARE = 0.035


@dataclass(frozen=True, kw_only=True)
class CyclePlan:
    """A test cycle of the demo; `bugs` is how many reports it gets."""

    id: int
    number: int
    creator: str | None
    submitter: str | None
    status: str
    testing_type: str | None
    product: DemoProduct
    features: tuple[DemoFeature, ...]
    platforms: tuple[str, ...]
    environment: int | None
    start: datetime
    end: datetime
    dated: bool
    bugs: int = 0

    def pair_id(self, feature: DemoFeature) -> int:
        """The source's id of a feature in this cycle."""
        return self.id * 10 + self.features.index(feature)


@dataclass(frozen=True)
class _Turn:
    """Someone's cycle that ends on a day.

    A `settled` one has its creator and its date for sure, a `coming` one has this status.
    """

    day: date
    customer: Customer
    settled: bool = False
    coming: str | None = None


def plan_cycles(world: World) -> list[CyclePlan]:
    """All test cycles, the oldest first, with their shares of the demo's bugs."""
    rng = world.rng("cycles")
    upcoming = max(14, round(world.size.cycles * UPCOMING_SHARE))
    turns = _promised(world, rng)
    turns += _drawn(world, rng, world.size.cycles - upcoming - len(turns))
    turns.sort(key=lambda turn: turn.day)
    turns += _coming(world, rng, upcoming)
    plans = [_plan(world, rng, number, turn) for number, turn in enumerate(turns)]
    return _with_bugs(world, rng, plans)


def cycle_object(plan: CyclePlan) -> dict[str, Any]:
    """The cycle as the source's API sends it."""
    environment = plan.environment
    return {
        "id": plan.id,
        "title": _title(plan),
        "status": plan.status,
        "review_status": "review_successful" if plan.submitter else None,
        "testing_type": plan.testing_type,
        "start_at": plan.start.isoformat() if plan.dated else None,
        "end_at": plan.end.isoformat() if plan.dated else None,
        "created_by": plan.creator,
        "submitted_by": plan.submitter,
        "product": plan.product.sent,
        "features": [
            {"id": plan.pair_id(feature), "feature_id": feature.id, "title": feature.title}
            for feature in plan.features
        ],
        "requirements": [
            {
                "category": {"id": 1, "name": "Devices"},
                "operating_system": {"id": 900 + n, "name": platform},
                "browsers": [],
            }
            for n, platform in enumerate(plan.platforms)
        ],
        "test_environment": environment
        if environment is None
        else {"id": 40 + environment, "title": TEXTS["environments"][environment]},
    }


def _title(plan: CyclePlan) -> str:
    topic = plan.features[0].title if plan.features else "Exploration"
    more = f" and {len(plan.features) - 1} more" if len(plan.features) > 1 else ""
    return f"{plan.product.name} {plan.end:%Y.%m}.{plan.number % 90 + 1}: {topic}{more}"


def _promised(world: World, rng: Random) -> list[_Turn]:
    """The cycles that make newcomers new, and those who fade or fell silent just that."""
    turns = []
    for customer in world.customers:
        if customer.role == "newcomer":
            spans = [((2, 57), rng.randint(2, 4))]
        elif customer.role == "fading":
            spans = [((16, 80), rng.randint(1, 2)), ((100, 178), rng.randint(6, 9))]
            spans.append(((185, 420), rng.randint(4, 7)))
        elif customer.role == "just_silent":
            spans = [((94, 116), 1), ((120, 400), rng.randint(2, 5))]
        elif customer.role == "silent":
            last = rng.randint(125, 500)
            spans = [((last, last + 90), rng.randint(1, 4))]
        else:
            continue
        turns += [
            _Turn(_day(world, rng, *ago), customer, settled=True)
            for ago, count in spans
            for _ in range(count)
        ]
    return turns


def _drawn(world: World, rng: Random, count: int) -> list[_Turn]:
    """The cycles of the core, over all days by season, weekday and growth."""
    days = [world.today - timedelta(days=ago) for ago in range(DAYS)]
    weights = [_usual(day) * (1.25 - 0.5 * ago / DAYS) for ago, day in enumerate(days)]
    return [
        _Turn(day, customer)
        for day, customer in zip(
            rng.choices(days, weights, k=count), _core(world, rng, count), strict=True
        )
    ]


def _coming(world: World, rng: Random, count: int) -> list[_Turn]:
    """The cycles that run today or are still to run, in each state that there is."""
    turns = []
    for customer, (status, *ends) in zip(
        _core(world, rng, count), cycle(TEXTS["coming"]), strict=False
    ):
        day = world.today + timedelta(days=rng.randint(*ends))
        turns.append(_Turn(day, customer, settled=status != "initialized", coming=status))
    return turns


def _core(world: World, rng: Random, count: int) -> list[Customer]:
    core = [customer for customer in world.customers if customer.role == "core"]
    return rng.choices(core, [customer.weight for customer in core], k=count)


def _day(world: World, rng: Random, nearest: int, farthest: int) -> date:
    days = [world.today - timedelta(days=ago) for ago in range(nearest, farthest + 1)]
    return rng.choices(days, [_usual(day) for day in days])[0]


def _usual(day: date) -> float:
    # The last days of the year are the quietest.
    quiet = 0.2 if (day.month, day.day) >= (12, 22) else 1.0
    return SEASON[day.month - 1] * WEEKDAYS[day.weekday()] * quiet


def _plan(world: World, rng: Random, number: int, turn: _Turn) -> CyclePlan:
    kind, _, hours, _ = rng.choices(TYPES, [share for _, share, _, _ in TYPES])[0]
    product = rng.choices(world.products, [p.weight for p in world.products])[0]
    end = datetime.combine(turn.day, time(rng.choice((9, 12, 15, 17, 18, 23))), world.zone)
    if end.hour == 23:
        end = end.replace(minute=59, second=59)
    start = end - timedelta(hours=hours)
    if turn.coming == "running":
        start = min(start, world.now - timedelta(hours=rng.randint(2, 30)))
    status = _status(world, rng, turn, start, end)
    sent_back = turn.coming == "sent_back"
    drafted = status == "initialized" and not sent_back
    return CyclePlan(
        id=FIRST_ID + number * 3,
        number=number,
        # Old cycles sometimes lost their creator; a draft sent back keeps its submitter.
        creator=None if rng.random() < 0.01 and not turn.settled else turn.customer.name,
        submitter=None if drafted else _submitter(world, rng, turn),
        status=status,
        testing_type=kind,
        product=product,
        features=_features(rng, product),
        platforms=tuple(rng.sample(product.platforms, k=min(3, len(product.platforms)))),
        environment=rng.choice((None, 0, 0, 1, 2, 3)),
        start=start,
        end=end if rng.random() < 0.6 else end.astimezone(UTC),
        dated=turn.settled or rng.random() > (0.3 if drafted else 0.01),
    )


def _status(world: World, rng: Random, turn: _Turn, start: datetime, end: datetime) -> str:
    if turn.coming:
        return "initialized" if turn.coming == "sent_back" else turn.coming
    if rng.random() < turn.customer.draft_rate:
        return "initialized"
    if rng.random() < 0.035:
        return "cancelled"
    if end > world.now:
        return "running" if start <= world.now else "waiting"
    in_triage = world.now - end < timedelta(days=rng.randint(10, 14))
    return "locked" if in_triage else "archived"


def _submitter(world: World, rng: Random, turn: _Turn) -> str:
    chance = rng.random()
    if chance < 0.78:
        return turn.customer.name
    role = "submits" if chance < 0.93 else "core"
    return rng.choice([c.name for c in world.customers if c.role == role])


def _features(rng: Random, product: DemoProduct) -> tuple[DemoFeature, ...]:
    count = rng.choices((0, 1, 2, 3, 4, 5), (10, 34, 24, 16, 10, 6))[0]
    return tuple(rng.sample(product.features, k=min(count, len(product.features))))


def _with_bugs(world: World, rng: Random, plans: list[CyclePlan]) -> list[CyclePlan]:
    """Share out the bugs, so that they add up to the demo's size."""
    finds = {kind: factor for kind, _, _, factor in TYPES}
    weights = []
    for plan in plans:
        share = rng.gammavariate(2.2, 1.0) * finds[plan.testing_type]
        share *= 1 + 0.25 * len(plan.features)
        if plan.status == "running":
            share *= (world.now - plan.start) / (plan.end - plan.start)
        weights.append(share if plan.status in WITH_BUGS else 0.0)
    scale = world.size.bugs / sum(weights)
    totals = [round(total * scale) for total in accumulate(weights, initial=0.0)]
    counts = (total - before for before, total in pairwise(totals))
    return [replace(plan, bugs=bugs) for plan, bugs in zip(plans, counts, strict=True)]
