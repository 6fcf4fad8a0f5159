"""Which theme each comment belongs to: by hand before rule, by rule before the model."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256

from core.feedback.themes.comments import Comment
from core.feedback.themes.decided import HAND, MODEL, Decided
from core.feedback.themes.model import LEAST_COMMENTS, Model, fit
from core.feedback.themes.telling import theme_name

RULE = "rule"
# A group of the model is a known theme where this share of its comments, of those that were there
# when the theme was taken over, were the theme's, more than any other theme's.
LEAST_OVERLAP = 0.3


@dataclass(frozen=True, kw_only=True)
class Theme:
    """A theme with all its comments: how each came to it is hand, rule or model.

    `id` is None until someone decides something about it: until then the model found it anew.
    """

    key: str
    id: int | None
    name: str
    is_pinned: bool
    is_handmade: bool
    terms: tuple[str, ...]
    comments: tuple[Comment, ...]
    how: tuple[str, ...]


@dataclass(frozen=True)
class Placed:
    """Every comment in one theme or in none; `is_modelled` says whether the model took part."""

    themes: tuple[Theme, ...]
    unassigned: tuple[Comment, ...]
    is_modelled: bool


@dataclass(frozen=True)
class _Group:
    """A group of the model: a known theme, None for a new one; `is_gone` for a deleted one."""

    theme_id: int | None
    is_gone: bool


def placed(comments: Sequence[Comment], known: Decided, *, today: date) -> Placed:
    """Each comment of an account with its theme; the order of the comments does not matter.

    The model learns from the comments up to yesterday, so that one that comes in changes no group
    today, and places all of them. Below 30 comments there is no model.
    """
    comments = sorted(comments, key=lambda comment: (comment.at, comment.key))
    model = _model(comments, today)
    groups = model.groups_of([c.text for c in comments]) if model else [None] * len(comments)
    certain = {comment.key: _certain(comment, known) for comment in comments}
    met = _met(comments, groups, certain, known)
    members: dict[int | str, list[tuple[Comment, str]]] = defaultdict(list)
    unassigned = []
    for comment, group in zip(comments, groups, strict=True):
        theme_id, how = certain[comment.key]
        if how:
            place: int | str | None = known.live(theme_id)
        elif group is None or met[group].is_gone:
            place = None
        else:
            place = met[group].theme_id or _new_key(model, group)
            how = MODEL
        if place is None:
            unassigned.append(comment)
        else:
            members[place].append((comment, how))
    kept = [_kept(known, theme.id, members.get(theme.id, [])) for theme in known.shown]
    found = _found(model, members)
    return Placed((*kept, *found), tuple(unassigned), model is not None)


def _model(comments: Sequence[Comment], today: date) -> Model | None:
    if len(comments) < LEAST_COMMENTS:
        return None
    settled = [comment for comment in comments if comment.day < today]
    learnt = settled if len(settled) >= LEAST_COMMENTS else comments
    return fit(frozenset(comment.text for comment in learnt))


def _certain(comment: Comment, known: Decided) -> tuple[int | None, str]:
    """The theme of a comment, if any, by what people decided; no `how` leaves it to the model."""
    placing = known.placings.get(comment.key)
    by_hand = placing is not None and placing.how == HAND
    if placing and by_hand and (placing.theme_id is None or known.live(placing.theme_id)):
        return placing.theme_id, HAND
    for kept in known.rules:
        if known.live(kept.theme_id) is not None and kept.rule.takes(comment.text):
            return kept.theme_id, RULE
    if placing and by_hand:
        # Its theme was deleted: it belongs to none until someone says otherwise.
        return None, HAND
    if placing and placing.said == comment.said:
        return placing.theme_id, MODEL
    return None, ""


def _met(
    comments: Sequence[Comment],
    groups: Sequence[int | None],
    certain: Mapping[str, tuple[int | None, str]],
    known: Decided,
) -> dict[int, _Group]:
    """What is known of each group of the model, by the comments that it shares with themes."""
    members: dict[int, list[Comment]] = defaultdict(list)
    shared: dict[int, Counter[int]] = defaultdict(Counter)
    for comment, group in zip(comments, groups, strict=True):
        if group is not None:
            members[group].append(comment)
            theme_id, how = certain[comment.key]
            # What people put there by hand or rule says nothing of what the model groups.
            if how == MODEL and theme_id is not None:
                # A deleted theme goes on holding its group, so that the group does not come back.
                shared[group][known.live(theme_id) or theme_id] += 1
    met = {}
    for group, its in members.items():
        both = shared[group]
        best = min(both, key=lambda theme: (-both[theme], theme), default=None)
        if best is not None:
            made_at = known.themes[best].made_at
            if both[best] < LEAST_OVERLAP * sum(comment.at <= made_at for comment in its):
                best = None
        met[group] = _Group(best, best is not None and known.live(best) is None)
    return met


def _new_key(model: Model | None, group: int) -> str:
    """The same for a group as long as its nearest comment is."""
    assert model is not None
    return f"new-{sha256(model.nearest[group].encode('utf-8', 'surrogatepass')).hexdigest()[:12]}"


def _kept(known: Decided, theme_id: int, members: Sequence[tuple[Comment, str]]) -> Theme:
    theme = known.themes[theme_id]
    return Theme(
        key=str(theme_id),
        id=theme_id,
        name=theme.name,
        is_pinned=theme.is_pinned,
        is_handmade=theme.origin == HAND,
        terms=theme.terms,
        comments=tuple(comment for comment, _ in members),
        how=tuple(how for _, how in members),
    )


def _found(
    model: Model | None, members: Mapping[int | str, Sequence[tuple[Comment, str]]]
) -> list[Theme]:
    """The groups that are no known theme."""
    found = []
    for group in range(len(model.terms) if model else 0):
        assert model is not None
        key = _new_key(model, group)
        if key in members:
            found.append(
                Theme(
                    key=key,
                    id=None,
                    name=theme_name(model.terms[group], [model.nearest[group]]),
                    is_pinned=False,
                    is_handmade=False,
                    terms=model.terms[group],
                    comments=tuple(comment for comment, _ in members[key]),
                    how=tuple(how for _, how in members[key]),
                )
            )
    return found
