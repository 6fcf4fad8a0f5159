"""People who vote all at once, over real HTTP, as fast as they can; and the history of votes."""

import asyncio
import json
import time
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from core.feedback import current_vote
from core.store import FeedbackVote, table

__all__ = ["Outcome", "vote_all", "vote_history"]


def vote_history(scope, subject, rater):
    """The rater's opinion after each vote on the subject, the oldest first."""
    now = current_vote(scope, subject, rater)
    votes = table(FeedbackVote).c
    cast = scope.objects(
        FeedbackVote, votes.feedback_id == now.id, order_by=[votes.cast_at, votes.id]
    )
    return [
        replace(now, thumb=v.thumb, rating=v.rating, comment=v.comment, updated_at=v.cast_at)
        for v in cast
    ]


@dataclass
class Outcome:
    """Votes by their number: those accepted with their status, seconds of each answer, refusals."""

    accepted: dict = field(default_factory=dict)
    seconds: list = field(default_factory=list)
    refused: dict = field(default_factory=dict)
    limited: int = 0
    took: float = 0.0

    def quantile(self, share):
        """Seconds that a share of the answers did not exceed."""
        ordered = sorted(self.seconds)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def vote_of(number):
    """A vote of a person of its own, on a ticket of its own."""
    return {
        "tenant_id": "demo",
        "ticket_id": f"LOAD-{number}",
        "technician_email": f"person{number}@example.org",
        "feedback_type": "rating",
        "rating_value": number % 5 + 1,
    }


def vote_all(url, tokens, *, clients, votes, patient=True, then=(0, None)):
    """Have clients cast votes at once; each waits for its answer before it sends the next one.

    Who is told to come again later does. An impatient one ends when the server goes away. `then`
    is a number of accepted votes and what to do once there are so many.
    """
    return asyncio.run(_vote_all(url, tokens, clients, votes, patient, then))


async def _vote_all(url, tokens, clients, votes, patient, then):
    outcome = Outcome()
    numbers = iter(range(votes))
    started = time.perf_counter()
    await asyncio.gather(
        *(
            _client(url, tokens[n % len(tokens)], numbers, outcome, patient, then)
            for n in range(clients)
        )
    )
    outcome.took = time.perf_counter() - started
    return outcome


async def _client(url, token, numbers, outcome, patient, then):
    address = urlsplit(url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    try:
        for number in numbers:
            status = 429
            while status == 429:
                started = time.perf_counter()
                status, headers, body = await _post(reader, writer, address, token, number)
                outcome.seconds.append(time.perf_counter() - started)
                if status == 429:
                    outcome.limited += 1
                    await asyncio.sleep(float(headers["retry-after"]))
            if status in {200, 201}:
                outcome.accepted[number] = (status, body["id"])
                if len(outcome.accepted) == then[0]:
                    then[1]()
            else:
                outcome.refused[number] = (status, body)
    except (OSError, asyncio.IncompleteReadError):
        if patient:
            raise
    finally:
        writer.close()


async def _post(reader, writer, address, token, number):
    body = json.dumps(vote_of(number)).encode()
    head = (
        f"POST /api/v1/feedback HTTP/1.1\r\nHost: {address.netloc}\r\n"
        f"Authorization: Bearer {token}\r\nContent-Type: application/json\r\n"
        f"Idempotency-Key: load-{number}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    writer.write(head.encode() + body)
    await writer.drain()
    first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().splitlines()
    headers = dict(line.lower().split(": ", 1) for line in lines if line)
    answer = await reader.readexactly(int(headers["content-length"]))
    return int(first.split()[1]), headers, json.loads(answer)
