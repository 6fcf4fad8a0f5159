"""The demo's feedback on enhancements, as the platform's API sends it, and its weekly survey."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256
from random import Random
from typing import Any

from core.demo.enhancer import Handled
from core.demo.texts import TEXTS, comment
from core.demo.world import World

# Below every id of a vote that a person casts or a source sends, so that a new demo can tell which
# votes are its own.
DEMO_VOTES = -(2**60)

VOTING_SHARE = 0.32
GOOD_STARS = (0, 0, 4, 39, 57)
BAD_STARS = (22, 38, 40, 0, 0)


def demo_vote_id(source_id: str) -> int:
    """The id of a vote of the demo: below `DEMO_VOTES`, and the same for the same vote."""
    return DEMO_VOTES - 1 - int.from_bytes(sha256(source_id.encode()).digest()[:6])


def feedback_of(world: World, handled: Handled) -> Iterator[dict[str, Any]]:
    """The votes on one run: none for most, a thumb, stars or both for others."""
    rng, is_slow = world.rng("feedback", handled.run_id), handled.trouble == "slow"
    if rng.random() > VOTING_SHARE * (1.6 if is_slow else 1.0):
        return
    good = rng.random() < (0.45 if is_slow else 0.895)
    stars = rng.choices((1, 2, 3, 4, 5), GOOD_STARS if good else BAD_STARS)[0]
    thumb = "thumbs_up" if good else "thumbs_down"
    kind = rng.random()
    text = comment(rng, stars=stars, trouble=handled.trouble) if rng.random() < 0.3 else None
    at = handled.read_at
    if kind < 0.72:
        if rng.random() < 0.05:
            # Pressed the wrong thumb, or changed their mind.
            other = "thumbs_down" if good else "thumbs_up"
            yield from _vote(world, handled, 0, at, feedback_type=other)
            at += timedelta(seconds=rng.randint(3, 900))
        yield from _vote(world, handled, 1, at, text, feedback_type=thumb)
    if kind > 0.40:
        at += timedelta(seconds=rng.randint(2, 40))
        yield from _vote(world, handled, 2, at, text, feedback_type="rating", rating_value=stars)


def _vote(
    world: World,
    handled: Handled,
    number: int,
    at: datetime,
    text: str | None = None,
    **opinion: Any,
) -> Iterator[dict[str, Any]]:
    if at <= world.now:
        yield {
            "id": f"{handled.run_id}-{number}",
            "tenant_id": "demo",
            "ticket_id": handled.ticket_id,
            "enhancement_id": handled.run_id,
            "technician_email": handled.technician,
            "created_at": at.isoformat(),
            "feedback_comment": text,
            **opinion,
        }


# How the ids of the demo's responses begin, so that a new demo can tell which ones are its own.
DEMO_SURVEYS = "demo-"

ANSWERING_SHARE = 0.56
THURSDAY = 3
RATINGS = ("relevance", "accuracy", "usefulness", "overall")
STARS = ((1, 2), (2, 5), (3, 15), (4, 42), (5, 36))
BETTER = (("yes", 68), ("unsure", 22), ("no", 10))


def survey_answers(world: World, days: list[date]) -> Iterator[dict[str, Any]]:
    """The responses of the weeks that the days are in, none later than the demo's present.

    Each person is drawn for each week, so that a week looks the same tomorrow.
    """
    for monday in sorted({day - timedelta(days=day.weekday()) for day in days}):
        for technician in world.technicians:
            rng = world.rng("survey", monday, technician)
            if rng.random() < ANSWERING_SHARE:
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
        **{name: min(5, max(1, round(_one(rng, STARS) + liking))) for name in RATINGS},
        "minutes_saved": max(-5, round(rng.gauss(6 + 2 * liking, 3.5))),
        "better_resolution": _one(rng, BETTER),
        "what_helps": rng.choice(TEXTS["helps"]) if helps else None,
        "what_to_improve": rng.choice(TEXTS["improve"]) if improve else None,
        "renewal": min(10, max(0, round(rng.gauss(8 + liking, 1.4)))),
        "may_interview": rng.random() < 0.3,
    }


def _one(rng: Random, table: tuple[tuple[Any, int], ...]) -> Any:
    return rng.choices([value for value, _ in table], [often for _, often in table])[0]
