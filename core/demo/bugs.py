"""The demo's bug reports, cycle by cycle, as the source's API sends them."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import accumulate
from random import Random
from typing import Any

from core.demo.cycles import CyclePlan
from core.demo.texts import TEXTS
from core.demo.world import DemoFeature, Tester, World

SEVERITIES = ("low", "high", "visual", "content", "critical", "custom")
USUAL = tuple(accumulate((46, 17, 20, 11, 3, 3)))
SHARP = tuple(accumulate((30, 34, 13, 7, 12, 4)))
# Days after the end of a cycle until its open bugs are decided one way or another.
MATURING = 14
AUTOMATIC = 0.2
REASONS_BY_WEIGHT = tuple(accumulate(often for *_, often in TEXTS["reasons"]))


def reject_reasons() -> Iterator[dict[str, Any]]:
    """The reasons for rejections as the source's API sends them."""
    for key, name, comment, _ in TEXTS["reasons"]:
        yield {"key": key, "name": name, "default_comment": comment}


class BugSource:
    """Makes the bug reports of test cycles; those of one cycle are the same in any order."""

    def __init__(self, world: World, plans: Sequence[CyclePlan]) -> None:
        self.world = world
        self.first_ids = dict(
            zip(
                (plan.id for plan in plans),
                accumulate((plan.bugs for plan in plans), initial=900_001),
                strict=False,
            )
        )
        self.weights = tuple(accumulate(tester.weight for tester in world.testers))

    def bugs(self, plan: CyclePlan) -> Iterator[dict[str, Any]]:
        """The bug reports of one cycle."""
        if not plan.bugs:
            return
        rng = self.world.rng("bugs", plan.id)
        panel = self._panel(rng, plan)
        product = {"id": plan.product.id, "name": plan.product.name}
        test = {"id": plan.id, "title": plan.product.name}
        seconds = (min(plan.end, self.world.now) - plan.start).total_seconds()
        undecided = _undecided(plan, self.world.now)
        first = self.first_ids[plan.id]
        # Reports come most at the beginning.
        moments = sorted(rng.random() ** 1.6 * seconds for _ in range(plan.bugs))
        for number, moment in enumerate(moments, first):
            tester = rng.choice(panel)
            severity = rng.choices(SEVERITIES, cum_weights=SHARP if tester.sharp else USUAL)[0]
            feature = rng.choice(plan.features) if plan.features else None
            yield {
                "id": number,
                "title": _title(rng, severity, feature),
                "severity": severity,
                "author": {"name": tester.name} if rng.random() > 0.008 else None,
                "reported_at": (plan.start + timedelta(seconds=moment)).isoformat(),
                "known": rng.random() < 0.05,
                "test": test,
                "product": product,
                "devices": _devices(rng, plan, tester),
                **_place(rng, plan, feature),
                **_decision(rng, tester, undecided),
            }

    def _panel(self, rng: Random, plan: CyclePlan) -> list[Tester]:
        """The testers of a cycle: more for more bugs, and only those who had joined."""
        size = 2 + min(round(plan.bugs**0.75), 60)
        drawn = rng.choices(self.world.testers, cum_weights=self.weights, k=size)
        joined = [tester for tester in drawn if tester.joined <= plan.start.date()]
        return joined or [self.world.testers[0]]


def _undecided(plan: CyclePlan, now: datetime) -> float:
    """The share of a cycle's bugs that are not decided yet."""
    days = (now - plan.end) / timedelta(days=1)
    if plan.status == "running" or days < 0:
        return 0.95
    if plan.status != "locked":
        return 0.0
    return 0.95 * min(1.0, max(0.0, (MATURING - days) / 9))


def _title(rng: Random, severity: str, feature: DemoFeature | None) -> str:
    symptom = str(rng.choice(TEXTS["symptoms"][severity]))
    return f"{feature.title}: {symptom}" if feature else symptom[0].upper() + symptom[1:]


def _place(rng: Random, plan: CyclePlan, feature: DemoFeature | None) -> dict[str, Any]:
    """The feature of a report: by feature and pair, by the pair alone, or not at all."""
    if feature is None or rng.random() < 0.02:
        return {"test_feature": None, "feature": None}
    by_pair = rng.random() < 0.03
    return {
        "test_feature": {
            "id": plan.pair_id(feature),
            "feature_id": None if by_pair else feature.id,
        },
        "feature": None if by_pair else {"id": feature.id, "title": feature.title},
    }


def _devices(rng: Random, plan: CyclePlan, tester: Tester) -> list[dict[str, Any]]:
    systems = tester.families[rng.choice(plan.product.families)]
    if rng.random() < 0.12:
        return [_device(system) for system in systems]
    return [_device(systems[0])]


@lru_cache
def _device(system: str) -> dict[str, Any]:
    return {
        "operating_system": {"id": 900 + sum(map(ord, system)), "name": system},
        "browsers": [],
        "category": {"id": 1, "name": "Devices"},
    }


def _decision(rng: Random, tester: Tester, undecided: float) -> dict[str, Any]:
    if rng.random() < undecided:
        return {"status": "forwarded", "auto_accepted": False, "comments": []}
    if rng.random() < tester.quality:
        automatic = rng.random() < AUTOMATIC
        return {"status": "accepted", "auto_accepted": automatic, "comments": []}
    return {"status": "rejected", "auto_accepted": False, "comments": _comments(rng, tester)}


def _comments(rng: Random, tester: Tester) -> list[dict[str, Any]]:
    """How a rejection was argued: now and then reopened, and rejected for another reason."""
    triage = {"name": "Triage"}
    if rng.random() < 0.05:
        return [{"body": "Closed after a call with the team.", "author": triage}]
    comments = []
    times = 2 if rng.random() < 0.1 else 1
    for _ in range(times):
        (_, _, start, _) = rng.choices(TEXTS["reasons"], cum_weights=REASONS_BY_WEIGHT)[0]
        comments.append({"body": start + rng.choice(TEXTS["follow_ups"]), "author": triage})
        if times == 2 or rng.random() < 0.2:
            comments.append({"body": rng.choice(TEXTS["remarks"]), "author": {"name": tester.name}})
    return comments
