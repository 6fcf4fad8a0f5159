"""Filling the demo account: objects are made, parsed and saved in batches."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from itertools import chain, groupby
from typing import Any

from sqlalchemy import delete, exists

from core.base import clock
from core.base.errors import InputError
from core.base.fields import FieldProblem, ParsedRow, Parser, parse_all
from core.demo.bugs import BugSource, reject_reasons
from core.demo.cycles import cycle_object, plan_cycles
from core.demo.enhancer import days, enhancer_day
from core.demo.feedback import DEMO_SURVEYS, DEMO_VOTES, demo_vote_id, feedback_of, survey_answers
from core.demo.platform import scraped
from core.demo.world import SIZES, World, make_world
from core.feedback.surveys import parse_survey
from core.ingest.parse.records import parse_enhancement, parse_feedback, parse_ticket
from core.ingest.parse.testio import (
    parse_bug,
    parse_cycle,
    parse_feature,
    parse_product,
    parse_reject_reason,
)
from core.ingest.save.platform import (
    SaveResult,
    save_enhancements,
    save_feedback,
    save_scraped,
    save_surveys,
    save_tickets,
)
from core.ingest.save.testio import (
    save_bugs,
    save_cycles,
    save_features,
    save_products,
    save_reject_reasons,
)
from core.store import (
    Account,
    Feedback,
    FeedbackVote,
    Origin,
    Scope,
    Store,
    SurveyResponse,
    SyncRun,
    Unit,
    table,
    tables_from,
)

DEMO_ACCOUNT = "demo"
DEMO_NAME = "Demo account"
# A batch is one unit of work; with this many bugs it stays small in memory.
BATCH_BUGS = 20_000
EVENING = time(18)
# What the run that stands for a sync with test IO did not bring.
NOT_SYNCED = {"enhancement", "ticket", "feedback", "survey_response"} | {
    *("counter_increment", "gauge_reading", "scrape_gap")
}

Step = Callable[[Unit], None]


@dataclass
class DemoBuilt:
    """What a build has made: rows by table, and problems with its objects (none).

    `label` is how its run is named in the store.
    """

    label: str
    counts: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    problems: list[FieldProblem] = field(default_factory=list)

    def add(self, *results: SaveResult) -> None:
        """Count the rows of writes."""
        for saved in results:
            self.problems += saved.problems
            for name, counts in saved.counts.items():
                self.counts[name].update(counts._asdict())

    def read(self, parse: Parser, objects: Iterable[Any]) -> list[ParsedRow]:
        """Parse objects, and note what is wrong with them."""
        parsed = parse_all(parse, objects)
        self.problems += parsed.problems
        return list(parsed.items)


def build_demo(
    store: Store,
    *,
    size: str = "small",
    seed: int = 7,
    today: date | None = None,
    force: bool = False,
    on_progress: Callable[[str], None] | None = None,
) -> DemoBuilt:
    """Fill the demo account anew, with dates that end today; what people entered there stays.

    Everything follows from size, seed and day: `today` in the store's zone is at 18:00, None is
    the present moment. Where the store has just that demo, it is built again only by `force`. A
    small demo becomes visible as a whole, a larger one in batches. Raises InputError for an
    unknown size and for an account of that name that is no demo.
    """
    tell = on_progress or (lambda _: None)
    if size not in SIZES:
        raise InputError(f"There is no demo of size {size!r}: choose {', '.join(SIZES)}.")
    now = clock.now() if today is None else datetime.combine(today, EVENING, store.zone)
    world = make_world(SIZES[size], seed, now.astimezone(UTC), store.zone)
    built = DemoBuilt(f"Demo data ({size}, seed {seed}) that ends on {world.today}")
    if built.label in _made(store) and not force:
        tell("The demo is there already")
        return built
    _enter_account(store)
    steps = _steps(world, built, tell)
    is_small = world.size.bugs <= BATCH_BUGS
    for together in [list(steps)] if is_small else ([step] for step in steps):
        with store.write(DEMO_ACCOUNT) as unit:
            for step in together:
                step(unit)
    # It needs statistics and themes, which take seconds to load, and nothing else here does.
    from core.demo.decisions import BY, decide_demo  # noqa: PLC0415

    decide_demo(Scope(store, DEMO_ACCOUNT, BY), world)
    tell("Laying out the columns")
    store.refresh_copy()
    return built


def is_current(store: Store, *, today: date | None = None) -> bool:
    """Whether the store's demo is complete and ends today.

    A demo that was made larger by hand takes minutes, so it stays until it is made anew by hand.
    """
    day = today or clock.today(store.zone)
    return any(
        label.endswith(str(day)) or not label.startswith("Demo data (small,")
        for label in _made(store)
    )


def _made(store: Store) -> list[str]:
    """The labels of the builds that were completed; a new build takes away the one before."""
    run = table(SyncRun).c
    done = (run.status == "done", run.message.startswith("Demo data ("))
    return [one.message for one in Scope(store, DEMO_ACCOUNT).objects(SyncRun, *done)]


def _enter_account(store: Store) -> None:
    with store.read() as session:
        known = session.get(Account, DEMO_ACCOUNT)
    if known is not None and not known.is_demo:
        raise InputError(
            f"The account {DEMO_ACCOUNT!r} of this store holds real data, which was left alone: "
            "make the demo in a store of its own."
        )
    store.ensure_account(DEMO_ACCOUNT, DEMO_NAME, is_demo=True)


def _steps(world: World, built: DemoBuilt, tell: Callable[[str], None]) -> Iterator[Step]:
    """The writes in order; what they write is made and parsed before each of them."""
    tell("Planning the demo")
    plans = plan_cycles(world)
    reasons = built.read(parse_reject_reason, reject_reasons())
    yield partial(_begin, world, built, reasons)
    starts = {reason.row["key"]: reason.row["default_comment"] for reason in reasons}
    source = BugSource(world, plans)
    done = 0
    for _, batched in groupby(plans, key=lambda plan: source.first_ids[plan.id] // BATCH_BUGS):
        batch = list(batched)
        cycles = built.read(parse_cycle, map(cycle_object, batch))
        bugs = built.read(
            partial(parse_bug, reasons=starts), chain.from_iterable(map(source.bugs, batch))
        )
        yield _saving(built, (save_cycles, cycles), (save_bugs, bugs))
        done += len(batch)
        tell(f"Test cycles: {done:,} of {len(plans):,}")
    yield _enhancer(world, built)
    tell("Ticket enhancer: done")
    yield partial(_write_run, world, built, done=True)


def _begin(world: World, built: DemoBuilt, reasons: list[ParsedRow], unit: Unit) -> None:
    clear_demo(unit)
    unit.user_ids("customer", [customer.name for customer in world.customers])
    unit.user_ids("tester", [tester.name for tester in world.testers])
    products = built.read(parse_product, (product.sent for product in world.products))
    features = [
        feature
        for product in world.products
        for feature in built.read(partial(parse_feature, product_id=product.id), product.catalogue)
    ]
    built.add(save_products(unit, products), save_features(unit, features))
    built.add(save_reject_reasons(unit, reasons))
    _write_run(world, built, unit, done=False)


def _saving(built: DemoBuilt, *writes: tuple[Callable[[Unit, Any], SaveResult], Any]) -> Step:
    """A step that saves parsed objects and counts their rows."""

    def save(unit: Unit) -> None:
        built.add(*(write(unit, objects) for write, objects in writes))

    return save


def _enhancer(world: World, built: DemoBuilt) -> Step:
    made = [enhancer_day(world, day) for day in days(world)]
    runs = built.read(parse_enhancement, chain.from_iterable(day.runs for day in made))
    tickets = built.read(parse_ticket, chain.from_iterable(day.tickets for day in made))
    votes = built.read(
        parse_feedback,
        (vote for day in made for handled in day.handled for vote in feedback_of(world, handled)),
    )
    responses = built.read(parse_survey, survey_answers(world, days(world)))
    return _saving(
        built,
        (save_enhancements, runs),
        (save_tickets, tickets),
        (save_scraped, scraped(world, DEMO_ACCOUNT, [run.row for run in runs])),
        (save_surveys, responses),
        (partial(save_feedback, vote_id=demo_vote_id), votes),
    )


def _write_run(world: World, built: DemoBuilt, unit: Unit, *, done: bool) -> None:
    """The run that stands for the last synchronisation, at the demo's present."""
    synced = {
        name: {**counts, "refused": 0}
        for name, counts in built.counts.items()
        if name not in NOT_SYNCED
    }
    row = {
        "id": 1,
        "source": "testio",
        "status": "done" if done else "running",
        "started_at": world.now - timedelta(seconds=42),
        "finished_at": world.now if done else None,
        "step": "finish" if done else "bugs",
        "done": 1 if done else 0,
        "total": 1,
        "requests": 0,
        "counts": synced,
        "message": built.label,
    }
    unit.upsert(SyncRun, [row])


def clear_demo(unit: Unit) -> None:
    """Remove what the demo made; opinions and answers that people gave stay, with their history."""
    votes = table(FeedbackVote).alias().c
    # Children before parents.
    for model, feedback_id in (
        (FeedbackVote, table(FeedbackVote).c.feedback_id),
        (Feedback, table(Feedback).c.id),
    ):
        entered = exists().where(
            votes.account_id == unit.account_id,
            votes.feedback_id == feedback_id,
            votes.id > DEMO_VOTES,
        )
        unit.delete(model, ~entered)
    unit.delete(SurveyResponse, table(SurveyResponse).c.id.startswith(DEMO_SURVEYS))
    for source in reversed(tables_from(Origin.SOURCE)):
        unit.connection.execute(delete(source).where(source.c.account_id == unit.account_id))
