"""The sentences on testers: who leads, why somebody has a rank, how the field does."""

from math import floor
from typing import Any

import pandas as pd

from core.analytics.account_settings import LeaderboardSettings
from core.base import text
from core.base.stats import Verdict
from core.testers.leaderboard import Leaderboard, Neighbour, RankExplanation
from core.testers.ranking import Order
from core.testers.triage_rates import Rate

# The verdict on a healthy range, in words that fit one.
HEALTH = {
    Verdict.MET: "healthy",
    Verdict.MISSED: "outside its range",
    Verdict.NOT_PROVEN: "not proven",
    Verdict.NO_DATA: "no data",
}
TIMES, MINUS, DIVIDED = "\N{MULTIPLICATION SIGN}", "\N{MINUS SIGN}", "\N{DIVISION SIGN}"
SETTINGS = {
    "newcomer_below": ("newcomers have fewer than {} decided bugs", "count"),
    "maturing_days": ("weeks mature for {} days", "count"),
    "most_rejected": ("healthy: rejected under {}", "fraction"),
    "least_reviewed": ("healthy: reviewed over {}", "fraction"),
    "most_auto_accepted": ("healthy: accepted automatically under {}", "fraction"),
}


def testers_answer(found: Leaderboard, newcomer_below: int) -> str:
    """Who leads, how sure that is, and how many cannot be ranked yet."""
    ranked = found.ranked
    newcomers = text.times(len(found.newcomers), "newcomer")
    if ranked.empty:
        return (
            f"No tester has {text.times(newcomer_below, 'decided bug')} in this period yet, "
            "so no fair rank can be given."
        )
    first = ranked[ranked["rank"] == 1]
    names = first["tester"].tolist()
    who = text.listed(names) if len(names) <= 3 else text.times(len(names), "tester")
    verb = "leads" if len(names) == 1 else "lead"
    lowest = int(first["rank_high"].max())
    sure = "" if lowest == 1 else f", surely among the first {text.count(lowest)}"
    if len(names) > 1 or len(ranked) <= lowest:
        sure = ""
    number = text.times(len(ranked), "ranked tester")
    return f"{who} {verb} {number} by {found.order}{sure}; {newcomers} not ranked yet."


def person_answer(name: str, row: Any, found: Leaderboard, newcomer_below: int) -> str:
    """One tester's rank and how sure it is, their bugs, and how many of them were accepted."""
    bugs = text.times(int(row.reported), "bug")
    accepted = (
        "none of them decided yet"
        if row.decided == 0
        else f"{text.share(row.acceptance)} of {text.count(row.decided)} decided ones accepted"
    )
    if row.newcomer:
        missing = text.times(newcomer_below - int(row.weighed), "decided bug")
        return f"{name} reported {bugs}, {accepted}; {missing} short of a rank."
    rank = f"{rank_label(row.rank, tied=row.tied)} of {text.count(len(found.ranked))}"
    certainty = rank_certainty(row)
    return f"{name} has rank {rank} by {found.order}, {certainty}: {bugs}, {accepted}."


def rank_certainty(row: Any) -> str:
    """Between which ranks someone truly is, with 95 % certainty."""
    if row.rank_low == row.rank_high:
        return "which is clear"
    return f"surely {rank_range(row.rank_low, row.rank_high)}"


def rank_label(rank: Any, *, tied: bool) -> str:
    """3, or 3= where others have the same; a newcomer has none."""
    if pd.isna(rank):
        return "new"
    return f"{text.count(rank)}{'=' if tied else ''}"


def rank_range(low: Any, high: Any) -> str:
    """2 to 6; a dash where there is no rank."""
    if pd.isna(low):
        return text.UNKNOWN
    return text.count(low) if low == high else f"{text.count(low)} to {text.count(high)}"


def rank_sentence(why: RankExplanation, newcomer_below: int) -> str:
    """The rank with its interval, or why there is none."""
    row = why.row
    if row.newcomer:
        decided = text.times(row.weighed, "decided bug")
        return f"Not ranked yet: {decided} of the {text.count(newcomer_below)} that it takes."
    rank = rank_label(row.rank, tied=row.tied)
    return f"Rank {rank} of {text.count(why.ranked)} by {why.order}, {rank_certainty(row)}."


def arithmetic(why: RankExplanation) -> list[tuple[str, str, str]]:
    """The score step by step: what, the sum that a person can redo by hand, and its result."""
    row, prior = why.row, why.prior
    lines: list[Any] = [*why.severities.itertuples(index=False)]
    steps = [
        (
            f"{one.severity or 'no severity'}, accepted",
            worth(one.accepted, one.weight),
            points(one.accepted * one.weight),
        )
        for one in lines
    ]
    decided = " + ".join(worth(one.bugs, one.weight) for one in lines)
    earned, total = points(row.earned), points(row.points)
    drawn = f"({earned} + {prior.accepted:g}) {DIVIDED} ({total} + {prior.strength:g})"
    known = row.points > 0
    steps += [
        ("Points earned", "their sum", earned),
        ("Points decided", decided, total),
        (
            "Share of points",
            f"{earned} {DIVIDED} {total}" if known else "",
            f"{row.share:.4f}" if known else text.UNKNOWN,
        ),
        ("Quality", drawn, f"{row.shrunk:.4f}"),
    ]
    if why.order == "contribution":
        steps.append(("Contribution", f"{earned} {TIMES} {drawn}", score(row.score)))
    return steps


def unknown_note(found: Leaderboard) -> str:
    """How many decided bugs have a severity that no weight is given for; empty without any."""
    unknown = int(found.people["unknown"].sum())
    bugs = text.times(unknown, "decided bug")
    return f"{bugs} of a severity without a weight: no points." if unknown else ""


def neighbour(other: Neighbour, order: Order, *, is_above: bool) -> str:
    """What separates a tester from the next one above or below."""
    said = f"{score(abs(other.gap), order)} {'ahead' if is_above else 'behind'}"
    if other.by_points is not None and other.by_share is not None:
        said += f" ({signed(other.by_points)} by points, {signed(other.by_share)} by quality)"
    return f"{score(other.score, order)}, {said}; {order_words(other.win_probability)}"


def order_words(win_probability: float) -> str:
    """How certain an order is, in a word and in per cent: a coin toss, 52 %."""
    kinds = {0.95: "is clear", 0.8: "is likely", 0.6: "may be chance", 0.4: "is a coin toss"}
    kind = next((said for least, said in kinds.items() if win_probability >= least), "is doubtful")
    share = (
        "over 99.9 %" if win_probability > 0.999 else text.share(floor(win_probability * 100) / 100)
    )
    return f"the order {kind}, {share}"


def tied(why: RankExplanation) -> str:
    """The testers who share a rank; empty without any."""
    if not why.tied_with:
        return ""
    names = list(why.tied_with[:3])
    more = len(why.tied_with) - len(names)
    return f"The same score as {text.listed(names + ([f'{more} more'] if more else []))}."


def signed(value: float) -> str:
    """+2.1, or a true minus and 0.8."""
    text = score(abs(value))
    return f"{MINUS if value < 0 and text != '0' else '+'}{text}"


def score(value: float, order: Order = "contribution") -> str:
    """A score with as many decimals as tell it from its neighbours: two below 100, then one."""
    if order == "quality":
        return f"{value * 100:.2f} %"
    decimals = 2 if abs(value) < 100 else 1
    return f"{value:,.{decimals}f}"


def points(value: float) -> str:
    """Points as they were summed: whole, mostly."""
    return text.trimmed(value, 6)


def in_points(value: float) -> str:
    """40 points."""
    return f"{points(value)} point{'' if value == 1 else 's'}"


def worth(bugs: int, weight: float) -> str:
    """2 bugs times 5 points."""
    return f"{text.times(bugs, 'bug')} {TIMES} {in_points(weight)}"


def field_answer(rates: list[Rate]) -> str:
    """How many rates of the field are in their healthy range, and which are not."""
    judged = [rate for rate in rates if rate.target is not None]
    known = [rate for rate in judged if rate.verdict is not Verdict.NO_DATA]
    if not known:
        if any(rate.waiting for rate in judged):
            return "Every bug of this period is still being decided."
        return "No bug was reported in this period."
    said = []
    for verdict in (Verdict.MET, Verdict.MISSED, Verdict.NOT_PROVEN):
        names = [text.lower_first(rate.label) for rate in known if rate.verdict is verdict]
        if len(names) == 1:
            said.append(f"{names[0]} is {HEALTH[verdict]}")
        elif names:
            said.append(f"{text.listed(names)} are {HEALTH[verdict].replace('its', 'their')}")
    return text.upper_first("; ".join(said)) + "."


def rate_sentence(rate: Rate) -> str:
    """The healthy range of a rate, its interval and its sample."""
    estimate = rate.estimate
    if estimate.value is None or estimate.low is None or estimate.high is None:
        return f"No settled {rate.of} in this period."
    said = [f"Healthy {healthy_range(rate)}"] if rate.target is not None else []
    said.append(f"95 % interval {text.share(estimate.low)} to {text.share(estimate.high)}")
    return "; ".join([*said, f"of {text.count(estimate.n)} {rate.of}"])


def healthy_range(rate: Rate) -> str:
    """Under 20 %, over 80 %; nothing for a rate without a range."""
    if rate.target is None:
        return ""
    return f"{'over' if rate.direction == 'above' else 'under'} {text.share(rate.target)}"


def settings_changed(before: LeaderboardSettings, after: LeaderboardSettings) -> list[str]:
    """What one has and the other has not, in words: critical weighs 8 instead of 5."""
    said = [
        f"{severity} weighs {points(after.weights.get(severity, 0))} "
        f"instead of {points(before.weights.get(severity, 0))}"
        for severity in dict.fromkeys([*before.weights, *after.weights])
        if before.weights.get(severity, 0) != after.weights.get(severity, 0)
    ]
    for name, (phrase, unit) in SETTINGS.items():
        old, new = getattr(before, name), getattr(after, name)
        if old != new:
            now = phrase.format(text.amount(new, unit))
            said.append(f"{now} instead of {text.amount(old, unit)}")
    return said
