"""The sentences that answer a page's question, made from the data."""

from collections.abc import Sequence

from core.base import text
from core.engagement.people import FELL_WITHIN_DAYS, Engagement


def engagement_answer(found: Engagement, period: str) -> str:
    """Who drives engagement in the period, how many are new, and how many slip away."""
    everyone = text.times(len(found.people), "customer user")
    span = text.lower_first(period)
    if found.fell_silent:
        gone = f"{text.count(found.fell_silent)} fell silent in the last {FELL_WITHIN_DAYS} days"
    else:
        gone = _are(found.silent, "silent")
    return (
        f"{text.count(found.active)} of {everyone} created a cycle ({span}){_leader(found)}; "
        f"{_are(found.count('new'), 'new')}, {_are(found.count('fading'), 'fading')}, "
        f"{gone}."
    )


def _leader(found: Engagement) -> str:
    """Who created the most, unless many share that place."""
    people = found.people
    first = people[people["created"] == people["created"].max()]
    if not found.active or len(first) > 2 or len(first) == found.active:
        return ""
    names = text.listed(first["customer"].tolist())
    each = " each" if len(first) > 1 else ""
    return f", {names} the most ({text.count(first['created'].max())}{each})"


def _are(number: int, what: str) -> str:
    if not number:
        return f"nobody is {what}"
    return f"{text.count(number)} {'is' if number == 1 else 'are'} {what}"


def feedback_answer(positive: float | None, average: float | None, number: float | None) -> str:
    """What thumbs and stars say, each for itself, and from how many opinions."""
    if not number:
        return "Nobody has given feedback in this period yet."
    parts = []
    if positive is not None:
        parts.append(f"{text.share(positive)} of the thumbs point up")
    if average is not None:
        parts.append(f"ratings average {text.amount(average, 'stars')} of 5 stars")
    said = " and ".join(parts) or "only comments came in"
    return f"{text.upper_first(said)}, from {text.times(int(number), 'opinion')}."


def top_share(names: Sequence[str], share: float, one: str, many: str, what: str) -> str:
    """The finding over a trend of the top people: the top 5 create 71 % of the cycles."""
    who = one if len(names) == 1 else f"The top {len(names)} {many}"
    return f"{who} {text.share(share)} of the {what}"
