"""Comments into groups: tf-idf of character n-grams, and non-negative factors of it.

Lee and Seung, "Learning the parts of objects by non-negative matrix factorization", Nature 401
(1999). `python -m tests.bench.themes` measures it on reviews that people have annotated.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np

from core.feedback.themes.telling import telling_terms, words_of

# With fewer comments than this a group would be an accident: themes are made by hand.
LEAST_COMMENTS = 30
# How many themes: the most of these with six texts for each, at which the smallest holds one text
# of a hundred, and three at least. More than the first would not be read.
NUMBERS = (25, 20, 16, 12, 10, 8, 6, 5, 4, 3, 2)
MEAN_TEXTS = 6
LEAST_TEXTS = 3
LEAST_SHARE = 0.01
# A comment fits a theme by the cosine between them; below this it fits none.
LEAST_FIT = 0.1
# Parts of words stand for their stems, in any language and where no spaces part them.
NGRAMS = (3, 5)
MOST_FEATURES = 10_000
COMMONEST = 0.8
# Of fewer texts than this also what is in one text only counts: without it a text of which little
# else is left would seem all alike to a theme.
FEW_TEXTS = 1_000
MOST_ROUNDS = 200
SEED = 0


@dataclass(frozen=True)
class Model:
    """Groups numbered from 0: for each its telling terms and the text that is nearest to it."""

    terms: tuple[tuple[str, ...], ...]
    nearest: tuple[str, ...]
    _vectorizer: Any
    _axes: Any
    _known: dict[str, int] = field(compare=False, repr=False)

    def groups_of(self, texts: Sequence[str]) -> list[int | None]:
        """The group of each text; None for one that fits no group well."""
        new = sorted({text for text in texts if text not in self._known})
        if new:
            groups = self._placed_anew([_content(text) for text in new])
            known = self._known | dict(zip(new, groups, strict=True))
        else:
            known = self._known
        return [known[text] if known[text] >= 0 else None for text in texts]

    def _placed_anew(self, contents: Sequence[str]) -> list[int]:
        weights = self._vectorizer.transform(contents)
        # Of a text in other words the few n-grams that are known would make all its weight.
        parts = self._vectorizer.build_analyzer()
        told = np.array([max(len(set(parts(content))), 1) for content in contents])
        groups, _ = _placed(weights, self._axes, np.sqrt(weights.getnnz(axis=1) / told))
        found: list[int] = groups.tolist()
        return found


# The same texts give the same groups, which take seconds for ten thousand comments: nothing here
# can be out of date.
@lru_cache(maxsize=4)
def fit(texts: frozenset[str]) -> Model | None:
    """Groups of texts, the same ones for the same texts; None where they have too little in common.

    Each text counts once, however many wrote it, so that a set phrase is no theme of its own.
    """
    # Slow to import, and not needed before there are comments to group.
    from sklearn.feature_extraction.text import (  # type: ignore[import-untyped]  # noqa: PLC0415
        TfidfVectorizer,
    )

    told = sorted(text for text in texts if words_of(text))
    if len(told) < 2 * LEAST_TEXTS:
        return None
    vectorizer = TfidfVectorizer(
        analyzer="char_wb",
        ngram_range=NGRAMS,
        min_df=1 if len(told) < FEW_TEXTS else 2,
        max_df=COMMONEST,
        max_features=MOST_FEATURES,
        sublinear_tf=True,
        dtype=np.float32,
    )
    try:
        weights = vectorizer.fit_transform(map(_content, told))
    except ValueError:
        # Nothing is in two texts that is not in most of them.
        return None
    least = max(LEAST_TEXTS, LEAST_SHARE * len(told))
    for number in NUMBERS:
        if number * max(least, MEAN_TEXTS) > len(told) or number >= min(weights.shape):
            continue
        axes = _factors(weights, number)
        groups, fits = _placed(weights, axes)
        if np.bincount(groups[groups >= 0], minlength=number).min() >= least:
            return _model(told, vectorizer, axes, groups, fits)
    return None


def _model(told: Sequence[str], vectorizer: Any, axes: Any, groups: Any, fits: Any) -> Model:
    number = axes.shape[1]
    members: list[list[int]] = [np.flatnonzero(groups == group).tolist() for group in range(number)]
    return Model(
        terms=tuple(telling_terms([[told[n] for n in some] for some in members])),
        nearest=tuple(told[max(some, key=lambda n: (fits[n], -n))] for some in members),
        _vectorizer=vectorizer,
        _axes=axes,
        _known=dict(zip(told, groups.tolist(), strict=True)),
    )


def _factors(weights: Any, number: int) -> Any:
    """The axes of the groups as columns of length 1."""
    from sklearn.decomposition import NMF  # type: ignore[import-untyped]  # noqa: PLC0415
    from sklearn.exceptions import (  # type: ignore[import-untyped]  # noqa: PLC0415
        ConvergenceWarning,
    )

    factors = NMF(number, init="nndsvda", random_state=SEED, max_iter=MOST_ROUNDS, tol=1e-3)
    with warnings.catch_warnings():
        # The last rounds move no comment to another group.
        warnings.simplefilter("ignore", ConvergenceWarning)
        factors.fit(weights)
    axes = factors.components_.T
    return axes / np.maximum(np.linalg.norm(axes, axis=0), np.finfo(axes.dtype).tiny)


def _placed(weights: Any, axes: Any, known: Any = 1.0) -> tuple[Any, Any]:
    """For each text the nearest group, -1 where none is near, and how near it is.

    `known` is by how much a text counts whose parts are not all known.
    """
    # Rounded, so that another order of summing does not part what is equal.
    fits = np.round(weights @ axes, 5)
    groups = fits.argmax(axis=1)
    nearest = fits.max(axis=1) * known
    groups[nearest < LEAST_FIT] = -1
    return groups, nearest


def _content(text: str) -> str:
    return " ".join(words_of(text)).casefold()
