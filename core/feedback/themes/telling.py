"""The words of a comment, and those that tell one group of comments from the others."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from math import log

from core.feedback.themes.stopwords import STOP_WORDS

# Two letters or more, of any script; digits and signs tell no theme.
WORD = re.compile(r"[^\W\d_]{2,}")
LONGEST_PHRASE = 2
MOST_TERMS = 8
IN_A_NAME = 3
# Of a phrase and a word in it, the phrase names the theme where it has so much of the word's use.
PHRASE_SHARE = 0.6
# Words that begin with so many letters alike are forms of one word: article, articles.
STEM = 5
LONGEST_NAME = 60


def words_of(text: str) -> list[str]:
    """The words of a text that may tell what it is about, in its order and its letters."""
    return [word for word in WORD.findall(text) if word.casefold() not in STOP_WORDS]


def telling_terms(groups: Sequence[Sequence[str]]) -> list[tuple[str, ...]]:
    """For each group of texts the words and phrases that most tell it from the other groups.

    A term is worth p ln(p / q): p is the share of the group's texts that have it, q that of all
    texts, the term's part of their Kullback-Leibler divergence. A term has to be in two texts.
    """
    spellings: Counter[str] = Counter()
    counted = [_texts_with(group, spellings) for group in groups]
    everywhere: Counter[tuple[str, ...]] = Counter()
    for counts in counted:
        everywhere.update(counts)
    number = sum(len(group) for group in groups)
    spelt: dict[str, str] = {}
    # The most frequent spelling of a word, of equals the one with the fewest capitals.
    for word in sorted(spellings, key=lambda word: (spellings[word], word)):
        spelt[word.casefold()] = word
    found = []
    for group, counts in zip(groups, counted, strict=True):
        worth = {
            term: n / len(group) * log(n / len(group) * number / everywhere[term])
            for term, n in counts.items()
            if n >= 2
        }
        terms = _distinct(sorted(worth, key=lambda term: (-worth[term], term)), counts)
        found.append(tuple(" ".join(spelt[word] for word in term) for term in terms))
    return found


def theme_name(terms: Sequence[str], texts: Iterable[str]) -> str:
    """A name to begin with: the most telling terms, or the shortest text where there is no term."""
    if not terms:
        shortest = min(texts, key=lambda text: (len(text), text))
        return " ".join(shortest.split())[:LONGEST_NAME]
    name = ", ".join(terms[:IN_A_NAME])[:LONGEST_NAME]
    return name[:1].upper() + name[1:]


def _texts_with(texts: Sequence[str], spellings: Counter[str]) -> Counter[tuple[str, ...]]:
    """In how many texts each word or phrase is; `spellings` counts the words as they are spelt."""
    counts: Counter[tuple[str, ...]] = Counter()
    for text in texts:
        said = words_of(text)
        spellings.update(said)
        words = [word.casefold() for word in said]
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
    """The first terms, none of which repeats another; a word gives way to its usual phrase."""
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
