"""Return on investment: the value of the time saved against the operating cost, low to high."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from datetime import datetime

from sqlalchemy import func

from core.analytics.account_settings import RoiSettings, changes, settings_of
from core.analytics.dates import Window
from core.analytics.exclusions import NOTHING, Excluded
from core.base import text
from core.base.stats import Bounds, Estimate
from core.criteria.time_comparison import Preferred
from core.criteria.time_saved import Comparison, select_tickets
from core.store import AuditEntry, Scope, Ticket, table

WEEKS_A_YEAR = 52
MINUTES_FROM = {"measured": "recorded on tickets, else surveyed", "survey": "from the survey"}
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
    """A number from low to high; `low` follows from the fewest minutes saved."""

    low: float | None
    middle: float | None
    high: float | None

    def each(self, change: Callable[[float], float | None]) -> "Amount":
        """The three values through one function; None stays None."""
        low, middle, high = (
            None if value is None else change(value) for value in (self.low, self.middle, self.high)
        )
        return Amount(low, middle, high)


@dataclass(frozen=True, kw_only=True)
class RoiInput:
    """An input, who entered it and when; both None for a default or a counted number."""

    key: str
    label: str
    value: float | str | None
    origin: str
    by: str | None
    at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Roi:
    """The business impact; money in the currency of the inputs, `minutes` for each ticket.

    `ratio` is net per cost, `payback_weeks` the weeks in which the net earns the setup cost; each
    is None where the divisor is 0, and so is a payback that never comes. With a `reason` nothing
    could be computed, and every amount is None. `likely` is the net's 60 % interval, and
    the minutes rest on `n` answers or tickets.
    """

    minutes: Amount | None = None
    tickets_per_week: float | None
    value_per_week: Amount | None = None
    cost_per_week: float | None = None
    net_per_week: Amount | None = None
    likely: Bounds = (None, None)
    value_per_year: Amount | None = None
    cost_per_year: float | None = None
    net_per_year: Amount | None = None
    ratio: Amount | None = None
    payback_weeks: Amount | None = None
    formula: str = ""
    inputs: tuple[RoiInput, ...]
    notes: tuple[str, ...] = ()
    reason: str = ""
    n: int = 0

    @property
    def currency(self) -> str:
        """What money is counted in."""
        return str(next((one.value for one in self.inputs if one.key == "currency"), ""))

    def lines(self) -> Iterator[dict[str, str]]:
        """The amounts that are known, each a line of a table."""
        cost_per_week, cost_per_year = (
            Amount(cost, cost, cost) for cost in (self.cost_per_week, self.cost_per_year)
        )
        for name, amount, unit in (
            ("Minutes saved for each ticket", self.minutes, "minutes"),
            ("Value per week", self.value_per_week, "money"),
            ("Cost per week", cost_per_week, "money"),
            ("Net per week", self.net_per_week, "money"),
            ("Value per year", self.value_per_year, "money"),
            ("Cost per year", cost_per_year, "money"),
            ("Net per year", self.net_per_year, "money"),
            ("Return on the cost", self.ratio, "fraction"),
            ("Weeks until the setup is earned", self.payback_weeks, "weeks"),
        ):
            if amount is not None:
                ends = {"Low": amount.low, "Middle": amount.middle, "High": amount.high}
                yield {"What": name} | {end: text.amount(x, unit) for end, x in ends.items()}


def roi(
    scope: Scope, comparison: Comparison, *, window: Window, without: Excluded = NOTHING
) -> Roi:
    """The business impact of a window, from the inputs of the account (`RoiSettings`).

    value = minutes saved / 60 x tickets x hourly rate, net = value - operating cost, ROI = net /
    cost; a year has 52 weeks. `comparison` is that of the window. Minutes are those of work:
    recorded on tickets, else as surveyed, and never the time to resolution, which is mostly
    waiting.
    """
    settings = settings_of(scope, RoiSettings)
    counted = _counted(scope, window, without)
    tickets = settings.tickets_per_week if settings.tickets_per_week is not None else counted
    inputs = _inputs(settings, counted, changes(scope, subject="settings of roi"))
    saved, source = _minutes(settings, comparison)
    reason = _missing(settings, tickets) or saved.reason
    if reason or tickets is None:
        return Roi(tickets_per_week=tickets, inputs=inputs, reason=reason)
    rate, cost = settings.hourly_rate or 0.0, settings.operating_cost_per_week or 0.0

    def worth(each: float) -> float:
        return each / 60 * tickets * rate

    minutes = Amount(saved.low, saved.value, saved.high)
    value = minutes.each(worth)
    net = value.each(lambda gain: gain - cost)
    low, high = saved.likely
    likely = Amount(low, None, high).each(lambda each: worth(each) - cost)
    setup = settings.setup_cost
    notes = [*_notes(settings, minutes, net, source)]
    if (most := _scaled(comparison.preferred)) is not None and most.value is not None:
        net_most = text.amount(worth(most.value) - cost, "money")
        notes.append(
            f"By the time to resolution, which is mostly waiting, it would be at most {net_most} "
            f"{settings.currency} a week."
        )
    return Roi(
        minutes=minutes,
        tickets_per_week=tickets,
        value_per_week=value,
        cost_per_week=cost,
        net_per_week=net,
        likely=(likely.low, likely.high),
        value_per_year=value.each(_a_year),
        cost_per_year=_a_year(cost),
        net_per_year=net.each(_a_year),
        ratio=net.each(lambda gain: gain / cost) if cost else None,
        payback_weeks=(
            None if setup is None else net.each(lambda gain: setup / gain if gain > 0 else None)
        ),
        formula=_formula(settings, tickets, minutes, net),
        inputs=inputs,
        notes=tuple(notes),
        n=saved.n,
    )


def _counted(scope: Scope, window: Window, without: Excluded) -> float | None:
    """Enhanced tickets per week that were resolved in the window; None for all time."""
    if window.days is None:
        return None
    tickets = select_tickets(scope, window, without, func.count())
    ((number,),) = scope.rows(tickets.where(table(Ticket).c.enhanced.is_(True)))
    return float(number * 7 / window.days)


def _inputs(
    settings: RoiSettings, counted: float | None, history: list[AuditEntry]
) -> tuple[RoiInput, ...]:
    found = []
    for f in fields(RoiSettings):
        value = getattr(settings, f.name)
        change = _last_change(f.name, history)
        origin = "default" if change is None and value == f.default else "entered"
        if value is None:
            origin = "not entered"
        if f.name == "tickets_per_week" and value is None and counted is not None:
            value, origin = counted, "counted"
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


def _last_change(key: str, history: list[AuditEntry]) -> AuditEntry | None:
    """The newest change that set the input to its present value; None where there is none."""
    default = getattr(RoiSettings(), key)
    for change in history:
        before = (change.before or {}).get(key, default)
        if before != (change.after or {}).get(key, default):
            return change
    return None


def _minutes(settings: RoiSettings, found: Comparison) -> tuple[Estimate, str]:
    """Minutes of work saved for each ticket, and their source in words; else with a reason."""
    missing, answers = [], found.survey
    if settings.minutes_source == "measured":
        work = None if found.work is None else found.work.preferred
        if work is not None and (saved := _scaled(work)) is not None:
            where = "before go-live" if work.figure == "go_live" else "without enhancement"
            return saved, (
                f"{text.share(work.estimate.value or 0)} of {work.minutes_without:,.1f} minutes of "
                f"work {where}, as recorded on {text.times(saved.n, 'ticket')}"
            )
        missing.append(found.work_missing if work is None else text.lower_first(work.why[:-1]))
    if answers.low is not None:
        return answers, f"the mean of {text.times(answers.n, 'survey answer')}"
    missing.append(
        "no survey answer says how many minutes are saved"
        if answers.value is None
        else f"the survey's minutes saved have {answers.method}"
    )
    reason = f"Minutes of work are missing: {'; '.join(missing)}."
    return Estimate(method=answers.method, reason=reason), ""


def _scaled(preferred: Preferred) -> Estimate | None:
    """A reduction as minutes for each ticket; None without its interval."""
    share, minutes = preferred.estimate, preferred.minutes_without
    if share.value is None or share.low is None or share.high is None or minutes is None:
        return None
    low, high = (None if bound is None else bound * minutes for bound in share.likely)
    return replace(
        share,
        value=share.value * minutes,
        low=share.low * minutes,
        high=share.high * minutes,
        likely=(low, high),
    )


def _missing(settings: RoiSettings, tickets: float | None) -> str:
    for key in ("hourly_rate", "operating_cost_per_week"):
        if getattr(settings, key) is None:
            return f"{LABELS[key]} is not entered."
    if tickets is None:
        return "Tickets are counted over a window of days: choose one, or enter tickets per week."
    if not tickets:
        return "No enhanced ticket was resolved in the window, so there is no saving to value."
    return ""


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
    if _crosses(minutes):
        found.append("The interval of the minutes saved crosses zero: time may be saved or lost.")
    if _crosses(net):
        found.append("The interval of the net crosses zero: it may be a gain or a loss.")
    if settings.setup_cost is not None and net.low is not None and net.low <= 0:
        found.append("At the low end the setup cost is never earned back.")
    return found


def _crosses(amount: Amount) -> bool:
    return amount.low is not None and amount.high is not None and amount.low <= 0 <= amount.high
