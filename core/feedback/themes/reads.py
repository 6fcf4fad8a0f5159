"""What people talk about: an account's themes in a window, and what belongs to none."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from core.analytics.dates import Window
from core.analytics.exclusions import excluded
from core.feedback.themes.comments import Comment, comments_of
from core.feedback.themes.decided import Decided, KeptRule, KeptTheme, decided
from core.feedback.themes.figures import Reach, ThemeFigures, reach_of, theme_figures
from core.feedback.themes.placed import Theme, placed
from core.store import Opportunity, Scope, table

# Which themes are shown, as people choose them.
STATUSES = {
    "all": "All",
    "kept": "Kept",
    "found": "New",
    "roadmap": "In the roadmap",
}


@dataclass(frozen=True, kw_only=True)
class ThemeFound:
    """A theme with its figures in a window, the rules in force, and its opportunities' ids.

    `everything` are the figures with what is excluded, None where nothing of it is.
    """

    theme: Theme
    figures: ThemeFigures
    everything: ThemeFigures | None
    reach: Reach
    rules: tuple[KeptRule, ...]
    opportunities: tuple[int, ...]

    def is_of(self, status: str) -> bool:
        """Whether it is shown for one of `STATUSES`."""
        return {
            "kept": self.theme.id is not None,
            "found": self.theme.id is None,
            "roadmap": bool(self.opportunities),
        }.get(status, True)


@dataclass(frozen=True, kw_only=True)
class ThemesFound:
    """The themes of a window, pinned ones first, then by their comments; exclusions left out.

    A theme without comments in the window is there when people made or kept it. `comments` counts
    all of the window; `all_time` those of the account, by which a model is made or not;
    `left_out` those of the window that are excluded. `gone` are merged or deleted themes.
    """

    themes: tuple[ThemeFound, ...]
    unassigned: ThemeFigures
    comments: int
    raters: int
    all_time: int
    left_out: int
    is_modelled: bool
    gone: tuple[KeptTheme, ...]

    @property
    def unassigned_share(self) -> float | None:
        """The share of the window's comments that fit no theme; None without comments."""
        return self.unassigned.count / self.comments if self.comments else None


def themes_found(scope: Scope, *, window: Window, today: date) -> ThemesFound:
    """What people of an account talk about in a window.

    Groups are made of all comments, so that a theme is the same in every window; counts are of the
    window, without what the account's exclusions leave out.
    """
    without = excluded(scope)
    with scope.read() as session:
        written, known = comments_of(session, scope.account), decided(session, scope.account)
        opportunity = table(Opportunity).c
        entered = session.connection().execute(
            select(opportunity.id, opportunity.theme_id)
            .where(opportunity.account_id == scope.account, opportunity.theme_id.is_not(None))
            .order_by(opportunity.id)
        )
        of_theme = [(known.live(theme_id), number) for number, theme_id in entered]
    out = frozenset(comment.key for comment in written if comment.is_left_out(without))
    all_of_it = placed(written, known, today=today)
    found = [
        _found(theme, known, of_theme=of_theme, out=out, window=window, today=today)
        for theme in all_of_it.themes
    ]
    found.sort(key=lambda f: (not f.theme.is_pinned, -f.figures.count, f.theme.name, f.theme.key))
    inside = [comment for comment in written if window.takes(comment.day)]
    shown = [comment for comment in inside if comment.key not in out]
    return ThemesFound(
        themes=tuple(f for f in found if f.figures.count or f.theme.id is not None),
        unassigned=theme_figures(_kept(all_of_it.unassigned, out), window, today=today),
        comments=len(shown),
        raters=len({comment.rater for comment in shown}),
        all_time=len(written),
        left_out=len(inside) - len(shown),
        is_modelled=all_of_it.is_modelled,
        gone=tuple(t for t in known.themes.values() if known.live(t.id) != t.id),
    )


def _found(
    theme: Theme,
    known: Decided,
    *,
    of_theme: Sequence[tuple[int | None, int]],
    out: frozenset[str],
    window: Window,
    today: date,
) -> ThemeFound:
    kept = _kept(theme.comments, out)
    until = min(window.end or today, today)
    is_cut = any(c.key in out and window.takes(c.day) for c in theme.comments)
    return ThemeFound(
        theme=theme,
        figures=theme_figures(kept, window, today=today),
        everything=theme_figures(theme.comments, window, today=today) if is_cut else None,
        reach=reach_of(kept, until),
        rules=tuple(
            rule for rule in known.rules if theme.id and known.live(rule.theme_id) == theme.id
        ),
        opportunities=tuple(n for number, n in of_theme if theme.id and number == theme.id),
    )


def _kept(comments: Sequence[Comment], out: frozenset[str]) -> list[Comment]:
    return [comment for comment in comments if comment.key not in out]
