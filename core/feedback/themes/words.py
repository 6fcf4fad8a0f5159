"""What people talk about, in sentences."""

from core.base import text
from core.feedback.themes.figures import (
    OVERALL,
    STARS,
    THUMBS,
    TREND_DAYS,
    Given,
    Reach,
    ThemeFigures,
)
from core.feedback.themes.model import LEAST_COMMENTS
from core.feedback.themes.reads import ThemesFound

KINDS = {THUMBS: "thumb", STARS: "star rating", OVERALL: "survey rating"}


def themes_answer(found: ThemesFound, period: str) -> str:
    """The most frequent complaint, else the most frequent theme, and how it moves."""
    span = text.lower_first(period)
    if not found.comments:
        return f"Nobody wrote a comment ({span})."
    said = [f for f in found.themes if f.figures.count]
    if not said:
        number, people = _people(found.comments, found.raters)
        return f"{number} by {people} ({span}); none of them is in a theme yet."
    complaints = [f for f in said if f.figures.tone == "complaint"]
    first = max(complaints or said, key=lambda f: f.figures.count)
    role = "the most frequent complaint" if complaints else "what people write about most"
    number, people = _people(first.figures.count, first.figures.raters)
    name, moved = _named(first.theme.name), trend_words(first.figures)
    return f"{name} is {role}: {number}, {people} ({span}); {moved}."


def trend_words(figures: ThemeFigures) -> str:
    """Whether there are more of them than four weeks before: 34 in 4 weeks, up from 20."""
    now, before = figures.recent, figures.before
    moved = "up from" if now > before else "down from" if now < before else "as many as"
    rest = "before" if now == before else f"{text.count(before)}"
    return f"{text.count(now)} in the last {TREND_DAYS // 7} weeks, {moved} {rest}"


def given_words(given: Given) -> str:
    """91 % of 44 thumbs up (78.8 % to 96.4 %); 4.32 of 5 in 34 star ratings (4.1 to 4.5)."""
    number = text.times(given.n, KINDS[given.kind])
    if given.estimate is None:
        return f"{number} by fewer than five people"
    estimate = given.estimate
    unit = "fraction" if given.kind == THUMBS else "stars"
    value = text.amount(estimate.value, unit)
    span = text.between(estimate.low, estimate.high, unit)
    interval = "" if span == text.UNKNOWN else f" ({span})"
    if given.kind == THUMBS:
        return f"{value} of {number} up{interval}"
    return f"{value} of 5 in {number}{interval}"


def unassigned_words(found: ThemesFound) -> str:
    """How many comments fit no theme, and why there may be no model."""
    share = found.unassigned_share
    said = []
    if share is not None:
        one_of = f"{text.count(found.unassigned.count)} of {text.count(found.comments)}"
        said.append(f"{text.share(share)} of the comments fit no theme ({one_of}).")
    if found.all_time < LEAST_COMMENTS:
        said.append(
            f"Below {LEAST_COMMENTS} comments there are only themes that people make by hand: "
            f"there are {text.count(found.all_time)} so far."
        )
    elif not found.is_modelled:
        said.append("The comments have too little in common for the model to group them.")
    if found.left_out:
        everything = text.count(found.comments + found.left_out)
        said.append(f"{text.count(found.left_out)} of {everything} are excluded from all counts.")
    return " ".join(said)


def reach_words(reach: Reach) -> str:
    """34 comments by 12 people about 30 tickets, 26 Oct 2026 to 22 Nov 2026."""
    number, people = _people(len(reach.comments), reach.raters)
    tickets = text.times(len(reach.tickets), "ticket")
    days = f"{text.day(reach.first_day)} to {text.day(reach.last_day)}"
    return f"{number} by {people} about {tickets}, {days}"


def problem_words(name: str, figures: ThemeFigures, reach: Reach) -> str:
    """A first statement of the problem, for a person to put right."""
    quote = f" Such as: {figures.quotes[0].text.strip()}" if figures.quotes else ""
    return " ".join(f"{name}: {reach_words(reach)}.{quote}".split())[:1_000]


def _named(name: str) -> str:
    """A name inside a sentence: one of several words with commas is set apart."""
    return (
        f"\N{LEFT DOUBLE QUOTATION MARK}{name}\N{RIGHT DOUBLE QUOTATION MARK}"
        if "," in name
        else name
    )


def _people(comments: int, raters: int) -> tuple[str, str]:
    return text.times(comments, "comment"), text.times(raters, "person", "people")
