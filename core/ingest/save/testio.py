"""Saving parsed objects of the test IO Customer API.

Each `save_*` takes one unit of work and whole lists, looks people and references up in bulk, and
returns counts of rows by table. Saving the same again changes nothing.
"""

from collections.abc import Collection, Iterable, Sequence
from functools import partial

from sqlalchemy import ColumnElement, or_, select
from sqlmodel import SQLModel

from core.base.fields import FieldProblem, ParsedRow
from core.ingest.clients.testio import is_implausible
from core.ingest.save.platform import SaveResult, save_over
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

PEOPLE = ("created_by", "submitted_by")


def save_products(unit: Unit, products: Iterable[ParsedRow]) -> SaveResult:
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


def save_cycles(unit: Unit, cycles: Iterable[ParsedRow]) -> SaveResult:
    """Save test cycles with their features and platforms; of one id the last counts."""
    found = list({cycle.id: cycle for cycle in cycles}.values())
    people = unit.user_ids("customer", [c.links[name] for c in found for name in PEOPLE])
    products = _name_products(unit, found)
    linked = [
        ({"cycle_id": c.id} | f, c.row["product_id"]) for c in found for f in c.links["features"]
    ]
    # Of one feature the first cycle's title counts.
    named = [(row["feature_id"], product_id, row["title"]) for row, product_id in reversed(linked)]
    features = _name_features(unit, named)
    rows = [c.row | {f"{name}_id": people[c.links[name]] for name in PEOPLE} for c in found]
    counts = unit.upsert(TestCycle, rows)
    links = unit.replace(TestFeature, "cycle_id", [c.id for c in found], [row for row, _ in linked])
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


def save_bugs(unit: Unit, bugs: Iterable[ParsedRow]) -> SaveResult:
    """Save bug reports with their devices; of one id the last counts.

    A bug of an unknown test cycle is saved without it, and is a problem. One that names no product
    is of its cycle's product, one that names no feature of the cycle's feature it refers to.
    """
    found = list({bug.id: bug for bug in bugs}.values())
    people = unit.user_ids("tester", [b.links["tester"] for b in found])
    cycle, link = table(TestCycle).c, table(TestFeature).c
    ids = {b.row["cycle_id"] for b in found} - {None}
    cycles = {row["id"]: row for row in unit.stored(cycle.id, ids, cycle.id, cycle.product_id)}
    pairs = {b.links["test_feature_id"] for b in found if b.row["feature_id"] is None} - {None}
    features_of = {
        (row["cycle_id"], row["test_feature_id"]): row["feature_id"]
        for row in unit.stored(link.test_feature_id, pairs)
    }
    rows, problems = [], []
    for bug in found:
        row = bug.row | {"tester_id": people[bug.links["tester"]]}
        if row["cycle_id"] not in cycles:
            row["cycle_id"] = None
        elif row["product_id"] is None:
            row["product_id"] = cycles[row["cycle_id"]]["product_id"]
        row["feature_id"] = row["feature_id"] or features_of.get(
            (row["cycle_id"], bug.links["test_feature_id"])
        )
        rows.append(row)
        if (sent := bug.row["cycle_id"]) != row["cycle_id"]:
            reason = "the store knows no such test cycle, so the bug was kept without one"
            problems.append(FieldProblem("bug", str(bug.id), "test.id", str(sent), reason))
    products = _name_products(unit, found)
    named = [
        (row["feature_id"], row["product_id"], bug.links["feature_title"])
        for bug, row in zip(reversed(found), reversed(rows), strict=True)
        if row["feature_id"] is not None
    ]
    features = _name_features(unit, named)
    counts = unit.upsert(Bug, rows)
    devices = _replace_platforms(unit, BugDevice, "bug_id", found)
    saved = {"product": products, "feature": features, "bug": counts, "bug_device": devices}
    return SaveResult(saved, tuple(problems))


def _replace_platforms(
    unit: Unit, model: type[SQLModel], parent: str, found: Sequence[ParsedRow]
) -> Counts:
    rows = [{parent: one.id, "platform": name} for one in found for name in one.links["platforms"]]
    return unit.replace(model, parent, [one.id for one in found], rows)


def _name_features(unit: Unit, named: Iterable[tuple[int, int | None, str | None]]) -> Counts:
    """Save features, by id, product and title, that only a test cycle or a bug names."""
    rows = [
        {"id": number, "product_id": product_id, "title": title, "in_catalogue": False}
        for number, product_id, title in named
    ]
    return unit.upsert(Feature, rows, keep_existing=True)


def _name_products(unit: Unit, parsed: Iterable[ParsedRow]) -> Counts:
    """Save products that only a test cycle or a bug names."""
    named = {one.row["product_id"]: one.links["product_name"] for one in parsed}
    named.pop(None, None)
    rows = [{"id": key, "name": name, "in_catalogue": False} for key, name in named.items()]
    return unit.upsert(Product, rows, keep_existing=True)


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


# Reasons that are no longer listed are kept, as old rejections refer to them.
save_reject_reasons = partial(save_over, model=RejectionReason)
