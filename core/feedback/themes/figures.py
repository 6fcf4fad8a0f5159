"""What is said in a theme: how much, by whom, how it moves, what they gave, and in their words."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import sqrt

from core.analytics.dates import Window
from core.base import stats
from core.base.stats import Estimate
from core.feedback.survey_answers import LEAST_ANSWERS
from core.feedback.themes.comments import FEEDBACK, Comment
from core.feedback.themes.telling import words_of

TREND_DAYS = 28
MOST_QUOTES = 3
# Longer comments are quoted where there are no others.
LONGEST_QUOTE = 400
HALF_LIFE_DAYS = 28.0
THUMBS, STARS, OVERALL = "thumbs", "stars", "overall"


@dataclass(frozen=True, kw_only=True)
class Given:
    """What people gave with their comments, of one kind; never guessed from their words.

    `kind` is thumbs (a share of thumbs up), stars (of votes, 1 to 5) or overall (of survey
    responses, 1 to 5). With fewer than five people the estimate and the distribution are None.
    """

    kind: str
    n: int
    raters: int
    estimate: Estimate | None
    distribution: Mapping[str | int, int] | None


@dataclass(frozen=True, kw_only=True)
class ThemeFigures:
    """A theme, or all comments, in a window.

    `recent` are the comments of the 28 days up to the window's end, or today, `before` those of the
    28 days before that. `categories` counts tickets by category, None below five people.
    `busiest_share` is the share of the comments that one person wrote, None without comments.
    `tone` is complaint or praise where all that was given, or asked, says so; else topic.
    """

    comments: tuple[Comment, ...]
    raters: int
    recent: int
    before: int
    given: tuple[Given, ...]
    tone: str
    quotes: tuple[Comment, ...]
    busiest_share: float | None
    categories: Mapping[str, int] | None

    @property
    def count(self) -> int:
        return len(self.comments)


@dataclass(frozen=True, kw_only=True)
class Reach:
    """How many comments, people and tickets a theme concerned from one day to another.

    `comments` and `tickets` are the keys and ids that were counted.
    """

    first_day: date
    last_day: date
    comments: tuple[str, ...]
    raters: int
    tickets: tuple[str, ...]


def theme_figures(comments: Sequence[Comment], window: Window, *, today: date) -> ThemeFigures:
    """What the comments of a theme say in a window; all of them are given, also those outside."""
    shown = tuple(comment for comment in comments if window.takes(comment.day))
    until = min(window.end or today, today)
    raters = Counter(comment.rater for comment in shown)
    is_many = len(raters) >= LEAST_ANSWERS
    tickets = {c.ticket: c.category or "Not known" for c in shown if c.ticket is not None}
    given = _given(shown)
    return ThemeFigures(
        comments=shown,
        raters=len(raters),
        recent=_in_days(comments, until),
        before=_in_days(comments, until - timedelta(days=TREND_DAYS)),
        given=given,
        tone=_tone(given, shown),
        quotes=quotes_of(shown, until),
        busiest_share=max(raters.values()) / len(shown) if shown else None,
        categories=dict(sorted(Counter(tickets.values()).items(), key=lambda kv: (-kv[1], kv[0])))
        if is_many
        else None,
    )


def reach_of(comments: Sequence[Comment], last_day: date) -> Reach:
    """The reach of a theme in the 28 days up to a day."""
    first_day = last_day - timedelta(days=TREND_DAYS - 1)
    counted = [comment for comment in comments if first_day <= comment.day <= last_day]
    return Reach(
        first_day=first_day,
        last_day=last_day,
        comments=tuple(comment.key for comment in counted),
        raters=len({comment.rater for comment in counted}),
        tickets=tuple(sorted({comment.ticket for comment in counted if comment.ticket})),
    )


def quotes_of(comments: Sequence[Comment], until: date) -> tuple[Comment, ...]:
    """Three comments of different words, by different people where there are as many.

    Each is worth the cosine between its words and those of the theme, a word weighing as many
    comments as have it, halved for every four weeks of age.
    """
    words = {c.key: {word.casefold() for word in words_of(c.text)} for c in comments}
    weight = Counter(word for said in words.values() for word in said)

    def worth(comment: Comment) -> float:
        said = words[comment.key]
        age = max((until - comment.day).days, 0)
        likeness = sum(sorted(weight[word] for word in said)) / sqrt(len(said)) if said else 0.0
        return float(likeness * 0.5 ** (age / HALF_LIFE_DAYS))

    ranked = sorted(
        comments,
        key=lambda c: (len(c.text) > LONGEST_QUOTE, -worth(c), -c.at.timestamp(), c.key),
    )
    chosen: list[Comment] = []
    for is_picky in (True, False):
        for comment in ranked:
            texts = {c.text.strip().casefold() for c in chosen}
            is_same = comment.text.strip().casefold() in texts
            is_known = is_picky and comment.rater in {c.rater for c in chosen}
            if len(chosen) < MOST_QUOTES and not is_same and not is_known:
                chosen.append(comment)
    return tuple(chosen)


def _in_days(comments: Sequence[Comment], until: date) -> int:
    first = until - timedelta(days=TREND_DAYS - 1)
    return sum(first <= comment.day <= until for comment in comments)


def _given(comments: Sequence[Comment]) -> tuple[Given, ...]:
    """Thumbs, stars and overall ratings, those that someone gave."""
    # A response has one overall rating, however many texts.
    responses = {comment.key.rpartition(":")[0]: comment for comment in comments}
    kinds = (
        (THUMBS, [(c.rater, c.thumb) for c in comments if c.thumb is not None]),
        (STARS, [(c.rater, c.stars) for c in comments if c.stars is not None]),
        (OVERALL, [(c.rater, c.overall) for c in responses.values() if c.overall is not None]),
    )
    return tuple(_measured(kind, votes) for kind, votes in kinds if votes)


def _measured(kind: str, votes: Sequence[tuple[str, str | int]]) -> Given:
    raters = len({rater for rater, _ in votes})
    if raters < LEAST_ANSWERS:
        return Given(kind=kind, n=len(votes), raters=raters, estimate=None, distribution=None)
    counts = Counter(vote for _, vote in votes)
    if kind == THUMBS:
        estimate = stats.proportion_estimate(counts["up"], len(votes))
    else:
        estimate = stats.mean_estimate([float(vote) for _, vote in votes])
    choices: tuple[str | int, ...] = ("up", "down") if kind == THUMBS else (1, 2, 3, 4, 5)
    return Given(
        kind=kind,
        n=len(votes),
        raters=raters,
        estimate=estimate,
        distribution={choice: counts[choice] for choice in choices},
    )


def _tone(given: Sequence[Given], comments: Sequence[Comment]) -> str:
    """What thumbs, stars and the survey's questions say, each by itself; topic where they differ.

    An overall rating is of everything, and says nothing of the theme.
    """
    leans = {
        found.estimate.value > (0.5 if found.kind == THUMBS else 3.0)
        for found in given
        if found.kind != OVERALL
        and found.estimate is not None
        and found.estimate.value is not None
        and found.estimate.value != (0.5 if found.kind == THUMBS else 3.0)
    }
    asked = Counter(comment.source for comment in comments if comment.source != FEEDBACK)
    if asked.total() >= LEAST_ANSWERS and 2 * asked["what_helps"] != asked.total():
        leans.add(2 * asked["what_helps"] > asked.total())
    if len(leans) != 1:
        return "topic"
    return "praise" if leans == {True} else "complaint"
