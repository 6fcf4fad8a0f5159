"""Sentences about themes."""

from core.base import text
from core.feedback.themes.figures import (
    OVERALL,
    STARS,
    THUMBS,
    TREND_DAYS,
    Given,
    Reach,
    ThemeFigures,
    ThemeReport,
)
from core.feedback.themes.model import LEAST_COMMENTS

KINDS = {THUMBS: "thumb", STARS: "star rating", OVERALL: "survey rating"}


def themes_answer(found: ThemeReport, period: str) -> str:
    """The most frequent complaint, else the most frequent theme, and its trend."""
    span = text.lower_first(period)
    if not found.comments:
        return f"There are no comments ({span})."
    voiced = [one for one in found.themes if one.figures.count]
    if not voiced:
        comments = _by_people(found.comments, found.raters)
        return f"{comments} ({span}); none of them is in a theme yet."
    complaints = [one for one in voiced if one.figures.tone == "complaint"]
    first = max(complaints or voiced, key=lambda one: one.figures.count)
    name, figures = first.theme.name, first.figures
    if "," in name:
        name = text.quoted(name)
    role = "complaint" if complaints else "theme"
    return f"{name} is the most frequent {role} ({span}): {figures_words(figures)}."


def figures_words(figures: ThemeFigures) -> str:
    """12 comments by 7 people; 8 in the last 4 weeks, up from 4."""
    return f"{_by_people(figures.count, figures.raters)}; {trend_words(figures)}"


def trend_words(figures: ThemeFigures) -> str:
    """The comments of the last four weeks against those of the four before: 34, up from 20."""
    now, before = figures.recent, figures.before
    moved = (
        "as many as before"
        if now == before
        else f"{'up' if now > before else 'down'} from {text.count(before)}"
    )
    return f"{text.count(now)} in the last {TREND_DAYS // 7} weeks, {moved}"


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


def unassigned_words(found: ThemeReport) -> str:
    """The comments that fit no theme, why there may be no model, and the excluded comments."""
    share = found.unassigned_share
    sentences = []
    if share is not None:
        one_of = f"{text.count(found.unassigned.count)} of {text.count(found.comments)}"
        sentences.append(f"{text.share(share)} of the comments fit no theme ({one_of}).")
    if found.all_time < LEAST_COMMENTS:
        sentences.append(
            f"Themes are found automatically from {LEAST_COMMENTS} comments on; with "
            f"{text.count(found.all_time)} so far they can only be made by hand."
        )
    elif not found.is_modelled:
        sentences.append("The comments have too little in common for the model to group them.")
    if found.left_out:
        everything = text.count(found.comments + found.left_out)
        sentences.append(f"{text.count(found.left_out)} of {everything} comments are excluded.")
    return " ".join(sentences)


def reach_words(reach: Reach) -> str:
    """34 comments by 12 people about 30 tickets, 26 Oct 2026 to 22 Nov 2026."""
    comments = _by_people(len(reach.comments), reach.raters)
    tickets = text.times(len(reach.tickets), "ticket")
    days = f"{text.day(reach.first_day)} to {text.day(reach.last_day)}"
    return f"{comments} about {tickets}, {days}"


def problem_words(name: str, figures: ThemeFigures, reach: Reach) -> str:
    """A draft of the problem statement, for a person to edit."""
    quote = f" For example: {figures.quotes[0].text.strip()}" if figures.quotes else ""
    return " ".join(f"{name}: {reach_words(reach)}.{quote}".split())[:1_000]


def _by_people(comments: int, raters: int) -> str:
    return f"{text.times(comments, 'comment')} by {text.times(raters, 'person', 'people')}"
