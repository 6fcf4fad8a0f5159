"""The answer to a query by brute force over plain dicts: what the SQL must agree with.

Nothing of the product is used but the business zone: every definition is written out once more.
"""

from collections import Counter
from datetime import timedelta
from itertools import product
from statistics import fmean

CYCLE_FACTS = {"tests", "bugs", "test_features"}
TICKET_FACTS = {"enhancements", "tickets", "feedback"}
EVERY = CYCLE_FACTS | TICKET_FACTS
TIMES = ("day", "week", "month", "quarter", "year", "weekday")
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

REACHED_BY = {
    "account": EVERY,
    "product": CYCLE_FACTS,
    "feature": CYCLE_FACTS,
    "platform": {"tests", "bugs"},
    "customer": CYCLE_FACTS,
    "submitter": {"tests", "bugs"},
    "tester": {"bugs"},
    "severity": {"bugs"},
    "bug_status": {"bugs"},
    "test_status": {"tests", "bugs"},
    "testing_type": {"tests", "bugs"},
    "test_environment": {"tests", "bugs"},
    "rejection_reason": {"bugs"},
    "known_bug": {"bugs"},
    **dict.fromkeys(TIMES, EVERY),
    "enhancement_status": TICKET_FACTS,
    "ticket_category": TICKET_FACTS,
    "ticket_priority": TICKET_FACTS,
    "technician": TICKET_FACTS,
    "enhanced": TICKET_FACTS,
    "feedback_type": {"feedback"},
    "subject": {"feedback"},
}
ENTITIES = {"account", "product", "feature", "customer", "submitter", "tester"}
OWN = {
    "severity": "severity",
    "rejection_reason": "rejection_reason",
    "bug_status": "status",
    "known_bug": "known",
    "subject": "subject",
}
OF_CYCLE = {
    "test_status": "status",
    "testing_type": "testing_type",
    "test_environment": "test_environment",
}
PLATFORMS_OF_CYCLES = ("cycle_platforms", "cycle_id")
SAID = ("thumb", "rating", "comment")
WEIGHTS = {"critical": 5, "high": 3, "low": 1, "visual": 1, "content": 1}


def by_key(rows, *keys):
    return {tuple(row[key] for key in keys): row for row in rows}


def share(top, bottom):
    return top / bottom if bottom else None


def mean(values):
    return fmean(values) if values else None


def quantile(values, fraction):
    if not values:
        return None
    ranked = sorted(values)
    position = (len(ranked) - 1) * fraction
    below = int(position + 1e-9)
    above = min(below + 1, len(ranked) - 1)
    return ranked[below] + (position - below) * (ranked[above] - ranked[below])


def seconds(rows, start, end):
    return [
        (row[end] - row[start]).total_seconds()
        for row in rows
        if row[start] is not None and row[end] is not None
    ]


def having(rows, column, *values):
    return [row for row in rows if row[column] in values]


def known(rows, column):
    return [row for row in rows if row[column] is not None]


def saying_something(votes):
    return [row for row in votes if any(row[name] is not None for name in SAID)]


def resolved(tickets):
    return seconds(known(tickets, "resolved_at"), "opened_at", "resolved_at")


def durations(runs):
    return [
        row["processing_time_ms"] / 1000
        for row in known(having(runs, "status", "completed"), "processing_time_ms")
    ]


# A metric's facts, and the figure from their rows (and the days of the window).
METRICS = {
    "tests_created": (["tests"], lambda t: len(known(t, "created_by_id"))),
    "tests_submitted": (["tests"], lambda t: len(known(t, "submitted_by_id"))),
    "test_completion_rate": (
        ["tests"],
        lambda t: share(
            len(known(known(t, "created_by_id"), "submitted_by_id")),
            len(known(t, "created_by_id")),
        ),
    ),
    "test_count": (["tests"], len),
    "tests_executed": (["tests"], lambda t: len(executed(t))),
    "avg_test_duration": (
        ["tests"],
        lambda t: mean([s / 3600 for s in seconds(t, "start_at", "end_at")]),
    ),
    "features_tested": (
        ["test_features"],
        lambda f: len({(row["account_id"], row["feature_id"]) for row in f}),
    ),
    "bug_count": (["bugs"], len),
    "open_bugs": (["bugs"], lambda b: len(having(b, "status", "forwarded"))),
    "bugs_per_test": (["bugs", "tests"], lambda b, t: share(len(b), len(executed(t)))),
    "bug_severity_score": (
        ["bugs"],
        lambda b: sum(WEIGHTS.get(row["severity"], 0) for row in b),
    ),
    "active_customers": (
        ["tests"],
        lambda t: len({(r["account_id"], r["created_by_id"]) for r in known(t, "created_by_id")}),
    ),
    "active_testers": (
        ["bugs"],
        lambda b: len({(r["account_id"], r["tester_id"]) for r in known(b, "tester_id")}),
    ),
    "overall_acceptance_rate": (["bugs"], lambda b: share(len(accepted(b)), len(b))),
    "active_acceptance_rate": (
        ["bugs"],
        lambda b: share(len(having(b, "status", "accepted")), len(b)),
    ),
    "auto_acceptance_rate": (
        ["bugs"],
        lambda b: share(len(having(b, "status", "auto_accepted")), len(accepted(b))),
    ),
    "rejection_rate": (["bugs"], lambda b: share(len(having(b, "status", "rejected")), len(b))),
    "review_rate": (
        ["bugs"],
        lambda b: share(len(having(b, "status", "accepted", "rejected")), len(b)),
    ),
    "decided_acceptance_rate": (
        ["bugs"],
        lambda b: share(
            len(accepted(b)), len(having(b, "status", "accepted", "auto_accepted", "rejected"))
        ),
    ),
    "enhancement_count": (["enhancements"], len),
    "enhancement_success_rate": (
        ["enhancements"],
        lambda e: share(
            len(having(e, "status", "completed")), len(having(e, "status", "completed", "failed"))
        ),
    ),
    "latency_p50": (["enhancements"], lambda e: quantile(durations(e), 0.5)),
    "latency_p95": (["enhancements"], lambda e: quantile(durations(e), 0.95)),
    "latency_p99": (["enhancements"], lambda e: quantile(durations(e), 0.99)),
    "throughput_per_day": (["enhancements"], None),
    "feedback_count": (["feedback"], lambda v: len(saying_something(v))),
    "thumbs_up": (["feedback"], lambda f: len(having(f, "thumb", "up"))),
    "thumbs_down": (["feedback"], lambda f: len(having(f, "thumb", "down"))),
    "positive_feedback_rate": (
        ["feedback"],
        lambda f: share(len(having(f, "thumb", "up")), len(having(f, "thumb", "up", "down"))),
    ),
    "average_rating": (["feedback"], lambda f: mean([r["rating"] for r in known(f, "rating")])),
    "ticket_count": (["tickets"], lambda t: len(known(t, "resolved_at"))),
    "mean_resolution_minutes": (["tickets"], lambda t: mean([s / 60 for s in resolved(t)])),
    "median_resolution_minutes": (
        ["tickets"],
        lambda t: quantile([s / 60 for s in resolved(t)], 0.5),
    ),
}


def executed(cycles):
    return having(cycles, "status", "running", "locked", "archived")


def accepted(bugs):
    return having(bugs, "status", "accepted", "auto_accepted")


def period(day, key):
    if day is None:
        return None
    week = day.isocalendar()
    return {
        "day": day.isoformat(),
        "week": f"{week.year:04d}-W{week.week:02d}",
        "month": f"{day.year:04d}-{day.month:02d}",
        "quarter": f"{day.year:04d}-Q{(day.month - 1) // 3 + 1}",
        "year": f"{day.year:04d}",
        "weekday": WEEKDAYS[day.weekday()],
    }[key]


class Brute:
    """Answers queries over a world."""

    def __init__(self, world, zone, accounts=("a", "b")):
        self.zone = zone
        self.accounts = accounts
        self.world = {name: list(rows) for name, rows in world.items()}
        self.labels = {
            "account": {(a, a): f"Account {a}" for a in accounts},
            "product": self._labels("products", "name"),
            "feature": self._labels("features", "title"),
            "customer": self._labels("users", "name", "customer"),
            "tester": self._labels("users", "name", "tester"),
        }
        self.labels["submitter"] = self.labels["customer"]
        self.cycles = by_key(self._all("cycles"), "account_id", "id")
        self.runs = by_key(self._all("runs"), "account_id", "id")
        self.tickets = by_key(self._all("tickets"), "account_id", "id")

    def _all(self, name):
        return self.world.get(name, [])

    def _labels(self, name, label, kind=None):
        return {
            (row["account_id"], row["id"]): row[label]
            for row in self._all(name)
            if kind is None or row["kind"] == kind
        }

    def _day(self, instant):
        return None if instant is None else instant.astimezone(self.zone).date()

    def fact(self, name):
        return self._all(
            {
                "tests": "cycles",
                "bugs": "bugs",
                "test_features": "cycle_features",
                "enhancements": "runs",
                "tickets": "tickets",
                "feedback": "votes",
            }[name]
        )

    def _cycle(self, fact, row):
        if fact == "tests":
            return row
        return self.cycles.get((row["account_id"], row["cycle_id"]), {})

    def day(self, fact, row, basis):
        if fact in {"enhancements", "feedback"}:
            return self._day(row["created_at"])
        if fact == "tickets":
            return self._day(row["resolved_at"] or row["opened_at"])
        if fact == "bugs" and basis == "reported":
            return self._day(row["reported_at"])
        cycle = self._cycle(fact, row)
        return self._day(cycle.get("start_at" if basis == "start" else "end_at"))

    def _ticket(self, fact, row):
        if fact == "tickets":
            return row
        ticket = row["ticket_id"]
        if fact == "feedback" and ticket is None:
            run = self.runs.get((row["account_id"], row["enhancement_id"]), {})
            ticket = run.get("ticket_id")
        return self.tickets.get((row["account_id"], ticket), {})

    def keys(self, fact, row, dimension, basis):
        """The keys of a row in a dimension: (account, id) for entities, else the value."""
        account = row["account_id"]
        if dimension in TIMES:
            return [period(self.day(fact, row, basis), dimension)]
        if dimension in ENTITIES:
            return [(account, one) for one in self._ids(fact, row, dimension)]
        return self._values(fact, row, dimension)

    def _ids(self, fact, row, dimension):
        account, cycle = row["account_id"], self._cycle(fact, row) if fact in CYCLE_FACTS else {}
        if dimension == "feature" and fact == "tests":
            found = {
                link["feature_id"]
                for link in self._all("cycle_features")
                if (link["account_id"], link["cycle_id"]) == (account, row["id"])
            }
            return sorted(found) or [None]
        of, column = {
            "account": (row, "account_id"),
            "product": (row if fact == "bugs" else cycle, "product_id"),
            "feature": (row, "feature_id"),
            "customer": (cycle, "created_by_id"),
            "submitter": (cycle, "submitted_by_id"),
            "tester": (row, "tester_id"),
        }[dimension]
        return [of.get(column)]

    def _values(self, fact, row, dimension):
        if dimension == "platform":
            links, name = ("devices", "bug_id") if fact == "bugs" else PLATFORMS_OF_CYCLES
            found = {
                link["platform"]
                for link in self._all(links)
                if (link["account_id"], link[name]) == (row["account_id"], row["id"])
            }
            return sorted(found) or [None]
        if dimension == "enhancement_status":
            return self._run_statuses(fact, row)
        if dimension == "feedback_type":
            thumbs = {"up": "thumbs_up", "down": "thumbs_down"}
            found = [thumbs[row["thumb"]]] if row["thumb"] else []
            return found + (["rating"] if row["rating"] is not None else []) or [None]
        if dimension in OWN:
            return [row[OWN[dimension]]]
        if dimension in OF_CYCLE:
            return [self._cycle(fact, row).get(OF_CYCLE[dimension])]
        return [self._ticket(fact, row).get(dimension.removeprefix("ticket_"))]

    def _run_statuses(self, fact, row):
        if fact == "enhancements":
            return [row["status"]]
        if fact == "feedback":
            return [self.runs.get((row["account_id"], row["enhancement_id"]), {}).get("status")]
        found = {
            run["status"]
            for run in self._all("runs")
            if (run["account_id"], run["ticket_id"]) == (row["account_id"], row["id"])
        }
        return sorted(found) or [None]

    def lets(self, dimension, wanted, key, *, by_id):
        if dimension not in ENTITIES:
            return key in wanted
        if by_id:
            return key[1] in wanted
        return self.labels[dimension].get(key) in wanted

    @staticmethod
    def _within(day, start, end):
        return day is not None and (not start or day >= start) and (not end or day <= end)

    def passing(self, fact, query, *, dated=True):
        """The rows of a fact that a query is about."""
        basis = query.get("date_basis", "default")
        start, end = query.get("start_date"), query.get("end_date")
        found = []
        for row in self.fact(fact):
            if query.get("account") not in (None, row["account_id"]):
                continue
            day = self.day(fact, row, basis)
            if dated and (start or end) and not self._within(day, start, end):
                continue
            if all(
                any(
                    self.lets(name.removesuffix("_id"), wanted, key, by_id=name.endswith("_id"))
                    for key in self.keys(fact, row, name.removesuffix("_id"), basis)
                )
                for name, wanted in query.get("filters", {}).items()
            ):
                found.append(row)
        return found

    def groups(self, fact, query):
        """The rows of each group; a filter on a grouped dimension limits the groups too."""
        basis = query.get("date_basis", "default")
        found = {}
        for row in self.passing(fact, query):
            choices = []
            for dimension in query["dimensions"]:
                keys = self.keys(fact, row, dimension, basis)
                for name, wanted in query.get("filters", {}).items():
                    if name.removesuffix("_id") == dimension:
                        by_id = name.endswith("_id")
                        keys = [k for k in keys if self.lets(dimension, wanted, k, by_id=by_id)]
                choices.append(keys)
            for group in product(*choices):
                found.setdefault(group, []).append(row)
        return found

    def days(self, query, times, key):
        """The days of the window, or of finished runs, that fall into a group's periods."""
        start, end = query.get("start_date"), query.get("end_date")
        finished = [
            self.day("enhancements", row, "default")
            for row in self.passing("enhancements", query)
            if row["status"] in ("completed", "failed")
        ]
        if not (start and end) and not finished:
            return 0
        first, last = start or min(finished), end or max(finished)
        days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
        for name, wanted in query.get("filters", {}).items():
            if name in TIMES:
                days = [day for day in days if period(day, name) in wanted]
        return sum(
            all(period(day, t) == k for t, k in zip(times, key, strict=True)) for day in days
        )

    def figure(self, metric, rows_of, days):
        facts, formula = METRICS[metric]
        if metric == "throughput_per_day":
            return share(
                len(having(rows_of("enhancements"), "status", "completed", "failed")), days()
            )
        return formula(*(rows_of(fact) for fact in facts))

    def data(self, query):
        """The figures of each group."""
        facts = {fact for metric in query["metrics"] for fact in METRICS[metric][0]}
        groups = {fact: self.groups(fact, query) for fact in facts}
        keys = set().union(*groups.values()) if query["dimensions"] else {()}
        if query.get("include_zero"):
            keys |= self.every_key(query, facts)
        times = [d for d in query["dimensions"] if d in TIMES]

        def answer(key):
            time_key = [k for d, k in zip(query["dimensions"], key, strict=True) if d in TIMES]
            return {
                metric: self.figure(
                    metric,
                    lambda fact: groups[fact].get(key, []),
                    lambda: self.days(query, times, time_key),
                )
                for metric in query["metrics"]
            }

        return {key: answer(key) for key in keys}

    def totals(self, query):
        """The figures over all rows, each counted once."""
        return {
            metric: self.figure(
                metric,
                lambda fact: self.passing(fact, query),
                lambda: self.days(query, [], []),
            )
            for metric in query["metrics"]
        }

    def every_key(self, query, facts):
        """Every combination of known members, stored values and periods."""
        dimensions, basis = query["dimensions"], query.get("date_basis", "default")
        scope = [a for a in self.accounts if query.get("account") in (None, a)]
        lists = []
        for dimension in dimensions:
            if dimension in TIMES:
                lists.append([None])
            elif dimension in ENTITIES:
                lists.append([key for key in self.labels[dimension] if key[0] in scope])
            else:
                lists.append(
                    {
                        key
                        for fact in facts
                        for row in self.fact(fact)
                        if row["account_id"] in scope
                        for key in self.keys(fact, row, dimension, basis)
                        if key is not None
                    }
                )
            for name, wanted in query.get("filters", {}).items():
                if name.removesuffix("_id") == dimension and dimension not in TIMES:
                    by_id = name.endswith("_id")
                    lists[-1] = [
                        k for k in lists[-1] if self.lets(dimension, wanted, k, by_id=by_id)
                    ]
        combined = [key for key in product(*lists) if self._belong_together(dimensions, key)]
        times = [d for d in dimensions if d in TIMES]
        if not times:
            return set(combined)
        return {
            tuple(period(day, d) if d in TIMES else k for d, k in zip(dimensions, key, strict=True))
            for key in combined
            for day in self._every_day(query, facts)
        }

    def _belong_together(self, dimensions, key):
        of = dict(zip(dimensions, key, strict=True))
        entities = [k for d, k in of.items() if d in ENTITIES]
        if len({account for account, _ in entities}) > 1:
            return False
        if "product" in of and "feature" in of:
            product_of = {
                (f["account_id"], f["id"]): f["product_id"] for f in self._all("features")
            }
            return product_of[of["feature"]] == of["product"][1]
        return True

    def _every_day(self, query, facts):
        basis = query.get("date_basis", "default")
        days = [
            day
            for fact in facts
            for row in self.passing(fact, query)
            if (day := self.day(fact, row, basis))
        ]
        start = query.get("start_date") or min(days, default=None)
        end = query.get("end_date") or max(days, default=None)
        if start is None or end is None:
            return []
        every = [start + timedelta(days=n) for n in range((end - start).days + 1)]
        for name, wanted in query.get("filters", {}).items():
            if name in TIMES:
                every = [day for day in every if period(day, name) in wanted]
        return every

    def undated(self, fact, query):
        """How many rows a dated query cannot hold for want of a date."""
        basis = query.get("date_basis", "default")
        return sum(
            self.day(fact, row, basis) is None for row in self.passing(fact, query, dated=False)
        )

    def without(self, fact, dimension, query):
        """How many rows stand under the null label."""
        basis = query.get("date_basis", "default")
        return sum(
            all(
                (key[1] if dimension in ENTITIES else key) is None
                for key in self.keys(fact, row, dimension, basis)
            )
            for row in self.passing(fact, query)
        )

    def weightless(self, query):
        """How many bugs have each severity that has no weight."""
        return Counter(
            row["severity"] for row in self.passing("bugs", query) if row["severity"] not in WEIGHTS
        )
