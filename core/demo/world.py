"""The world of the demo data: how much of it there is, who is in it and what they work on."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from core.demo.texts import TEXTS, people


@dataclass(frozen=True, kw_only=True)
class Size:
    """How much demo data is made; test cycles and bugs are met exactly."""

    customers: int
    testers: int
    products: int
    features: int
    cycles: int
    bugs: int


SIZES = {name: Size(**numbers) for name, numbers in TEXTS["sizes"].items()}


@dataclass(frozen=True, kw_only=True)
class Customer:
    """A customer user; `role` says how they engage, `weight` how much, against the others."""

    name: str
    role: str
    weight: float
    draft_rate: float


@dataclass(frozen=True, kw_only=True)
class Tester:
    """A tester: activity, the share of reports that stand, devices, and the day they joined."""

    name: str
    weight: float
    quality: float
    sharp: bool
    families: dict[str, tuple[str, ...]]
    joined: date


@dataclass(frozen=True, kw_only=True)
class DemoFeature:
    """A feature; one that is `gone` has left the catalogue."""

    id: int
    title: str
    gone: bool


@dataclass(frozen=True, kw_only=True)
class DemoProduct:
    """A product with its features."""

    id: int
    name: str
    type: str
    platforms: tuple[str, ...]
    families: tuple[str, ...]
    weight: float
    features: tuple[DemoFeature, ...]

    @property
    def sent(self) -> dict[str, Any]:
        """The product as the source's API sends it."""
        return {"id": self.id, "name": self.name, "type": self.type}

    @property
    def catalogue(self) -> list[dict[str, Any]]:
        """The features that are in its catalogue now, as the source's API sends them."""
        return [{"id": one.id, "title": one.title} for one in self.features if not one.gone]


@dataclass(frozen=True, kw_only=True)
class World:
    """Everything that the rest of the demo data is drawn from."""

    size: Size
    seed: int
    now: datetime
    zone: ZoneInfo
    customers: tuple[Customer, ...]
    testers: tuple[Tester, ...]
    technicians: tuple[str, ...]
    products: tuple[DemoProduct, ...]

    @property
    def today(self) -> date:
        """The business day that the data ends on."""
        return self.now.astimezone(self.zone).date()

    def rng(self, *purpose: object) -> Random:
        """A generator for one purpose, so that a draw more here moves nothing there."""
        return Random("/".join(map(str, (self.seed, *purpose))))


# Of a hundred customer users; the others are the core that makes most test cycles.
ROLES = {"inactive": 8, "submits": 4, "newcomer": 7, "fading": 6, "just_silent": 4, "silent": 22}
TECHNICIANS = 25


def make_world(size: Size, seed: int, now: datetime, zone: ZoneInfo) -> World:
    """Make the people and the catalogue; the same for the same seed, whatever the day."""
    names = people(Random(f"{seed}/names"))
    today = now.astimezone(zone).date()
    return World(
        size=size,
        seed=seed,
        now=now,
        zone=zone,
        technicians=tuple(islice(names, TECHNICIANS)),
        customers=_customers(Random(f"{seed}/customers"), _named(names, size.customers)),
        testers=_testers(Random(f"{seed}/testers"), _named(names, size.testers), today),
        products=_products(Random(f"{seed}/products"), size),
    )


def _named(names: Iterator[str], count: int) -> list[str]:
    own = list(islice(names, count - 1))
    return [*own[:6], TEXTS["shared_name"], *own[6:]]


def _customers(rng: Random, names: list[str]) -> tuple[Customer, ...]:
    roles = [role for role, share in ROLES.items() for _ in range(round(len(names) * share / 100))]
    roles = ["core"] * (len(names) - len(roles)) + roles
    return tuple(
        Customer(
            name=name,
            role=role,
            weight=(rank + 1) ** -1.3,
            draft_rate=rng.choice((0.03, 0.05, 0.08, 0.15, 0.3)),
        )
        for rank, (name, role) in enumerate(zip(names, roles, strict=True))
    )


def _testers(rng: Random, names: list[str], today: date) -> tuple[Tester, ...]:
    testers = []
    for rank, name in enumerate(names):
        weight, quality = (rank + 3) ** -0.8, rng.betavariate(16, 3)
        kind = rng.random()
        if kind < 0.08:  # few reports, and nearly all stand
            weight, quality = weight * 0.15, 0.97
        elif kind < 0.13:  # many reports, and often rejected
            weight, quality = weight * 1.3, rng.uniform(0.42, 0.6)
        since = rng.randint(5, 58) if kind > 0.94 else rng.randint(120, 1_200)
        testers.append(
            Tester(
                name=name,
                weight=weight,
                quality=quality,
                sharp=rng.random() < 0.15,
                families={
                    family: tuple(rng.sample(systems, k=min(2, len(systems))))
                    for family, systems in TEXTS["platforms"].items()
                },
                joined=today - timedelta(days=since),
            )
        )
    return tuple(testers)


def _products(rng: Random, size: Size) -> tuple[DemoProduct, ...]:
    products = []
    per_product, systems = size.features // size.products, TEXTS["platforms"]
    for number, (name, kind, families) in enumerate(TEXTS["products"][: size.products]):
        titles = rng.sample(TEXTS["features"], k=min(per_product, len(TEXTS["features"])))
        products.append(
            DemoProduct(
                id=1_200 + number,
                name=name,
                type=kind,
                families=tuple(families.split()),
                platforms=tuple(p for family in families.split() for p in systems[family]),
                weight=(number + 1) ** -0.7,
                features=tuple(
                    # The first product once had a feature more.
                    DemoFeature(id=31_000 + number * 100 + n, title=title, gone=number == n == 0)
                    for n, title in enumerate(titles)
                ),
            )
        )
    return tuple(products)
