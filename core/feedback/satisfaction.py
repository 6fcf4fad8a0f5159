"""How satisfied are technicians: stars given in the product, in the survey, and both together."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from core.analytics.dates import Window
from core.analytics.exclusions import NOTHING, Excluded
from core.base import stats
from core.base.stats import Estimate
from core.feedback.counted_votes import votes_of
from core.feedback.survey_answers import survey_answers
from core.store import Feedback, Scope, table


@dataclass(frozen=True, kw_only=True)
class Satisfaction:
    """Means of ratings from 1 to 5 with their t intervals, each counted by its day.

    `busiest_share` is the share of the in-product ratings that `busiest_rater` gave, None without
    any; `ratings` are all of them. Ratings of one person resemble each other, so a large share
    makes intervals too narrow.
    """

    in_product: Estimate
    survey: Estimate
    together: Estimate
    busiest_rater: str | None
    busiest_share: float | None
    ratings: tuple[int, ...] = ()


def satisfaction(scope: Scope, *, window: Window, without: Excluded = NOTHING) -> Satisfaction:
    """The ratings of a window: current votes on tickets and enhancements, and survey answers.

    Votes on pages of this product rate no enhancement and do not count.
    """
    votes = _ratings(scope, window, without)
    answers = survey_answers(scope, ["overall"], window=window, without=without)
    in_survey = [answer for (answer,) in answers if answer is not None]
    in_product = [rating for _, rating in votes]
    raters = Counter(rater for rater, _ in votes)
    # Of two who gave as many, the first by name.
    busiest = min(raters, key=lambda rater: (-raters[rater], rater), default=None)
    return Satisfaction(
        in_product=stats.mean_estimate(in_product),
        survey=stats.mean_estimate(in_survey),
        together=stats.mean_estimate(in_product + in_survey),
        busiest_rater=busiest,
        busiest_share=None if busiest is None else raters[busiest] / len(votes),
        ratings=(*in_product, *in_survey),
    )


def _ratings(scope: Scope, window: Window, without: Excluded) -> Sequence[tuple[str, int]]:
    votes = table(Feedback).c
    statement = votes_of(scope.account, window, without, votes.rater, votes.rating).where(
        votes.rating.is_not(None)
    )
    with scope.read() as session:
        return [(rater, rating) for rater, rating in session.connection().execute(statement)]
