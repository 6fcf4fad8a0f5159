"""Group comments by topic: tf-idf of character n-grams, then non-negative matrix factorisation.

Source: Lee and Seung, "Learning the parts of objects by non-negative matrix factorization", Nature
401 (1999). `python -m tests.bench.themes` measures the model on reviews that people annotated.
"""

import re
import warnings
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from math import log
from pathlib import Path
from typing import Any

import numpy as np

# With fewer comments than this a group would be an accident: themes are made by hand.
LEAST_COMMENTS = 30
# Candidate numbers of themes. Taken is the largest with a mean of six texts for each theme at which
# the smallest theme holds 1 % of the texts, and three at least. More than 25 would not be read.
NUMBERS = (25, 20, 16, 12, 10, 8, 6, 5, 4, 3, 2)
MEAN_TEXTS = 6
LEAST_TEXTS = 3
LEAST_SHARE = 0.01
# Below this cosine similarity a comment belongs to no theme.
LEAST_FIT = 0.1
# Parts of words stand for their stems, in any language, also in scripts without spaces.
NGRAMS = (3, 5)
MOST_FEATURES = 10_000
COMMONEST = 0.8
# With fewer texts than this, n-grams of a single text are kept: without them a text with little
# else left would be too similar to a theme.
FEW_TEXTS = 1_000
MOST_ROUNDS = 200
SEED = 0

# Two letters or more, of any script; digits and signs do not tell a theme.
WORD = re.compile(r"[^\W\d_]{2,}")
STOP_WORDS = frozenset(
    word
    for line in Path(__file__).with_name("stop_words.txt").read_text("utf-8").splitlines()
    if not line.startswith("#")
    for word in line.split()
)
LONGEST_PHRASE = 2
MOST_TERMS = 8
IN_A_NAME = 3
# A phrase replaces a word in it where it accounts for this share of the word's uses.
PHRASE_SHARE = 0.6
# Words with the same first letters are taken for forms of one word: article, articles.
STEM = 5
LONGEST_FOUND_NAME = 60


@dataclass(frozen=True)
class Model:
    """Groups numbered from 0: for each its characteristic terms and its most typical text."""

    terms: tuple[tuple[str, ...], ...]
    nearest: tuple[str, ...]
    _vectorizer: Any
    _axes: Any
    _known: dict[str, int] = field(compare=False, repr=False)

    def groups_of(self, texts: Sequence[str]) -> list[int | None]:
        """The group of each text; None for one that fits no group well."""
        new = sorted({text for text in texts if text not in self._known})
        known = self._known | (dict(zip(new, self._predict(new), strict=True)) if new else {})
        return [known[text] if known[text] >= 0 else None for text in texts]

    def _predict(self, texts: Sequence[str]) -> list[int]:
        contents = [_content(text) for text in texts]
        weights = self._vectorizer.transform(contents)
        # Without this, the few known n-grams of an otherwise unknown text would be all its weight.
        parts = self._vectorizer.build_analyzer()
        number = np.array([max(len(set(parts(content))), 1) for content in contents])
        groups, _ = _nearest(weights, self._axes, np.sqrt(weights.getnnz(axis=1) / number))
        found: list[int] = groups.tolist()
        return found


# Deterministic, and takes seconds for ten thousand comments: a cached model is never out of date.
@lru_cache(maxsize=4)
def fit(texts: frozenset[str]) -> Model | None:
    """Group texts, the same way for the same texts; None where they have too little in common.

    Each distinct text counts once, so that a stock phrase does not become a theme of its own.
    """
    # Slow to import, and not needed before there are comments to group.
    from sklearn.feature_extraction.text import TfidfVectorizer  # type: ignore[import-untyped]  # noqa: PLC0415

    usable = sorted(text for text in texts if words_of(text))
    if len(usable) < 2 * LEAST_TEXTS:
        return None
    vectorizer = TfidfVectorizer(
        analyzer="char_wb",
        ngram_range=NGRAMS,
        min_df=1 if len(usable) < FEW_TEXTS else 2,
        max_df=COMMONEST,
        max_features=MOST_FEATURES,
        sublinear_tf=True,
        dtype=np.float32,
    )
    try:
        weights = vectorizer.fit_transform(map(_content, usable))
    except ValueError:
        # No n-gram is in two texts without being in most of them.
        return None
    least = max(LEAST_TEXTS, LEAST_SHARE * len(usable))
    for number in NUMBERS:
        if number * max(least, MEAN_TEXTS) > len(usable) or number >= min(weights.shape):
            continue
        axes = _factors(weights, number)
        groups, fits = _nearest(weights, axes)
        if np.bincount(groups[groups >= 0], minlength=number).min() < least:
            continue
        members = [np.flatnonzero(groups == group).tolist() for group in range(number)]
        return Model(
            terms=tuple(characteristic_terms([[usable[n] for n in some] for some in members])),
            nearest=tuple(usable[max(some, key=lambda n: (fits[n], -n))] for some in members),
            _vectorizer=vectorizer,
            _axes=axes,
            _known=dict(zip(usable, groups.tolist(), strict=True)),
        )
    return None


def _factors(weights: Any, number: int) -> Any:
    """The axes of the groups as columns of length 1."""
    from sklearn.decomposition import NMF  # type: ignore[import-untyped]  # noqa: PLC0415
    from sklearn.exceptions import ConvergenceWarning  # type: ignore[import-untyped]  # noqa: PLC0415

    factors = NMF(number, init="nndsvda", random_state=SEED, max_iter=MOST_ROUNDS, tol=1e-3)
    with warnings.catch_warnings():
        # The last rounds move no comment to another group.
        warnings.simplefilter("ignore", ConvergenceWarning)
        factors.fit(weights)
    axes = factors.components_.T
    return axes / np.maximum(np.linalg.norm(axes, axis=0), np.finfo(axes.dtype).tiny)


def _nearest(weights: Any, axes: Any, known: Any = 1.0) -> tuple[Any, Any]:
    """For each text the nearest group, -1 where none is near, and the similarity.

    `known` scales the similarity of a text that has unknown n-grams.
    """
    # Rounded, so that the order of summation does not separate equal values.
    fits = np.round(weights @ axes, 5)
    groups = fits.argmax(axis=1)
    nearest = fits.max(axis=1) * known
    groups[nearest < LEAST_FIT] = -1
    return groups, nearest


def _content(text: str) -> str:
    return " ".join(words_of(text)).casefold()


def words_of(text: str) -> list[str]:
    """The words of a text without stop words, in their order and spelling."""
    return [word for word in WORD.findall(text) if word.casefold() not in STOP_WORDS]


def characteristic_terms(groups: Sequence[Sequence[str]]) -> list[tuple[str, ...]]:
    """For each group of texts the words and phrases that best tell it from the other groups.

    A term's score is its part of the Kullback-Leibler divergence, p ln(p / q): p is the share of
    the group's texts with the term, q that of all texts. A term has to be in two texts.
    """
    spellings: Counter[str] = Counter()
    counted = [_texts_with(group, spellings) for group in groups]
    everywhere: Counter[tuple[str, ...]] = Counter()
    for counts in counted:
        everywhere.update(counts)
    number = sum(len(group) for group in groups)
    # The most frequent spelling of a word; of equally frequent ones that with the fewest capitals.
    spelt = {
        word.casefold(): word
        for word in sorted(spellings, key=lambda word: (spellings[word], word))
    }
    found = []
    for group, counts in zip(groups, counted, strict=True):
        score = {
            term: n / len(group) * log(n / len(group) * number / everywhere[term])
            for term, n in counts.items()
            if n >= 2
        }
        terms = _distinct(sorted(score, key=lambda term: (-score[term], term)), counts)
        found.append(tuple(" ".join(spelt[word] for word in term) for term in terms))
    return found


def theme_name(terms: Sequence[str], texts: Iterable[str]) -> str:
    """A first name: the most characteristic terms, or the shortest text where there is no term."""
    if not terms:
        shortest = min(texts, key=lambda text: (len(text), text))
        return " ".join(shortest.split())[:LONGEST_FOUND_NAME]
    name = ", ".join(terms[:IN_A_NAME])[:LONGEST_FOUND_NAME]
    return name[:1].upper() + name[1:]


def _texts_with(texts: Sequence[str], spellings: Counter[str]) -> Counter[tuple[str, ...]]:
    """The number of texts with each word or phrase; adds the words as spelt to `spellings`."""
    counts: Counter[tuple[str, ...]] = Counter()
    for text in texts:
        spelt = words_of(text)
        spellings.update(spelt)
        words = [word.casefold() for word in spelt]
        counts.update(
            {
                tuple(words[n : n + length])
                for length in range(1, LONGEST_PHRASE + 1)
                for n in range(len(words) - length + 1)
            }
        )
    return counts


def _distinct(
    ranked: Sequence[tuple[str, ...]], counts: Counter[tuple[str, ...]]
) -> list[tuple[str, ...]]:
    """The first terms without repetitions; a word gives way to its usual phrase."""
    chosen: list[tuple[str, ...]] = []
    stems: set[str] = set()
    for term in ranked:
        if len(chosen) == MOST_TERMS:
            break
        if any(word[:STEM] in stems for word in term):
            continue
        phrases = [
            other
            for other in ranked
            if len(other) > len(term)
            and set(term) <= set(other)
            and counts[other] >= PHRASE_SHARE * counts[term]
            and not any(word[:STEM] in stems for word in other)
        ]
        best = max(phrases, key=lambda other: (len(other), counts[other], other), default=term)
        chosen.append(best)
        stems |= {word[:STEM] for word in best}
    return chosen
