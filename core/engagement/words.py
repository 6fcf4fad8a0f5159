"""Sentences on customer users: the page's answer, and the findings of its charts and lists."""

from collections.abc import Sequence
from datetime import date

import pandas as pd

from core.analytics.account_settings import EngagementSettings
from core.base import text
from core.engagement.cohorts import Cohorts
from core.engagement.movers import Movers
from core.engagement.onboarding import Onboarding
from core.engagement.people import FELL_WITHIN_DAYS, Engagement
from core.engagement.person import Customer
from core.engagement.segments import ACTIVITIES, LIFECYCLES

SEGMENTS = {key: key.capitalize() for key in (*ACTIVITIES, *LIFECYCLES)}


def month(key: str) -> str:
    """2026-11 as Nov 2026."""
    return f"{date.fromisoformat(f'{key}-01'):%b %Y}"


def segment_rules(settings: EngagementSettings) -> dict[str, str]:
    """What each segment means, by its key."""
    high, medium = settings.high_activity, settings.medium_activity
    low = "1" if medium == 2 else f"1 to {medium - 1}"
    return {
        "high": f"created {high} or more cycles in the period",
        "medium": f"created {medium} to {high - 1}" if high - medium > 1 else f"created {medium}",
        "low": f"created {low}" if medium > 1 else "created fewer than medium",
        "none": "created none, though they may have submitted what others created",
        "new": f"their first cycle ended within the last {settings.new_days} days, or is to come",
        "returning": "neither new nor fading nor silent",
        "fading": f"their latest cycle ended more than {settings.fading_days} days ago",
        "silent": f"their latest cycle ended more than {settings.silent_days} days ago",
    }


def concentration(shares: Sequence[tuple[int, float]], created: int) -> str:
    """The first has 23.6 %, the first 5 50 % and the first 10 69.4 % of n = 72 cycles."""
    if not shares:
        return ""
    said = [
        f"the first {'has' if size == 1 else f'{size} have'} {text.share(share)}"
        for size, share in shares
    ]
    return f"{text.upper_first(text.listed(said))} of n = {text.count(created)} cycles"


def slipping_finding(count: int, lifecycle: str, settings: EngagementSettings) -> str:
    """29 customer users are silent: no cycle for 90 days."""
    who = text.times(count, "customer user")
    verb = "is" if count == 1 else "are"
    if lifecycle == "silent":
        return f"{who} {verb} silent: no cycle for more than {settings.silent_days} days"
    return (
        f"{who} {verb} fading: no cycle for {settings.fading_days + 1} to "
        f"{settings.silent_days} days"
    )


def cohort_finding(found: Cohorts) -> str:
    """Of those who began, how many were active in the month after, over months that are over."""
    next_month = found.months[(found.months["after"] == 1) & found.months["is_over"]]
    # Its first month also holds those who were there before the data begins.
    began = next_month[next_month["cohort"] != found.first_month]
    people, active = int(began["size"].sum()), int(began["active"].sum())
    if not people:
        return "No cohort is old enough yet to show how many stay"
    return (
        f"{text.share(round(active / people, 2))} of those who begin are active the month after "
        f"(n = {text.count(people)})"
    )


def onboarding_finding(found: Onboarding) -> str:
    """Of those who began in the period, how many got a cycle to testers, and how fast."""
    _, submission, execution = found.steps
    began = len(found.people)
    if not began:
        return "No customer user created a first cycle in this period"
    head = (
        f"{text.count(execution.reached)} of {text.times(began, 'newcomer')} got a cycle to "
        f"testers, {text.count(submission.reached)} had one submitted"
    )
    if not execution.n:
        return head
    quick = f"{text.count(execution.at_once)} of {text.count(execution.n)}"
    return f"{head}; {quick} reached testers on the day of their first draft"


def weekday_finding(cycles: pd.Series, verb: str) -> str:
    """Cycles most often end on Tuesday (23 %, n = 72); `cycles` are counts by weekday."""
    total = int(cycles.sum())
    if not total:
        return "No cycle of a known creator in this period"
    most = [str(day) for day in cycles.index[cycles == cycles.max()]]
    if len(most) > 2:
        return f"No weekday stands out (n = {text.count(total)})"
    share = text.share(round(float(cycles.max()) / total, 2))
    return f"Cycles most often {verb} on {text.listed(most)} ({share}, n = {text.count(total)})"


def customer_answer(name: str, found: Customer, period: str, today: date) -> str:
    """What someone did in the period, and when they were seen last."""
    did = (
        f"{name} created {text.times(found.created, 'cycle')} and submitted "
        f"{text.count(found.submitted)} ({text.lower_first(period)})"
    )
    if found.last is None:
        return f"{did}; none of their cycles has a date."
    if found.last > today:
        return f"{did}; their latest cycle ends on {text.day(found.last)}."
    return f"{did}; their latest cycle ended {text.ago(found.last, today)}."


def engagement_answer(found: Engagement, period: str) -> str:
    """Who drives engagement in the period, how many are new, and how many slip away."""
    everyone = text.times(len(found.people), "customer user")
    span = text.lower_first(period)
    if found.fell_silent:
        gone = f"{text.count(found.fell_silent)} fell silent in the last {FELL_WITHIN_DAYS} days"
    else:
        gone = _are(found.count("silent"), "silent")
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
        return f"none is {what}"
    return f"{text.count(number)} {'is' if number == 1 else 'are'} {what}"


def movers_finding(found: Movers, who: str, what: str) -> str:
    """The person who moved most beyond chance, or that none did."""
    significant = [person for person in (*found.risers, *found.fallers) if person.is_significant]
    if not significant:
        if found.begun or found.ended:
            return f"The data is too short to say which {who} moved"
        return f"No {who} moved more than chance explains"
    first = max(significant, key=lambda person: abs(person.change))
    verb = "rose" if first.change > 0 else "fell"
    amounts = f"{text.count(first.before)} to {text.count(first.now)}"
    return f"{first.name} {verb} most: {amounts} {what}"


def movers_subtitle(found: Movers, who: str, what: str) -> str:
    """The windows that are compared, the number of people, and the caveats."""
    span = text.times(found.days, "day")
    among = text.times(found.people, who)
    these = f"the {span} until {text.day(found.settled)}" if found.settled else f"these {span}"
    said = f"{text.upper_first(what)} in {these} against the {span} before, of {among}"
    said += "; small numbers move by chance"
    if found.begun:
        said += f"; the data begins on {text.day(found.begun)}, so the {span} before are not whole"
    if found.ended:
        said += f"; the last sync was on {text.day(found.ended)}, so these {span} are not whole"
    if found.settled:
        said += "; newer bugs are still being decided"
    return said
