"""Parsers of the objects of the test IO Customer API: pure functions of JSON.

Each `parse_*` returns the object, with a problem for each unreadable field, or the problem that
refuses it. Names are kept exactly as sent; null and "" are no name.
"""

from collections.abc import Mapping
from typing import Any

from core.base.fields import FieldProblem, Fields, ParsedRow, Row, refusal
from core.base.text import clean

# The beginnings of a comment on a rejection, by the key of its reason.
Reasons = Mapping[str, str | None]
NO_REASONS: Reasons = {}


def parse_product(obj: Any) -> ParsedRow | FieldProblem:
    """Parse a product of the catalogue; its link is `section_ids`."""
    read = Fields.of("product", obj)
    if isinstance(read, FieldProblem):
        return read
    sections = [section.ref("id") for section in read.objects("sections")]
    links = {"section_ids": [*dict.fromkeys(s for s in sections if s is not None)]}
    return read.parsed(links, id=read.id, name=read.text("name"), type=read.word("type"))


def parse_feature(obj: Any, *, product_id: int) -> ParsedRow | FieldProblem:
    """Parse a feature of the given product, which the object itself does not name."""
    read = Fields.of("feature", obj)
    if isinstance(read, FieldProblem):
        return read
    return read.parsed(id=read.id, product_id=product_id, title=read.text("title"))


def parse_cycle(obj: Any) -> ParsedRow | FieldProblem:
    """Parse a test cycle.

    Its links are `product_name`, the people `created_by` and `submitted_by`, its `features`
    (`test_feature_id` is the id of feature and cycle), and the operating systems it requires.
    """
    read = Fields.of("test_cycle", obj)
    if isinstance(read, FieldProblem):
        return read
    named = "test_title" if read.value("title") is None else "title"
    is_typed = read.value("testing_type") is not None
    testing_type = read.word("testing_type") if is_typed else "test_case"
    columns: Row = {
        "id": read.id,
        "title": read.text(named),
        "status": read.word("status"),
        "review_status": read.word("review_status"),
        "testing_type": "custom" if testing_type == "external" else testing_type,
        "test_environment": read.object("test_environment").word("title"),
        "start_at": read.instant("start_at"),
        "end_at": read.instant("end_at"),
    }
    product_id, product_name = _product(read)
    links = {
        "product_name": product_name,
        "created_by": read.word("created_by"),
        "submitted_by": read.word("submitted_by"),
        "features": _cycle_features(read),
        "platforms": _platforms(read, "requirements"),
    }
    return read.parsed(links, product_id=product_id, **columns)


def parse_bug(obj: Any, reasons: Reasons = NO_REASONS) -> ParsedRow | FieldProblem:
    """Parse a bug report; `reasons` are those that a rejection may have.

    Its links are `product_name`, `feature_title`, the `tester`, the operating systems, and
    `test_feature_id`, which tells the feature within the cycle where there is no `feature_id`.
    """
    read = Fields.of("bug", obj)
    if isinstance(read, FieldProblem):
        return read
    test_feature = read.object("test_feature")
    feature = read.object("feature")
    status, is_automatic = read.word("status"), read.flag("auto_accepted")
    columns: Row = {
        "id": read.id,
        "title": read.text("title"),
        "severity": read.word("severity"),
        "status": "auto_accepted" if status == "accepted" and is_automatic else status,
        "known": read.flag("known"),
        "rejection_reason": _rejection_reason(read, reasons) if status == "rejected" else None,
        "reported_at": read.instant("reported_at"),
        "cycle_id": read.object("test").ref("id"),
    }
    product_id, product_name = _product(read)
    columns["feature_id"] = test_feature.ref("feature_id") or feature.ref("id")
    links = {
        "product_name": product_name,
        "feature_title": feature.text("title"),
        "test_feature_id": test_feature.ref("id"),
        "tester": read.object("author").word("name"),
        "platforms": _platforms(read, "devices"),
    }
    return read.parsed(links, product_id=product_id, **columns)


def parse_reject_reason(obj: Any) -> ParsedRow | FieldProblem:
    """Parse a reason for rejections; its key is its id."""
    key = obj.get("key") if isinstance(obj, dict) else None
    if not isinstance(key, str) or not key:
        return refusal("rejection_reason", obj, "key", "it has no key, so it was left out")
    read = Fields("rejection_reason", clean(key), obj)
    return read.parsed(
        key=clean(key), name=read.text("name"), default_comment=read.text("default_comment")
    )


def _product(read: Fields) -> tuple[int | None, str | None]:
    product = read.object("product")
    number, name = product.ref("id"), product.text("name")
    return number, None if number is None else name


def _cycle_features(read: Fields) -> list[Row]:
    found = []
    for feature in read.objects("features"):
        if feature.value("feature_id") is None:
            feature.note("feature_id", "it does not say which feature it is")
            continue
        pair: Row = {"feature_id": feature.ref("feature_id"), "test_feature_id": feature.ref("id")}
        found.append(pair | {"title": feature.text("title")})
    return [feature for feature in found if feature["feature_id"] is not None]


def _platforms(read: Fields, name: str) -> list[str]:
    names = [item.object("operating_system").word("name") for item in read.objects(name)]
    return list(dict.fromkeys(name for name in names if name is not None))


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
