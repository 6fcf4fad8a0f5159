"""Parsers of the objects of the test IO Customer API: pure functions of JSON.

Each `parse_*` returns the object, with a problem for each unreadable field, or the problem that
refuses it. Names are kept exactly as sent; null and "" are no name.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from core.base.fields import FieldProblem, Fields, ParsedRow, refusal
from core.base.text import clean

# The beginnings of a comment on a rejection, by the key of its reason.
Reasons = Mapping[str, str | None]
NO_REASONS: Reasons = {}


class ProductRef(NamedTuple):
    """A product as a test cycle or a bug names it."""

    id: int
    name: str | None


class CycleFeature(NamedTuple):
    """A feature in a test cycle; `test_feature_id` is the id of the pair."""

    feature_id: int
    test_feature_id: int | None
    title: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedProduct(ParsedRow):
    """A product of the catalogue."""

    section_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedCycle(ParsedRow):
    """A test cycle: its row, and names to look up; platforms are the required operating systems."""

    product: ProductRef | None
    created_by: str | None
    submitted_by: str | None
    features: tuple[CycleFeature, ...]
    platforms: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedBug(ParsedRow):
    """A bug report: its row, and references to look up.

    Without a `feature_id` its `test_feature_id` tells it within the cycle.
    """

    cycle_id: int | None
    product: ProductRef | None
    feature_id: int | None
    feature_title: str | None
    test_feature_id: int | None
    tester: str | None
    platforms: tuple[str, ...]


def parse_product(obj: Any) -> ParsedProduct | FieldProblem:
    """Parse a product."""
    read = Fields.of("product", obj)
    if isinstance(read, FieldProblem):
        return read
    sections = [section.ref("id") for section in read.objects("sections")]
    return ParsedProduct(
        row={"id": read.id, "name": read.text("name"), "type": read.word("type")},
        section_ids=tuple(dict.fromkeys(s for s in sections if s is not None)),
        problems=tuple(read.problems),
    )


def parse_feature(obj: Any, *, product_id: int) -> ParsedRow | FieldProblem:
    """Parse a feature of the given product, which the object itself does not name."""
    read = Fields.of("feature", obj)
    if isinstance(read, FieldProblem):
        return read
    return read.parsed(id=read.id, product_id=product_id, title=read.text("title"))


def parse_cycle(obj: Any) -> ParsedCycle | FieldProblem:
    """Parse a test cycle."""
    read = Fields.of("test_cycle", obj)
    if isinstance(read, FieldProblem):
        return read
    named = "test_title" if read.value("title") is None else "title"
    return ParsedCycle(
        row={
            "id": read.id,
            "title": read.text(named),
            "status": read.word("status"),
            "review_status": read.word("review_status"),
            "testing_type": _testing_type(read),
            "test_environment": read.object("test_environment").word("title"),
            "start_at": read.instant("start_at"),
            "end_at": read.instant("end_at"),
        },
        product=_product(read),
        created_by=read.word("created_by"),
        submitted_by=read.word("submitted_by"),
        features=_cycle_features(read),
        platforms=_platforms(read, "requirements"),
        problems=tuple(read.problems),
    )


def parse_bug(obj: Any, reasons: Reasons = NO_REASONS) -> ParsedBug | FieldProblem:
    """Parse a bug report; `reasons` are those that a rejection may have."""
    read = Fields.of("bug", obj)
    if isinstance(read, FieldProblem):
        return read
    test_feature = read.object("test_feature")
    feature = read.object("feature")
    status = _bug_status(read)
    reason = _rejection_reason(read, reasons) if status == "rejected" else None
    return ParsedBug(
        row={
            "id": read.id,
            "title": read.text("title"),
            "severity": read.word("severity"),
            "status": status,
            "known": read.flag("known"),
            "rejection_reason": reason,
            "reported_at": read.instant("reported_at"),
        },
        cycle_id=read.object("test").ref("id"),
        product=_product(read),
        feature_id=test_feature.ref("feature_id") or feature.ref("id"),
        feature_title=feature.text("title"),
        test_feature_id=test_feature.ref("id"),
        tester=read.object("author").word("name"),
        platforms=_platforms(read, "devices"),
        problems=tuple(read.problems),
    )


def parse_reject_reason(obj: Any) -> ParsedRow | FieldProblem:
    """Parse a reason for rejections; its key is its id."""
    key = obj.get("key") if isinstance(obj, dict) else None
    if not isinstance(key, str) or not key:
        return refusal("rejection_reason", obj, "key", "it has no key, so it was left out")
    read = Fields("rejection_reason", clean(key), obj)
    return read.parsed(
        key=clean(key), name=read.text("name"), default_comment=read.text("default_comment")
    )


def _testing_type(read: Fields) -> str | None:
    if read.value("testing_type") is None:
        return "test_case"
    found = read.word("testing_type")
    return "custom" if found == "external" else found


def _bug_status(read: Fields) -> str | None:
    status = read.word("status")
    automatic = read.flag("auto_accepted")
    return "auto_accepted" if status == "accepted" and automatic else status


def _product(read: Fields) -> ProductRef | None:
    product = read.object("product")
    number = product.ref("id")
    name = product.text("name")
    return None if number is None else ProductRef(number, name)


def _cycle_features(read: Fields) -> tuple[CycleFeature, ...]:
    found = []
    for feature in read.objects("features"):
        if feature.value("feature_id") is None:
            feature.note("feature_id", "it does not say which feature it is")
            continue
        number = feature.ref("feature_id")
        pair = feature.ref("id")
        title = feature.text("title")
        if number is not None:
            found.append(CycleFeature(number, pair, title))
    return tuple(found)


def _platforms(read: Fields, name: str) -> tuple[str, ...]:
    names = [item.object("operating_system").word("name") for item in read.objects(name)]
    return tuple(dict.fromkeys(name for name in names if name is not None))


def _rejection_reason(read: Fields, reasons: Reasons) -> str | None:
    """The reason that the last matching comment starts from; of several the longest."""
    bodies = [_words(comment.text("body")) for comment in read.objects("comments")]
    starts = [(start, key) for key, text in reasons.items() if (start := _words(text))]
    for body in reversed(bodies):
        matching = [(len(start), key) for start, key in starts if body.startswith(start)]
        if matching:
            return max(matching)[1]
    return None


def _words(text: str | None) -> str:
    # Line ends and double blanks change when a text passes through a form.
    return " ".join((text or "").split())
