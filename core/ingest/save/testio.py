"""Saving parsed objects of the test IO Customer API.

Each `save_*` takes one unit of work and whole lists, looks people and references up in bulk, and
returns counts of rows by table. Saving the same again changes nothing.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, or_, select
from sqlmodel import SQLModel

from core.base.fields import FieldProblem, ParsedRow
from core.ingest.clients.testio import is_implausible
from core.ingest.parse.testio import ParsedBug, ParsedCycle, ParsedProduct, ProductRef
from core.store import (
    Bug,
    BugDevice,
    Counts,
    CyclePlatform,
    Feature,
    Product,
    RejectionReason,
    TestCycle,
    TestFeature,
    Unit,
    table,
)

Row = dict[str, Any]
People = dict[str | None, int | None]
Pair = tuple[int | None, int | None]  # a test cycle, and a feature in it


@dataclass(frozen=True, slots=True)
class SaveResult:
    """Counts of rows by table name, and problems that only the stored data show."""

    counts: dict[str, Counts]
    problems: tuple[FieldProblem, ...] = ()


def save_products(unit: Unit, products: Iterable[ParsedProduct]) -> SaveResult:
    """Save the products of the catalogue; all others are kept outside it."""
    may_leave = table(Product).c.in_catalogue
    return _save_catalogue(unit, Product, products, may_leave, ("product", "", "products"))


def save_features(
    unit: Unit, features: Iterable[ParsedRow], *, of: Collection[int] | None = None
) -> SaveResult:
    """Save the features of the stored products `of` (None: of all); others leave the catalogue.

    The features of a product that left the catalogue leave with it.
    """
    feature, product = table(Feature).c, table(Product).c
    may_leave: ColumnElement[bool] = feature.in_catalogue
    if of is not None:
        left_products = select(product.id).where(
            product.account_id == unit.account_id, ~product.in_catalogue
        )
        may_leave = feature.in_catalogue & or_(
            feature.product_id.in_(of), feature.product_id.in_(left_products)
        )
    place = ("product", ", ".join(map(str, of)), "features") if of else None
    return _save_catalogue(unit, Feature, features, may_leave, place)


def save_cycles(unit: Unit, cycles: Iterable[ParsedCycle]) -> SaveResult:
    """Save test cycles with their features and platforms; of one id the last counts."""
    found = list({cycle.id: cycle for cycle in cycles}.values())
    people = unit.user_ids(
        "customer", [name for c in found for name in (c.created_by, c.submitted_by)]
    )
    products = _name_products(unit, [c.product for c in found])
    # Of one feature the first cycle's title counts.
    named = [(f.feature_id, _id(c.product), f.title) for c in reversed(found) for f in c.features]
    features = _name_features(unit, named)
    counts = unit.upsert(TestCycle, [_cycle_row(c, people) for c in found])
    linked = [{"cycle_id": c.id} | feature._asdict() for c in found for feature in c.features]
    links = unit.replace(TestFeature, "cycle_id", [c.id for c in found], linked)
    platforms = _replace_platforms(unit, CyclePlatform, "cycle_id", found)
    return SaveResult(
        {
            "product": products,
            "feature": features,
            "test_cycle": counts,
            "test_feature": links,
            "cycle_platform": platforms,
        }
    )


def save_bugs(unit: Unit, bugs: Iterable[ParsedBug]) -> SaveResult:
    """Save bug reports with their devices; of one id the last counts.

    A bug of an unknown test cycle is saved without it, and is a problem.
    """
    found = list({bug.id: bug for bug in bugs}.values())
    people = unit.user_ids("tester", [b.tester for b in found])
    cycles = _cycle_products(unit, found)
    links = _links(unit, found)
    rows = [_bug_row(b, people, cycles, links) for b in found]
    products = _name_products(unit, [b.product for b in found])
    named = [
        (row["feature_id"], row["product_id"], bug.feature_title)
        for bug, row in zip(reversed(found), reversed(rows), strict=True)
        if row["feature_id"] is not None
    ]
    features = _name_features(unit, named)
    counts = unit.upsert(Bug, rows)
    devices = _replace_platforms(unit, BugDevice, "bug_id", found)
    reason = "the store knows no such test cycle, so the bug was kept without one"
    return SaveResult(
        {"product": products, "feature": features, "bug": counts, "bug_device": devices},
        tuple(
            FieldProblem("bug", str(bug.id), "test.id", str(bug.cycle_id), reason)
            for bug in found
            if bug.cycle_id is not None and bug.cycle_id not in cycles
        ),
    )


def _replace_platforms(
    unit: Unit, model: type[SQLModel], parent: str, found: Sequence[ParsedCycle | ParsedBug]
) -> Counts:
    rows = [{parent: one.id, "platform": platform} for one in found for platform in one.platforms]
    return unit.replace(model, parent, [one.id for one in found], rows)


def _cycle_row(cycle: ParsedCycle, people: People) -> Row:
    return cycle.row | {
        "product_id": _id(cycle.product),
        "created_by_id": people[cycle.created_by],
        "submitted_by_id": people[cycle.submitted_by],
    }


def _bug_row(
    bug: ParsedBug, people: People, cycles: dict[int | None, int | None], links: dict[Pair, int]
) -> Row:
    cycle_id = bug.cycle_id if bug.cycle_id in cycles else None
    own_product = _id(bug.product)
    return bug.row | {
        "cycle_id": cycle_id,
        "product_id": cycles.get(cycle_id) if own_product is None else own_product,
        "feature_id": bug.feature_id or links.get((cycle_id, bug.test_feature_id)),
        "tester_id": people[bug.tester],
    }


def _name_features(unit: Unit, named: Iterable[tuple[int, int | None, str | None]]) -> Counts:
    """Save features, by id, product and title, that only a test cycle or a bug names."""
    rows = [
        {"id": number, "product_id": product_id, "title": title, "in_catalogue": False}
        for number, product_id, title in named
    ]
    return unit.upsert(Feature, rows, keep_existing=True)


def _name_products(unit: Unit, products: Iterable[ProductRef | None]) -> Counts:
    """Save products that only a test cycle or a bug names."""
    named = {p.id: p.name for p in products if p is not None}
    rows = [{"id": key, "name": name, "in_catalogue": False} for key, name in named.items()]
    return unit.upsert(Product, rows, keep_existing=True)


def _cycle_products(unit: Unit, bugs: Iterable[ParsedBug]) -> dict[int | None, int | None]:
    """The product of each stored test cycle of the bugs."""
    ids = {b.cycle_id for b in bugs if b.cycle_id is not None}
    cycle = table(TestCycle).c
    found = unit.stored(cycle.id, ids, cycle.id, cycle.product_id)
    return {row["id"]: row["product_id"] for row in found}


def _links(unit: Unit, bugs: Iterable[ParsedBug]) -> dict[Pair, int]:
    """Features by test cycle and test feature id, for bugs without a feature of their own."""
    ids = {
        b.test_feature_id for b in bugs if b.feature_id is None and b.test_feature_id is not None
    }
    rows = unit.stored(table(TestFeature).c.test_feature_id, ids)
    return {(row["cycle_id"], row["test_feature_id"]): row["feature_id"] for row in rows}


def _save_catalogue(
    unit: Unit,
    model: type[SQLModel],
    parsed: Iterable[ParsedRow],
    may_leave: ColumnElement[bool],
    place: tuple[str, str, str] | None,
) -> SaveResult:
    """Save what the catalogue lists; of the other rows those that may leave it do.

    A list of the source that lacks most of them is not believed: none leaves, and `place` (entity,
    id and field) has a problem.
    """
    listed = {one.id: one.row | {"in_catalogue": True} for one in parsed}
    written = unit.upsert(model, listed.values())
    target = table(model).c
    present = select(target.id).where(target.account_id == unit.account_id, may_leave)
    ids = unit.connection.execute(present).scalars().all()
    left = [{"id": key, "in_catalogue": False} for key in ids if key not in listed]
    name = table(model).name
    if place and left and (is_implausible(len(left), len(ids)) or not listed):
        reason = f"{len(left):,} of {len(ids):,} are not listed any more: all are kept as they were"
        entity, source_id, field = place
        return SaveResult({name: written}, (FieldProblem(entity, source_id, field, "", reason),))
    unit.upsert(model, left)
    return SaveResult({name: written._replace(removed=len(left))})


def save_rows(unit: Unit, parsed: Iterable[ParsedRow], *, model: type[SQLModel]) -> SaveResult:
    """Save the columns of rows that are in their table; of one id the last counts."""
    names = table(model).columns.keys()
    rows = [{name: one.row[name] for name in names if name in one.row} for one in parsed]
    return SaveResult({table(model).name: unit.upsert(model, rows)})


# Reasons that are no longer listed are kept, as old rejections refer to them.
save_reject_reasons = partial(save_rows, model=RejectionReason)


def _id(product: ProductRef | None) -> int | None:
    return None if product is None else product.id
