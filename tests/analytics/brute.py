"""The answer to a query by brute force over plain dicts: what the SQL must agree with.

Nothing of the product is used but the business zone.
"""

from collections import Counter
from datetime import timedelta
from itertools import product

from tests.analytics.definitions import (
    CYCLE_FACTS,
    ENTITIES,
    METRICS,
    OF_CYCLE,
    OWN,
    PLATFORMS_OF_CYCLES,
    TIMES,
    Estimate,
    by_key,
    having,
    period,
    score,
    share,
    weights_of,
)


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
                "surveys": "surveys",
            }[name]
        )

    def _cycle(self, fact, row):
        if fact == "tests":
            return row
        return self.cycles.get((row["account_id"], row["cycle_id"]), {})

    def day(self, fact, row, basis):
        if fact in {"enhancements", "feedback"}:
            return self._day(row["created_at"])
        if fact == "surveys":
            return self._day(row["answered_at"])
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

    def figures(self, query, rows_of, days):
        """The metrics of a query and, where asked for, the observations behind each."""
        found = {}
        for metric in query["metrics"]:
            facts, formula = METRICS[metric]
            rows = [rows_of(fact) for fact in facts]
            if metric == "throughput_per_day":
                finished = len(having(*rows, "status", "completed", "failed"))
                figure = Estimate(share(finished, days()).value, finished)
            elif metric == "bug_severity_score":
                figure = score(*rows, weights_of(query))
            else:
                figure = formula(*rows)
            is_estimate = isinstance(figure, Estimate)
            found[metric] = figure.value if is_estimate else figure
            if is_estimate and query.get("with_samples"):
                found[f"{metric}_n"] = figure.n
        return found

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
            return self.figures(
                query,
                lambda fact: groups[fact].get(key, []),
                lambda: self.days(query, times, time_key),
            )

        return {key: answer(key) for key in keys}

    def totals(self, query):
        """The figures over all rows, each counted once."""
        return self.figures(
            query, lambda fact: self.passing(fact, query), lambda: self.days(query, [], [])
        )

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
        weights = weights_of(query)
        return Counter(
            row["severity"] for row in self.passing("bugs", query) if row["severity"] not in weights
        )
