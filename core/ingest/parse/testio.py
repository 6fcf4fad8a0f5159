"""Parsers of the objects of the test IO Customer API: pure functions of JSON.

Each `parse_*` returns the object, with a problem for each unreadable field, or the problem that
refuses it. Names are kept exactly as sent; null and "" are no name.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from core.base.fields import FieldProblem, Fields, refusal
from core.base.text import clean

Problems = tuple[FieldProblem, ...]


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
class ParsedProduct:
    """A product of the catalogue."""

    id: int
    name: str | None
    type: str | None
    section_ids: tuple[int, ...]
    problems: Problems


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedFeature:
    """A feature of the catalogue."""

    id: int
    product_id: int
    title: str | None
    problems: Problems


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedCycle:
    """A test cycle; instants in UTC, platforms are the required operating systems."""

    id: int
    title: str | None
    status: str | None
    review_status: str | None
    testing_type: str | None
    test_environment: str | None
    product: ProductRef | None
    created_by: str | None
    submitted_by: str | None
    start_at: datetime | None
    end_at: datetime | None
    features: tuple[CycleFeature, ...]
    platforms: tuple[str, ...]
    problems: Problems


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedBug:
    """A bug report; without a `feature_id` its `test_feature_id` tells it within the cycle."""

    id: int
    title: str | None
    cycle_id: int | None
    product: ProductRef | None
    feature_id: int | None
    feature_title: str | None
    test_feature_id: int | None
    tester: str | None
    severity: str | None
    status: str | None
    known: bool | None
    rejection_reason: str | None
    reported_at: datetime | None
    platforms: tuple[str, ...]
    problems: Problems


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedReason:
    """A reason for a rejection; the comment of a rejection starts from `default_comment`."""

    key: str
    name: str | None
    default_comment: str | None
    problems: Problems = ()


def parse_product(obj: Any) -> ParsedProduct | FieldProblem:
    """Parse a product."""
    read = Fields.of("product", obj)
    if isinstance(read, FieldProblem):
        return read
    sections = [
        read.ref(section.get("id"), f"{at}.id")
        for at, section in read.objects(obj.get("sections"), "sections")
    ]
    return ParsedProduct(
        id=read.id,
        name=read.text(obj.get("name"), "name"),
        type=read.word(obj.get("type"), "type"),
        section_ids=tuple(dict.fromkeys(s for s in sections if s is not None)),
        problems=tuple(read.problems),
    )


def parse_feature(obj: Any, *, product_id: int) -> ParsedFeature | FieldProblem:
    """Parse a feature of the given product, which the object itself does not name."""
    read = Fields.of("feature", obj)
    if isinstance(read, FieldProblem):
        return read
    title = read.text(obj.get("title"), "title")
    return ParsedFeature(
        id=read.id, product_id=product_id, title=title, problems=tuple(read.problems)
    )


def parse_cycle(obj: Any) -> ParsedCycle | FieldProblem:
    """Parse a test cycle."""
    read = Fields.of("test_cycle", obj)
    if isinstance(read, FieldProblem):
        return read
    named = "title" if obj.get("title") is not None else "test_title"
    environment = read.object(obj.get("test_environment"), "test_environment")
    return ParsedCycle(
        id=read.id,
        title=read.text(obj.get(named), named),
        status=read.word(obj.get("status"), "status"),
        review_status=read.word(obj.get("review_status"), "review_status"),
        testing_type=_testing_type(read, obj.get("testing_type")),
        test_environment=read.word(environment.get("title"), "test_environment.title"),
        product=_product(read, obj.get("product")),
        created_by=read.word(obj.get("created_by"), "created_by"),
        submitted_by=read.word(obj.get("submitted_by"), "submitted_by"),
        start_at=read.instant(obj.get("start_at"), "start_at"),
        end_at=read.instant(obj.get("end_at"), "end_at"),
        features=_cycle_features(read, obj.get("features")),
        platforms=_platforms(read, obj.get("requirements"), "requirements"),
        problems=tuple(read.problems),
    )


def parse_bug(obj: Any, reasons: Sequence[ParsedReason] = ()) -> ParsedBug | FieldProblem:
    """Parse a bug report; `reasons` are those that a rejection's comment may start from."""
    read = Fields.of("bug", obj)
    if isinstance(read, FieldProblem):
        return read
    test_feature = read.object(obj.get("test_feature"), "test_feature")
    feature = read.object(obj.get("feature"), "feature")
    author = read.object(obj.get("author"), "author")
    cycle = read.object(obj.get("test"), "test")
    status = _bug_status(read, obj)
    return ParsedBug(
        id=read.id,
        title=read.text(obj.get("title"), "title"),
        cycle_id=read.ref(cycle.get("id"), "test.id"),
        product=_product(read, obj.get("product")),
        feature_id=read.ref(test_feature.get("feature_id"), "test_feature.feature_id")
        or read.ref(feature.get("id"), "feature.id"),
        feature_title=read.text(feature.get("title"), "feature.title"),
        test_feature_id=read.ref(test_feature.get("id"), "test_feature.id"),
        tester=read.word(author.get("name"), "author.name"),
        severity=read.word(obj.get("severity"), "severity"),
        status=status,
        known=read.flag(obj.get("known"), "known"),
        rejection_reason=_rejection_reason(read, obj, reasons) if status == "rejected" else None,
        reported_at=read.instant(obj.get("reported_at"), "reported_at"),
        platforms=_platforms(read, obj.get("devices"), "devices"),
        problems=tuple(read.problems),
    )


def parse_reject_reason(obj: Any) -> ParsedReason | FieldProblem:
    """Parse a reason for rejections; its key is its id."""
    key = obj.get("key") if isinstance(obj, dict) else None
    if not isinstance(key, str) or not key:
        return refusal("rejection_reason", obj, "key", "it has no key, so it was left out")
    read = Fields("rejection_reason", clean(key))
    return ParsedReason(
        key=clean(key),
        name=read.text(obj.get("name"), "name"),
        default_comment=read.text(obj.get("default_comment"), "default_comment"),
        problems=tuple(read.problems),
    )


def _testing_type(read: Fields, value: Any) -> str | None:
    if value is None:
        return "test_case"
    found = read.word(value, "testing_type")
    return "custom" if found == "external" else found


def _bug_status(read: Fields, obj: dict[str, Any]) -> str | None:
    status = read.word(obj.get("status"), "status")
    automatic = read.flag(obj.get("auto_accepted"), "auto_accepted")
    return "auto_accepted" if status == "accepted" and automatic else status


def _product(read: Fields, value: Any) -> ProductRef | None:
    product = read.object(value, "product")
    number = read.ref(product.get("id"), "product.id")
    name = read.text(product.get("name"), "product.name")
    return None if number is None else ProductRef(number, name)


def _cycle_features(read: Fields, value: Any) -> tuple[CycleFeature, ...]:
    found = []
    for at, feature in read.objects(value, "features"):
        if feature.get("feature_id") is None:
            read.note(f"{at}.feature_id", None, "it does not say which feature it is")
            continue
        number = read.ref(feature.get("feature_id"), f"{at}.feature_id")
        pair = read.ref(feature.get("id"), f"{at}.id")
        title = read.text(feature.get("title"), f"{at}.title")
        if number is not None:
            found.append(CycleFeature(number, pair, title))
    return tuple(found)


def _platforms(read: Fields, value: Any, path: str) -> tuple[str, ...]:
    names = []
    for at, item in read.objects(value, path):
        system = read.object(item.get("operating_system"), f"{at}.operating_system")
        names.append(read.word(system.get("name"), f"{at}.operating_system.name"))
    return tuple(dict.fromkeys(name for name in names if name is not None))


def _rejection_reason(
    read: Fields, obj: dict[str, Any], reasons: Sequence[ParsedReason]
) -> str | None:
    """The reason that the last matching comment starts from; of several the longest."""
    bodies = [
        _words(read.text(comment.get("body"), f"{at}.body"))
        for at, comment in read.objects(obj.get("comments"), "comments")
    ]
    starts = [(start, r.key) for r in reasons if (start := _words(r.default_comment))]
    for body in reversed(bodies):
        matching = [(len(start), key) for start, key in starts if body.startswith(start)]
        if matching:
            return max(matching)[1]
    return None


def _words(text: str | None) -> str:
    # Line ends and double blanks change when a text passes through a form.
    return " ".join((text or "").split())
