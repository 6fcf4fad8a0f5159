"""The figures of each theme in a window: comments, people, trend, ratings, quotes and reach."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import sqrt

from core.analytics.dates import Window
from core.analytics.exclusions import excluded
from core.base import stats
from core.base.stats import Estimate
from core.feedback.satisfaction import busiest_share
from core.feedback.surveys import LEAST_ANSWERS
from core.feedback.themes.assignment import (
    Decisions,
    PlacingRule,
    Theme,
    assign_themes,
    load_decisions,
)
from core.feedback.themes.comments import FEEDBACK, Comment, comments_of
from core.feedback.themes.model import words_of
from core.store import Opportunity, Scope, table
from core.store import Theme as ThemeRow

TREND_DAYS = 28
MOST_QUOTES = 3
# Longer comments are quoted only where there are no others.
LONGEST_QUOTE = 400
HALF_LIFE_DAYS = 28.0
THUMBS, STARS, OVERALL = "thumbs", "stars", "overall"
# Filters of the list of themes, with their labels.
STATUSES = {"all": "All", "kept": "Kept", "found": "New", "roadmap": "In the roadmap"}


@dataclass(frozen=True, kw_only=True)
class Given:
    """The ratings of one kind that came with comments; never inferred from their words.

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
    """The figures of a theme, or of all comments, in a window.

    `recent` counts the comments of the 28 days up to the window's end, or today, `before` those of
    the 28 days before. `categories` counts tickets by category, None below five people.
    `busiest_share` is the share of the comments by one person, None without comments. `tone` is
    complaint or praise where all ratings and survey questions agree on it, else topic.
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
        """The number of comments."""
        return len(self.comments)


@dataclass(frozen=True, kw_only=True)
class Reach:
    """The comments, people and tickets of a theme from one day to another.

    `comments` and `tickets` are the keys and ids that were counted.
    """

    first_day: date
    last_day: date
    comments: tuple[str, ...]
    raters: int
    tickets: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ThemeSummary:
    """A theme with its figures in a window, its rules in force, and its opportunities' ids.

    `everything` are the figures with excluded comments, None where none of them is excluded.
    """

    theme: Theme
    figures: ThemeFigures
    everything: ThemeFigures | None
    reach: Reach
    rules: tuple[PlacingRule, ...]
    opportunities: tuple[int, ...]

    def is_of(self, status: str) -> bool:
        """Whether it is shown for one of `STATUSES`."""
        return {
            "kept": self.theme.id is not None,
            "found": self.theme.id is None,
            "roadmap": bool(self.opportunities),
        }.get(status, True)


@dataclass(frozen=True, kw_only=True)
class ThemeReport:
    """The themes of a window without exclusions: pinned ones first, then by number of comments.

    Stored themes are listed also without comments in the window. `comments` counts all of the
    window; `all_time` those of the account, on which the model depends; `left_out` the excluded
    ones of the window. `gone` are merged or deleted themes.
    """

    themes: tuple[ThemeSummary, ...]
    unassigned: ThemeFigures
    comments: int
    raters: int
    all_time: int
    left_out: int
    is_modelled: bool
    gone: tuple[ThemeRow, ...]

    @property
    def unassigned_share(self) -> float | None:
        """The share of the window's comments that fit no theme; None without comments."""
        return self.unassigned.count / self.comments if self.comments else None


def theme_report(scope: Scope, *, window: Window, today: date) -> ThemeReport:
    """The themes of an account in a window.

    Themes are made from all comments, so that a theme is the same in every window; counts are of
    the window, without the account's exclusions.
    """
    without = excluded(scope)
    with scope.read() as session:
        written, known = comments_of(session, scope.account), load_decisions(session, scope.account)
        entered = scope.objects(Opportunity, order_by=[table(Opportunity).c.id])
    of_theme = [(known.live(one.theme_id), one.id) for one in entered]
    out = frozenset(comment.key for comment in written if comment.is_left_out(without))
    assigned = assign_themes(written, known, today=today)
    themes = [
        _summary(theme, known, of_theme=of_theme, out=out, window=window, today=today)
        for theme in assigned.themes
    ]
    themes.sort(key=lambda f: (not f.theme.is_pinned, -f.figures.count, f.theme.name, f.theme.key))
    inside = [comment for comment in written if window.takes(comment.day)]
    shown = _without(inside, out)
    return ThemeReport(
        themes=tuple(f for f in themes if f.figures.count or f.theme.id is not None),
        unassigned=theme_figures(_without(assigned.unassigned, out), window, today=today),
        comments=len(shown),
        raters=len({comment.rater for comment in shown}),
        all_time=len(written),
        left_out=len(inside) - len(shown),
        is_modelled=assigned.is_modelled,
        gone=tuple(t for t in known.themes.values() if known.live(t.id) != t.id),
    )


def theme_figures(comments: Sequence[Comment], window: Window, *, today: date) -> ThemeFigures:
    """The figures of a theme in a window; `comments` are all of the theme, for its trend."""
    shown = tuple(comment for comment in comments if window.takes(comment.day))
    until = min(window.end or today, today)
    raters = [comment.rater for comment in shown]
    number = len(set(raters))
    categories = None
    if number >= LEAST_ANSWERS:
        tickets = {c.ticket: c.category or "Not known" for c in shown if c.ticket is not None}
        counts = Counter(tickets.values()).items()
        categories = dict(sorted(counts, key=lambda item: (-item[1], item[0])))
    given = _given(shown)
    return ThemeFigures(
        comments=shown,
        raters=number,
        recent=_in_days(comments, until),
        before=_in_days(comments, until - timedelta(days=TREND_DAYS)),
        given=given,
        tone=_tone(given, shown),
        quotes=quotes_of(shown, until),
        busiest_share=busiest_share(raters),
        categories=categories,
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
    """Three typical comments with different texts, by different people where possible.

    A comment's score is the cosine between its words and those of the theme, each word weighted by
    the comments that have it, halved for every four weeks of age.
    """
    words = {c.key: {word.casefold() for word in words_of(c.text)} for c in comments}
    weight = Counter(word for own in words.values() for word in own)

    def score(comment: Comment) -> float:
        own = words[comment.key]
        age = max((until - comment.day).days, 0)
        likeness = sum(sorted(weight[word] for word in own)) / sqrt(len(own)) if own else 0.0
        return float(likeness * 0.5 ** (age / HALF_LIFE_DAYS))

    ranked = sorted(
        comments, key=lambda c: (len(c.text) > LONGEST_QUOTE, -score(c), -c.at.timestamp(), c.key)
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


def _summary(
    theme: Theme,
    known: Decisions,
    *,
    of_theme: Sequence[tuple[int | None, int]],
    out: frozenset[str],
    window: Window,
    today: date,
) -> ThemeSummary:
    kept = _without(theme.comments, out)
    is_cut = any(c.key in out and window.takes(c.day) for c in theme.comments)
    return ThemeSummary(
        theme=theme,
        figures=theme_figures(kept, window, today=today),
        everything=theme_figures(theme.comments, window, today=today) if is_cut else None,
        reach=reach_of(kept, min(window.end or today, today)),
        rules=tuple(
            rule for rule in known.rules if theme.id and known.live(rule.theme_id) == theme.id
        ),
        opportunities=tuple(n for number, n in of_theme if theme.id and number == theme.id),
    )


def _without(comments: Sequence[Comment], out: frozenset[str]) -> list[Comment]:
    return [comment for comment in comments if comment.key not in out]


def _in_days(comments: Sequence[Comment], until: date) -> int:
    first = until - timedelta(days=TREND_DAYS - 1)
    return sum(first <= comment.day <= until for comment in comments)


def _given(comments: Sequence[Comment]) -> tuple[Given, ...]:
    """Thumbs, stars and overall ratings, those that were given."""
    # A response has one overall rating, however many texts.
    responses = {comment.key.rpartition(":")[0]: comment for comment in comments}
    kinds = (
        (THUMBS, [(c.rater, c.thumb) for c in comments if c.thumb is not None]),
        (STARS, [(c.rater, c.stars) for c in comments if c.stars is not None]),
        (OVERALL, [(c.rater, c.overall) for c in responses.values() if c.overall is not None]),
    )
    return tuple(_measured(kind, votes) for kind, votes in kinds if votes)


def _measured(kind: str, votes: Sequence[tuple[str, str | int]]) -> Given:
    raters, counts = len({rater for rater, _ in votes}), Counter(vote for _, vote in votes)
    estimate: Estimate | None = None
    distribution: dict[str | int, int] | None = None
    if raters >= LEAST_ANSWERS and kind == THUMBS:
        estimate = stats.proportion_estimate(counts["up"], len(votes))
        distribution = {choice: counts[choice] for choice in ("up", "down")}
    elif raters >= LEAST_ANSWERS:
        estimate = stats.rating_estimate([float(vote) for _, vote in votes])
        distribution = {choice: counts[choice] for choice in (1, 2, 3, 4, 5)}
    return Given(
        kind=kind, n=len(votes), raters=raters, estimate=estimate, distribution=distribution
    )


def _tone(given: Sequence[Given], comments: Sequence[Comment]) -> str:
    """What thumbs, stars and the survey's questions each indicate; topic where they differ.

    Overall ratings do not count: they are of everything, not of the theme.
    """
    leans = set()
    for one in given:
        middle = 0.5 if one.kind == THUMBS else 3.0
        value = one.estimate.value if one.estimate is not None else None
        if one.kind != OVERALL and value is not None and value != middle:
            leans.add(value > middle)
    asked = Counter(comment.source for comment in comments if comment.source != FEEDBACK)
    if asked.total() >= LEAST_ANSWERS and 2 * asked["what_helps"] != asked.total():
        leans.add(2 * asked["what_helps"] > asked.total())
    if len(leans) != 1:
        return "topic"
    return "praise" if leans == {True} else "complaint"
