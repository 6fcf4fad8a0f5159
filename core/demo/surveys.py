"""The demo's survey: the answers of some fourteen technicians a week, as a tool exports them."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any

from core.demo.world import World

# How the ids of the demo's responses begin, so that a new demo can tell which ones are its own.
DEMO_SURVEYS = "demo-"

ANSWERS = 0.56
THURSDAY = 3
RATINGS = ("relevance", "accuracy", "usefulness", "overall")
STARS = ((1, 2), (2, 5), (3, 15), (4, 42), (5, 36))
BETTER = (("yes", 68), ("unsure", 22), ("no", 10))
HELPS = (
    "Similar tickets and how they were solved.",
    "The summary, I no longer read the whole thread.",
    "The device history.",
    "Links to the right article.",
    "Knowing the contract level before I call.",
    "Recent changes on the server.",
)
IMPROVE = (
    "Be there before I open the ticket.",
    "Shorter, please.",
    "Read the attachments too.",
    "Articles for the version that the customer has.",
    "Never show another customer's devices.",
    "Line breaks in the steps.",
    "Schneller werden.",
)


def survey_answers(world: World, days: list[date]) -> Iterator[dict[str, Any]]:
    """The responses of the weeks that the days are in, none later than the demo's present.

    Each person is drawn for each week, so that a week looks the same tomorrow.
    """
    for monday in sorted({day - timedelta(days=day.weekday()) for day in days}):
        for technician in world.technicians:
            rng = world.rng("survey", monday, technician)
            if rng.random() < ANSWERS:
                response = _response(world, rng, monday, technician)
                if datetime.fromisoformat(response["answered_at"]) <= world.now:
                    yield response


def _response(world: World, rng: Random, monday: date, technician: str) -> dict[str, Any]:
    day = monday + timedelta(days=THURSDAY + rng.randrange(2))
    minute = timedelta(minutes=rng.randint(8 * 60, 17 * 60))
    at = (datetime.combine(day, time(), world.zone) + minute).astimezone(UTC)
    liking = rng.gauss(0, 0.5)
    helps, improve = rng.random() < 0.35, rng.random() < 0.3
    return {
        "id": f"{DEMO_SURVEYS}{monday}-{world.technicians.index(technician)}",
        "respondent": technician,
        "answered_at": at.isoformat(),
        **{name: _stars(rng, liking) for name in RATINGS},
        "minutes_saved": max(-5, round(rng.gauss(6 + 2 * liking, 3.5))),
        "better_resolution": _one(rng, BETTER),
        "what_helps": rng.choice(HELPS) if helps else None,
        "what_to_improve": rng.choice(IMPROVE) if improve else None,
        "renewal": min(10, max(0, round(rng.gauss(8 + liking, 1.4)))),
        "may_interview": rng.random() < 0.3,
    }


def _stars(rng: Random, liking: float) -> int:
    stars: int = _one(rng, STARS)
    return min(5, max(1, round(stars + liking)))


def _one(rng: Random, table: tuple[tuple[Any, int], ...]) -> Any:
    return rng.choices([value for value, _ in table], [often for _, often in table])[0]
