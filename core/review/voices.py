"""What people said in a week, and what the roadmap would make of it."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from core.analytics.dates import Window
from core.base import text
from core.criteria.verdicts import CriterionResult
from core.feedback.themes.figures import theme_report
from core.feedback.themes.words import trend_words
from core.review.roadmap import opportunities
from core.review.roadmap_score import ranked
from core.store import Scope

MOST_THEMES, MOST_OPPORTUNITIES = 5, 3


def themes_of(scope: Scope, week: Window, *, today: date) -> list[dict[str, Any]]:
    """The themes with most comments in a week: name, a sentence, and quotes without names."""
    found = theme_report(scope, window=week, today=today)
    voiced = [one for one in found.themes if one.figures.comments]
    voiced.sort(key=lambda one: (-len(one.figures.comments), one.theme.name))
    return [
        {
            "name": one.theme.name,
            "words": f"{text.times(len(one.figures.comments), 'comment')}, "
            f"{trend_words(one.figures)}",
            "quotes": [comment.text for comment in one.figures.quotes],
        }
        for one in voiced[:MOST_THEMES]
    ]


def top_opportunities(scope: Scope, results: Mapping[str, CriterionResult]) -> list[dict[str, Any]]:
    """The opportunities that score highest: title, and the arithmetic in words."""
    scored = ranked(opportunities(scope), results)
    return [
        {
            "title": one.opportunity.title,
            "words": f"{one.priority} priority, {one.arithmetic}"
            if one.priority
            else one.arithmetic,
        }
        for one in scored[:MOST_OPPORTUNITIES]
    ]
