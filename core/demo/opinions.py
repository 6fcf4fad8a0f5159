"""The demo's feedback on the enhancer's runs, as the platform's feedback API sends it."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from hashlib import sha256
from random import Random
from typing import Any

from core.demo.comments import comment
from core.demo.enhancer import Handled
from core.demo.world import World

# Below every id of a vote that a person casts or a source sends, so that a new demo can tell which
# votes are its own.
DEMO_VOTES = -(2**60)

ANSWERS = 0.32
GOOD_STARS = (0, 0, 4, 39, 57)
BAD_STARS = (22, 38, 40, 0, 0)


def demo_vote_id(source_id: str) -> int:
    """The id of a vote of the demo: below `DEMO_VOTES`, and the same for the same vote."""
    return DEMO_VOTES - 1 - int.from_bytes(sha256(source_id.encode()).digest()[:6])


def feedback_of(world: World, handled: Handled) -> Iterator[dict[str, Any]]:
    """The votes on one run: none for most, a thumb, stars or both for others."""
    rng = world.rng("feedback", handled.run_id)
    if rng.random() > ANSWERS * (1.6 if handled.bad else 1.0):
        return
    good = rng.random() < (0.45 if handled.bad else 0.895)
    stars = rng.choices((1, 2, 3, 4, 5), GOOD_STARS if good else BAD_STARS)[0]
    thumb = "thumbs_up" if good else "thumbs_down"
    kind = rng.random()
    text = comment(rng, stars=stars, slow=handled.bad) if rng.random() < 0.3 else None
    at = handled.read_at
    if kind < 0.72:
        if rng.random() < 0.05:
            # Pressed the wrong thumb, or changed their mind.
            other = "thumbs_down" if good else "thumbs_up"
            yield from _vote(world, handled, 0, at, feedback_type=other)
            at += timedelta(seconds=rng.randint(3, 900))
        yield from _vote(world, handled, 1, at, text, feedback_type=thumb)
    if kind > 0.40:
        at += _pause(rng)
        yield from _vote(world, handled, 2, at, text, feedback_type="rating", rating_value=stars)


def _pause(rng: Random) -> timedelta:
    return timedelta(seconds=rng.randint(2, 40))


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
