"""Rules: words and phrases by which a comment belongs to a theme."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache

from core.base.errors import InputError
from core.base.given import given_text

MOST_TERMS = 50
LONGEST_TERM = 80
# Scripts that put no spaces between words: a word is found inside other signs.
UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]"
)


@dataclass(frozen=True)
class Rule:
    """Takes a comment with any of some words, all of others, and none of the last.

    A term is a word or a phrase and stands alone in a comment, whatever its capitals; with * at its
    end it also begins longer words. Without `any_of`, `all_of` decides.
    """

    any_of: tuple[str, ...] = ()
    all_of: tuple[str, ...] = ()
    none_of: tuple[str, ...] = ()

    def takes(self, text: str) -> bool:
        """Whether a comment belongs to the theme by this rule."""
        plain = _plain(text)
        if self._none is not None and self._none.search(plain):
            return False
        if not all(term.search(plain) for term in self._all):
            return False
        return self._any is None or self._any.search(plain) is not None

    @cached_property
    def _any(self) -> re.Pattern[str] | None:
        return _one_of(self.any_of)

    @cached_property
    def _none(self) -> re.Pattern[str] | None:
        return _one_of(self.none_of)

    @cached_property
    def _all(self) -> tuple[re.Pattern[str], ...]:
        return tuple(re.compile(_pattern(term)) for term in self.all_of)


def checked_rule(
    any_of: Iterable[str], all_of: Iterable[str] = (), none_of: Iterable[str] = ()
) -> Rule:
    """The rule as it is kept, each term once; raises InputError for one that takes everything."""
    rule = Rule(_terms(any_of), _terms(all_of), _terms(none_of))
    if not rule.any_of and not rule.all_of:
        raise InputError("A rule names at least one word or phrase that a comment has.")
    return rule


def _terms(terms: Iterable[str]) -> tuple[str, ...]:
    found = dict.fromkeys(
        given_text(term, "the word or phrase", longest=LONGEST_TERM)
        for term in terms
        if term.strip()
    )
    if len(found) > MOST_TERMS:
        raise InputError(f"A rule takes at most {MOST_TERMS} words and phrases of a kind.")
    if any(not term.strip("* ") for term in found):
        raise InputError("A * stands after the beginning of a word.")
    return tuple(found)


def _one_of(terms: tuple[str, ...]) -> re.Pattern[str] | None:
    return re.compile("|".join(_pattern(term) for term in terms)) if terms else None


def _pattern(term: str) -> str:
    text = _plain(term)
    is_start, text = text.endswith("*"), text.rstrip("* ")
    if UNSPACED.search(text):
        return re.escape(text)
    # A sign such as an emoji has no word around it to stand alone in.
    before = r"(?<!\w)" if text[:1].isalnum() else ""
    behind = r"(?!\w)" if text[-1:].isalnum() and not is_start else ""
    return before + re.escape(text) + behind


@lru_cache(maxsize=20_000)
def _plain(text: str) -> str:
    """One line without capitals, each sign in its usual form."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())
