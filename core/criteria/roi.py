"""Does enhancement pay: what the time saved is worth against what it costs, from low to high."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import date, datetime

from sqlalchemy import func, select

from core.analytics.account_settings import Change, RoiSettings, changes, settings_of
from core.analytics.dates import Window
from core.analytics.exclusions import NOTHING, Excluded
from core.base import text
from core.base.stats import Estimate
from core.criteria.time_saved import Comparison, compare
from core.store import Scope, Ticket, table

WEEKS_A_YEAR = 52
LABELS = {
    "hourly_rate": "Hourly rate",
    "operating_cost_per_week": "Operating cost per week",
    "setup_cost": "One-off setup cost",
    "currency": "Currency",
    "tickets_per_week": "Enhanced tickets per week",
    "minutes_source": "Source of the minutes saved",
}


@dataclass(frozen=True)
class Amount:
    """A number from low to high; `low` goes with the fewest minutes saved."""

    low: float | None
    middle: float | None
    high: float | None

    def each(self, change: Callable[[float], float | None]) -> "Amount":
        """The three changed alike; what is None stays so."""
        low, middle, high = (
            None if value is None else change(value) for value in (self.low, self.middle, self.high)
        )
        return Amount(low, middle, high)


@dataclass(frozen=True, kw_only=True)
class RoiInput:
    """An input with who entered it and when; both are None for a default or a counted number."""

    key: str
    label: str
    value: float | str | None
    origin: str
    by: str | None
    at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Roi:
    """What enhancement is worth; money in the currency of the inputs, `minutes` for each ticket.

    `ratio` is net per cost, `payback_weeks` how long the net takes to earn the setup cost, each
    None where there is nothing to divide by; a payback that never comes is None too. With a
    `reason` nothing could be computed, and every amount is None.
    """

    minutes: Amount | None
    tickets_per_week: float | None
    value_per_week: Amount | None
    cost_per_week: float | None
    net_per_week: Amount | None
    value_per_year: Amount | None
    cost_per_year: float | None
    net_per_year: Amount | None
    ratio: Amount | None
    payback_weeks: Amount | None
    formula: str
    inputs: tuple[RoiInput, ...]
    notes: tuple[str, ...]
    reason: str


def roi(
    scope: Scope,
    *,
    window: Window,
    go_live: date | None = None,
    without: Excluded = NOTHING,
    comparison: Comparison | None = None,
) -> Roi:
    """The business impact of a window, from the inputs of the account (`RoiSettings`).

    value = minutes saved / 60 x tickets x hourly rate, net = value - operating cost, ROI = net /
    cost, a year being 52 weeks. Give the `comparison` of the window where it is known.
    """
    settings = settings_of(scope, RoiSettings)
    counted = _counted(scope, window, without)
    tickets = settings.tickets_per_week if settings.tickets_per_week is not None else counted
    inputs = _inputs(settings, counted, changes(scope, subject="settings of roi"))
    seen = comparison or compare(scope, window=window, go_live=go_live, without=without)
    minutes, source, reason = _minutes(settings, seen)
    reason = _missing(settings, tickets) or reason
    if reason or minutes is None or tickets is None:
        return _nothing(tickets, inputs, reason)
    return _computed(settings, tickets, minutes, inputs, source)


def _counted(scope: Scope, window: Window, without: Excluded) -> float | None:
    """Enhanced tickets per week that were resolved in the window; None for all time."""
    if window.days is None:
        return None
    ticket = table(Ticket).c
    statement = select(func.count()).where(
        ticket.account_id == scope.account,
        ticket.enhanced.is_(True),
        ticket.resolved_at.is_not(None),
        ticket.day.between(window.start, window.end),
    )
    kept = without.keeps(ticket.resolved_at, ticket=ticket.id)
    if kept is not None:
        statement = statement.where(kept)
    with scope.read() as session:
        number: int = session.connection().execute(statement).scalar_one()
    return number * 7 / window.days


def _inputs(
    settings: RoiSettings, counted: float | None, history: list[Change]
) -> tuple[RoiInput, ...]:
    found = []
    for f in fields(RoiSettings):
        value = getattr(settings, f.name)
        change = _last_change(f.name, history)
        is_entered = change is not None or value != f.default
        origin = "entered" if is_entered else "default"
        if value is None:
            origin = "not entered"
        if f.name == "tickets_per_week" and value is None:
            value, origin = counted, "counted" if counted is not None else "not entered"
        found.append(
            RoiInput(
                key=f.name,
                label=LABELS[f.name],
                value=value,
                origin=origin,
                by=change.by if change is not None else None,
                at=change.at if change is not None else None,
            )
        )
    return tuple(found)


def _last_change(key: str, history: list[Change]) -> Change | None:
    """The newest change that made the input what it is; None where none of those known did."""
    default = getattr(RoiSettings(), key)
    for change in history:
        before = (change.before or {}).get(key, default)
        if before != (change.after or {}).get(key, default):
            return change
    return None


def _minutes(settings: RoiSettings, seen: Comparison) -> tuple[Amount | None, str, str]:
    """Minutes saved for each ticket, the words for their source, and why there are none."""
    if settings.minutes_source == "survey":
        answers = seen.survey
        source = f"the mean of {text.times(answers.n, 'survey answer')}"
        if answers.value is None:
            return None, source, "Nobody answered in the survey how many minutes are saved."
        if answers.low is None or answers.high is None:
            return None, source, f"The survey's minutes saved have {_why(answers)}."
        return Amount(answers.low, answers.value, answers.high), source, ""
    preferred = seen.preferred
    share, minutes = preferred.estimate, preferred.minutes_without
    if share.value is None or minutes is None:
        return None, "", preferred.why
    if share.low is None or share.high is None:
        return None, "", f"The time reduction has {_why(share)}."
    source = f"{text.share(share.value)} of {minutes:,.1f} minutes without enhancement"
    if preferred.figure == "go_live":
        source = f"{text.share(share.value)} of {minutes:,.1f} minutes before go-live"
    return Amount(share.low, share.value, share.high).each(lambda x: x * minutes), source, ""


def _why(estimate: Estimate) -> str:
    return estimate.method if estimate.method.startswith("no interval") else "no interval"


def _missing(settings: RoiSettings, tickets: float | None) -> str:
    for key in ("hourly_rate", "operating_cost_per_week"):
        if getattr(settings, key) is None:
            return f"{LABELS[key]} is not entered."
    if tickets is None:
        return "Tickets are counted over a window of days: choose one, or enter how many a week."
    if not tickets:
        return "No enhanced ticket was resolved in the window, so there is nothing to be worth."
    return ""


def _nothing(tickets: float | None, inputs: tuple[RoiInput, ...], reason: str) -> Roi:
    return Roi(
        minutes=None,
        tickets_per_week=tickets,
        value_per_week=None,
        cost_per_week=None,
        net_per_week=None,
        value_per_year=None,
        cost_per_year=None,
        net_per_year=None,
        ratio=None,
        payback_weeks=None,
        formula="",
        inputs=inputs,
        notes=(),
        reason=reason,
    )


def _computed(
    settings: RoiSettings,
    tickets: float,
    minutes: Amount,
    inputs: tuple[RoiInput, ...],
    source: str,
) -> Roi:
    rate, cost = settings.hourly_rate or 0.0, settings.operating_cost_per_week or 0.0
    value = minutes.each(lambda each: each / 60 * tickets * rate)
    net = value.each(lambda worth: worth - cost)
    setup = settings.setup_cost
    return Roi(
        minutes=minutes,
        tickets_per_week=tickets,
        value_per_week=value,
        cost_per_week=cost,
        net_per_week=net,
        value_per_year=value.each(_a_year),
        cost_per_year=_a_year(cost),
        net_per_year=net.each(_a_year),
        ratio=net.each(lambda gain: gain / cost) if cost else None,
        payback_weeks=(
            None if setup is None else net.each(lambda gain: setup / gain if gain > 0 else None)
        ),
        formula=_formula(settings, tickets, minutes, net),
        inputs=inputs,
        notes=tuple(_notes(settings, minutes, net, source)),
        reason="",
    )


def _a_year(amount: float) -> float:
    return amount * WEEKS_A_YEAR


def _formula(settings: RoiSettings, tickets: float, minutes: Amount, net: Amount) -> str:
    def filled(each: float | None, gain: float | None) -> str:
        return (
            f"{each or 0:,.1f} min / 60 x {tickets:,.1f} tickets x "
            f"{settings.hourly_rate or 0:,.2f} {settings.currency} - "
            f"{settings.operating_cost_per_week or 0:,.2f} {settings.currency} = "
            f"{gain or 0:,.2f} {settings.currency} a week"
        )

    return (
        "minutes saved / 60 x tickets x hourly rate - operating cost. "
        f"Low: {filled(minutes.low, net.low)}. Middle: {filled(minutes.middle, net.middle)}. "
        f"High: {filled(minutes.high, net.high)}."
    )


def _notes(settings: RoiSettings, minutes: Amount, net: Amount, source: str) -> list[str]:
    found = [f"Minutes saved for each ticket are {source}."]
    if settings.minutes_source == "measured":
        found.append(
            "They are minutes from opening to resolution, waiting included: counted as work, they "
            "show the most that can have been saved."
        )
    if _crosses(minutes):
        found.append("The interval of the minutes saved crosses zero: time may be saved or lost.")
    if _crosses(net):
        found.append("The interval of the net crosses zero: it may be a gain or a loss.")
    if settings.setup_cost is not None and net.low is not None and net.low <= 0:
        found.append("At the low end the setup cost is never earned back.")
    return found


def _crosses(amount: Amount) -> bool:
    return amount.low is not None and amount.high is not None and amount.low <= 0 <= amount.high
