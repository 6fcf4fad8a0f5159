"""Worlds and queries drawn from a random number generator: small, and full of what goes wrong."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from tests.analytics.definitions import ENTITIES, METRICS, REACHED_BY, TIMES, period
from tests.analytics.worlds import MODELS

__all__ = ["ERAS", "MANY", "NAMES", "ZONE", "query_of", "world_of"]

ZONE = ZoneInfo("Europe/Berlin")
NAMES = (
    *("anna", "Anna", "bob", 'Zoë "Q" O\'Hara', "😀 -- ; %s"),
    *("%", "None", "<b>*x*</b> [y](z)", "\u202eevil", "=1+1"),
)
# Around New Year, where ISO weeks and years part (2020-W53 and 2025-W01 among them), around the
# change of the clocks, a leap day, and about.
ERAS = tuple(
    tuple(date.fromisoformat(day) for day in days.split())
    for days in (
        "2020-12-27 2020-12-28 2020-12-31 2021-01-01 2021-01-03 2021-01-04 2021-02-28",
        "2023-12-31 2024-01-01 2024-02-29 2024-03-31 2024-12-29 2024-12-30 2025-01-01",
        "2024-06-30 2024-07-01 2024-07-04 2024-07-05 2024-10-26 2024-10-27 2024-10-28",
    )
)
# Either side of midnight in the zone and in UTC.
CLOCKS = ("00:00:00", "00:30:00", "12:30:00", "23:30:00", "23:59:59")
STATUSES = ("initialized", "running", "locked", "archived", "cancelled", None)
SEVERITIES = ("critical", "high", "low", "visual", "content", "custom", "showstopper", None)
VERDICTS = ("accepted", "auto_accepted", "rejected", "forwarded", "odd", None)
PLATFORMS = ("iOS", "Android", "Windows 11")
SIZES = (0, 1, 2, 4, 8, 12)
MANY = 120


class _Drawn:
    """A world that is being drawn: two accounts whose ids and names are the same."""

    def __init__(self, random, days):
        self.random = random
        self.world = {name: [] for name in MODELS}
        self.size = random.choice(SIZES)
        self.instants = [
            datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=ZONE).astimezone(UTC)
            for day in days
            for clock in CLOCKS
        ]
        for self.account in ("a", "b"):
            for draw in (
                self._catalogue,
                self._cycles,
                self._bugs,
                self._desk,
                self._votes,
                self._surveys,
            ):
                draw()

    def add(self, table, **row):
        self.world[table].append({"account_id": self.account, **row})

    def one(self, *values):
        return self.random.choice(values)

    def maybe(self, *values):
        return self.random.choice((None, *values))

    def some(self, values, most):
        return self.random.sample(values, self.random.randrange(most + 1))

    def _catalogue(self):
        for n, name in enumerate(("Shop", "Shop", None), 1):
            self.add("products", id=n, name=name, type=None, in_catalogue=n < 3)
        for n in range(1, 5):
            self.add(
                "features",
                id=n,
                product_id=self.maybe(1, 2),
                title=self.maybe("Cart", "Login"),
                in_catalogue=n < 4,
            )
        for kind, shift in (("customer", 0), ("tester", 20)):
            # The same names in each account and kind, and most ids with another name.
            for n, name in enumerate(self.random.sample(NAMES, len(NAMES)), 1):
                self.add("users", id=n + shift, kind=kind, name=name)

    def _cycles(self):
        for n in range(1, self.size + 1):
            self.add(
                "cycles",
                id=n,
                title=f"Cycle {n}",
                status=self.one(*STATUSES),
                review_status=None,
                testing_type=self.maybe("rapid", "coverage"),
                test_environment=self.maybe("Staging", ""),
                product_id=self.maybe(1, 2, 3),
                created_by_id=self.maybe(1, 2, 3),
                submitted_by_id=self.maybe(1, 2, 3, 4),
                start_at=self.maybe(*self.instants),
                end_at=self.maybe(*self.instants),
            )
            for feature in self.some(range(1, 5), 3):
                self.add(
                    "cycle_features",
                    cycle_id=n,
                    feature_id=feature,
                    test_feature_id=None,
                    title=None,
                )
            for platform in self.some(PLATFORMS, 2):
                self.add("cycle_platforms", cycle_id=n, platform=platform)

    def _bugs(self):
        for n in range(1, 2 * self.size + 1):
            self.add(
                "bugs",
                id=n,
                title=f"Bug {n}",
                cycle_id=self.maybe(*range(1, self.size + 1)),
                product_id=self.maybe(1, 2, 3),
                feature_id=self.maybe(1, 2, 4),
                tester_id=self.maybe(21, 22, 23),
                severity=self.one(*SEVERITIES),
                status=self.one(*VERDICTS),
                known=self.maybe(True, False),
                rejection_reason=self.maybe("duplicate", "intended"),
                reported_at=self.maybe(*self.instants),
            )
            for platform in self.some(PLATFORMS, 2):
                self.add("devices", bug_id=n, platform=platform)

    def _desk(self):
        for n in range(1, self.size + 1):
            self.add(
                "tickets",
                id=f"t{n}",
                opened_at=self.maybe(*self.instants),
                resolved_at=self.maybe(*self.instants),
                category=self.maybe("Network", "Mail"),
                priority=self.maybe("P1", "P2"),
                technician=self.maybe("kim"),
                enhanced=self.maybe(True, False),
                minutes_spent=(None, 0, 7.5, 31, 480.1)[n % 5],
                reopened=None,
            )
            self.add(
                "runs",
                id=f"r{n}",
                ticket_id=self.maybe(*(f"t{m}" for m in range(1, self.size + 2))),
                status=self.one("completed", "completed", "failed", "pending"),
                processing_time_ms=self.maybe(5, 900, 900, 12_345),
                created_at=self.one(*self.instants),
                completed_at=None,
                error_message=None,
            )

    def _votes(self):
        for n in range(1, self.size + 1):
            self.add(
                "votes",
                id=f"v{n}",
                subject=self.one("page:/", "ticket:t1", "enhancement:r1", "enhancement:r2"),
                rater=f"rater {n}",
                ticket_id=self.maybe("t1", "t2"),
                enhancement_id=self.maybe("r1", "r2"),
                thumb=self.maybe("up", "down"),
                rating=self.maybe(1, 4, 5),
                comment=self.maybe("Good"),
                created_at=self.one(*self.instants),
                updated_at=self.instants[0],
            )

    def _surveys(self):
        for n in range(1, self.size + 1):
            self.add(
                "surveys",
                id=f"s{n}",
                respondent=self.maybe("kim", "lee"),
                answered_at=self.one(*self.instants),
                relevance=None,
                accuracy=None,
                usefulness=None,
                overall=self.maybe(1, 4, 5),
                minutes_saved=self.maybe(0.0, 7.5, -2.25),
                better_resolution=self.maybe("yes", "no", "unsure"),
                what_helps=None,
                what_to_improve=None,
                renewal=self.maybe(0, 9, 10),
                may_interview=None,
            )


def world_of(random, days):
    """A world of two accounts in which things happen on these days."""
    return _Drawn(random, days).world


# What few facts reach is asked of them alone, and so most often.
FACTS = (
    *({"bugs"}, {"bugs"}, {"bugs"}, {"bugs"}, {"tests"}, {"tests", "bugs"}),
    *({"tests", "bugs", "test_features"}, {"test_features"}),
    *({"feedback"}, {"feedback"}, {"tickets"}, {"enhancements"}, {"enhancements", "feedback"}),
    *({"surveys"}, {"surveys", "tickets", "feedback"}),
    *({"enhancements", "tickets", "feedback"}, set(REACHED_BY["day"])),
)


def query_of(random, days):
    """A query that can be asked of any world; its dates are among the days."""
    facts = random.choice(FACTS)
    reached = [d for d, by in REACHED_BY.items() if facts <= by]
    askable = [m for m, (needs, _) in METRICS.items() if set(needs) <= facts]
    metrics = random.sample(askable, random.randint(1, min(4, len(askable))))
    dimensions = random.sample(reached, random.randrange(4))
    query = {
        "metrics": metrics,
        "dimensions": dimensions,
        "date_basis": random.choice(("default", "default", "start", "reported")),
        "account": random.choice((None, None, "a")),
        "include_zero": random.random() < 0.3,
        "with_samples": random.random() < 0.3,
        "filters": dict(
            _filter_of(random, name, days) for name in random.sample(reached, random.randrange(3))
        ),
        "sort_order": random.choice(("desc", "desc", "asc")),
    }
    if random.random() < 0.4:
        ids = [f"{d}_id" for d in dimensions if d in ENTITIES]
        query["sort_by"] = random.choice([*metrics, *dimensions, *ids])
    if random.random() < 0.2:
        query["limit"] = random.choice((1, 2, 5))
    if random.random() < 0.2:
        query["severity_weights"] = random.choice(({"custom": 2.5, "low": 1}, {"critical": 0}, {}))
    ends = sorted(random.choice(days) for _ in range(2))
    sides = zip(("start_date", "end_date"), ends, strict=True)
    return query | {side: day for side, day in sides if random.random() < 0.5}


def _filter_of(random, name, days):
    """Values to filter by: stored ones, one that never is, none, and now and then very many."""
    by_id = name in ENTITIES and random.random() < 0.5
    pool = _values(name, days, by_id=by_id)
    values = [random.choice(pool) for _ in range(random.randint(1, 3))]
    if random.random() < 0.1 and name not in {"known_bug", "enhanced"}:
        values += [_other(name, days, n, by_id=by_id) for n in range(MANY)]
    return f"{name}_id" if by_id else name, values


def _other(name, days, n, *, by_id):
    """One of very many values: days that are there, and members that are not."""
    if name == "day":
        return period(days[0] + timedelta(days=n), name)
    return 1_000 + n if by_id and name != "account" else f"nobody {n}"


def _values(name, days, *, by_id):
    if by_id:
        return ("a", "b") if name == "account" else (1, 2, 3, 22, 77, None)
    if name in TIMES:
        return (*(period(day, name) for day in days), None)
    return {
        "account": ("Account a", "Account b"),
        "product": ("Shop", "Fax", None),
        "feature": ("Cart", "Login", "Fax", None),
        "platform": (*PLATFORMS, "BeOS", None),
        "severity": SEVERITIES,
        "bug_status": VERDICTS,
        "test_status": STATUSES,
        "testing_type": ("rapid", "coverage", None),
        "test_environment": ("Staging", "", None),
        "rejection_reason": ("duplicate", None),
        "known_bug": (True, False, None),
        "enhancement_status": ("completed", "failed", None),
        "ticket_category": ("Network", None),
        "ticket_priority": ("P1", "P3"),
        "technician": ("kim", "lee", None),
        "enhanced": (True, False, None),
        "feedback_type": ("thumbs_up", "thumbs_down", "rating", None),
        "subject": ("page:/", "ticket:t1", "page:/lost"),
    }.get(name, (*NAMES[:4], "nobody", None))
