"""Metrics over time: headline figures, series with control limits, and trends by person."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pandas as pd
from sqlalchemy import func, select

from core.analytics.account_settings import LeaderboardSettings, settings_of
from core.analytics.dates import ONE_DAY, Window, every_period, period_days, period_name, period_of
from core.analytics.definitions import METRICS
from core.analytics.freshness import known_through, maturing_since
from core.analytics.model import Metric
from core.analytics.query import COPIED, answered, metric_rows, metric_totals
from core.base.control_limits import SAMPLED, SCALES, Behaviour, Point, behaviour
from core.base.text import OTHERS
from core.store import Scope, TestCycle, table

# The fewest periods that control limits are taken from, beside the one that is not over.
HISTORY = {"week": 26, "month": 24}
LONG_AGO = date(1970, 1, 1)
EVERYONE = 1_000_000  # the limit of a query: more people than any account has
TREND_DAYS = 365
Stacked = tuple[pd.DataFrame, list[str], float]


@dataclass(frozen=True)
class Beside:
    """What a metric was over the window that another is compared with.

    `total` stands beside that of the other, None for the reason `gap`. `points` has, by period of
    the other, the whole period that lies as far from the end, and its value where that is known. A
    window of another length, such as a baseline, is a level: its counts are taken to as many days.
    """

    label: str
    total: float | None
    gap: str
    points: Mapping[str, tuple[str, float]]


@dataclass(frozen=True)
class Headline:
    """A metric over a window, with what it takes to judge it.

    `value` is in the metric's unit, None where unknown, and `beside` what it is compared with; `n`
    is the sample behind the value; `trend` has a value for each of the `periods`, None where there
    is none.
    `result` is the answer of `query_metrics` that the value was read from. Shares of bugs are those
    of settled ones, and `waiting` bugs of the window are not; where all wait there is no value, and
    `result` is that of all.
    """

    metric: Metric
    value: float | None
    beside: Beside | None
    n: int | None
    periods: tuple[str, ...]
    trend: tuple[float | None, ...]
    window: Window
    result: Mapping[str, Any]
    waiting: int = 0

    @property
    def cut(self) -> list[str]:
        """The periods that the window has only a part of."""
        start, end = self.window.start or date.min, self.window.end or date.max
        spans = {period: period_days(period) for period in self.periods}
        return [p for p, (first, last) in spans.items() if first < start or last > end]

    @property
    def is_small(self) -> bool:
        """Whether the sample is too small to show the value without a caveat."""
        return self.n is not None and self.n < self.metric.smallest_sample


@dataclass(frozen=True)
class MetricSeries:
    """A metric by period, and its control limits.

    `grain` is week or month. `maturing_days` is how long what the metric counts is still decided
    after a period, 0 where it is not.
    """

    metric: Metric
    grain: str
    points: tuple[Point, ...]
    behaviour: Behaviour
    maturing_days: int = 0
    beside: Beside | None = None


@dataclass(frozen=True)
class Trend:
    """An amount by month, over the window or the last year where that is longer.

    `people` has month, who (an id), and amount, for the people that were asked for; `total` is the
    amount of everyone known, by month from the first to the last with any, quiet months as 0.
    """

    people: pd.DataFrame
    total: pd.Series

    def lists(self) -> Mapping[int, list[int]]:
        """By person, the amount in each month of the trend."""
        place = {month: n for n, month in enumerate(self.total.index)}
        found: dict[int, list[int]] = {}
        columns = (self.people[name].tolist() for name in ("who", "month", "amount"))
        for who, month, amount in zip(*columns, strict=True):
            if month in place:
                found.setdefault(int(who), [0] * len(place))[place[month]] += int(amount)
        return found


def headline_figures(
    scope: Scope,
    metrics: Sequence[str],
    *,
    window: Window,
    compare: Window | None = None,
    product_ids: Sequence[int] = (),
    filters: Mapping[str, Any] | None = None,
    today: date,
    since: date | None = None,
) -> list[Headline]:
    """The metrics over the window, against the window `compare`, with their trend.

    `filters` are those of `query_metrics`, beside the products; `since` is `maturing_since`.
    """
    filters = dict(filters or {}) | _product_filter(product_ids)
    query = {"metrics": metrics, "filters": filters or None}

    def asked(span: Window, **more: Any) -> dict[str, Any]:
        return {**query, "start_date": span.start, "end_date": span.end, **more}

    now = answered(scope, **asked(window, with_samples=True))
    grain = window.grain
    # All time has no end of its own: without one, drafts planned for later would end the trend.
    span = window if window.end else Window(None, today)
    periods = metric_rows(scope, **asked(span, dimensions=[grain], include_zero=True))
    periods = [row for row in periods if row[grain] is not None]
    names = tuple(row[grain] for row in periods)
    since = since or maturing_since(scope, today)
    beside = _beside(scope, query, window, compare, names, until=(since, today))
    shares = [key for key in metrics if _is_decided(METRICS[key])]
    young, settled = 0, None
    if shares and (window.end is None or window.end > since):
        later = Window(max(window.start or since, since + ONE_DAY), window.end)
        young = metric_totals(scope, **asked(later, metrics=["bug_count"]))["bug_count"]
    if young and (window.start is None or window.start <= since):
        older = asked(Window(window.start, since), metrics=shares, with_samples=True)
        settled = answered(scope, **older)

    def headline(key: str) -> Headline:
        waits = young if key in shares else 0
        result, end = (settled, since) if waits else (now, date.max)
        totals = result["totals"] if result else {}
        return Headline(
            metric=METRICS[key],
            value=totals.get(key),
            beside=beside.get(key),
            n=totals.get(f"{key}_n"),
            periods=names,
            trend=tuple(row[key] if period_days(row[grain])[1] <= end else None for row in periods),
            window=window,
            result=result or now,
            waiting=waits,
        )

    return [headline(key) for key in metrics]


def _beside(
    scope: Scope,
    query: Mapping[str, Any],
    window: Window,
    compare: Window | None,
    periods: Sequence[str],
    *,
    until: tuple[date, date],
) -> dict[str, Beside]:
    """Each metric of a query over `compare`, beside the periods of the window in their order.

    `until` are the last days of settled bugs, and of all data.
    """
    if compare is None or window.days is None:
        return {}
    grain, ends = window.grain, compare.span
    start, end = ends
    whole = {"start_date": period_of(grain, start)[0], "end_date": period_of(grain, end)[1]}
    rows = metric_rows(scope, **query, **whole, dimensions=[grain], include_zero=True)
    is_like = compare.days == window.days or compare == window.year_before
    settled, today = until
    synced, firsts = known_through(scope, today), dict[Any, date | None]()
    found = {}
    for key, value in metric_totals(scope, **query, start_date=start, end_date=end).items():
        metric = METRICS[key]
        is_synced = COPIED.issuperset(metric.facts)
        facts = is_synced or metric.facts
        if facts not in firsts:
            firsts[facts] = _first_known(scope, metric, query)
        first, last = firsts[facts], today
        if is_synced:
            last = settled if _is_decided(metric) else synced
        total = value if is_like else _over(metric, value, compare, window.days)
        gap = "not comparable" if total is None else ""
        if value is None or first is None or end < first:
            gap = "no data then"
        elif (start < first and _is_amount(metric)) or end > last:
            gap = "data in part"
        values = [(row[grain], row[key]) for row in rows]
        if not is_like:
            spans = (Window(*period_days(period)) for period in periods)
            values = [(compare.label, _over(metric, value, compare, one.days)) for one in spans]
        known = Window(first or date.max, last)
        points = {
            period: (name, then)
            for period, (name, then) in zip(reversed(periods), reversed(values), strict=False)
            if then is not None and all(map(known.takes, period_days(name) if is_like else ends))
        }
        found[key] = Beside(compare.label, None if gap else total, gap, points)
    return found


def _over(metric: Metric, value: float | None, of: Window, days: int | None) -> float | None:
    """A value of a window as over so many days; None where that cannot be told.

    Amounts grow with the days, and rates do not. People who come again are counted once: how many
    of them there are in other days is not known.
    """
    if value is None or days is None or of.days is None or days == of.days:
        return value
    if any(measure.kind == "distinct" for measure in metric.measures()):
        return None
    return value * days / of.days if _is_amount(metric) else value


def _is_amount(metric: Metric) -> bool:
    """Whether it grows with the days, as rates, means and quantiles do not."""
    return metric.per is None and metric.measure.kind != "quantile"


def _first_known(scope: Scope, metric: Metric, query: Mapping[str, Any]) -> date | None:
    """The first day with data that a metric counts, of the query's products."""
    only = {k: v for k, v in (query["filters"] or {}).items() if k == "product_id"}
    if COPIED.issuperset(metric.facts):
        return _first_cycle(scope, only.get("product_id", ()))
    one = {"metrics": [metric.key], "filters": only or None, "dimensions": ["day"], "limit": 1}
    rows = metric_rows(scope, **one, start_date=LONG_AGO)
    return next((date.fromisoformat(row["day"]) for row in rows), None)


def _is_decided(metric: Metric) -> bool:
    """Whether it is a share of bugs by what was decided: the newest ones are not decided yet."""
    return metric.unit == "fraction" and "bugs" in metric.facts


def _product_filter(product_ids: Sequence[int]) -> dict[str, Any]:
    return {"product_id": list(product_ids)} if product_ids else {}


def metric_series(
    scope: Scope,
    metrics: Sequence[str],
    *,
    window: Window,
    compare: Window | None = None,
    product_ids: Sequence[int] = (),
    today: date,
) -> list[MetricSeries]:
    """The metrics by week for windows up to half a year, by month beyond, each with its limits.

    The window is compared with the window `compare`.
    The series joins back at least `HISTORY` periods, whatever the window. Periods before the first
    test cycle and after the last sync are unknown, and not 0.
    """
    first_day, until = _first_cycle(scope, product_ids), known_through(scope, today)
    end = min(window.end or today, today)
    query = {"metrics": list(metrics), "filters": _product_filter(product_ids) or None}
    rows = metric_rows(
        scope,
        **query,
        dimensions=[window.grain],
        start_date=_first_day(window, end, first_day),
        # A period that is not over is asked for as a whole: what is planned in it shows.
        end_date=period_of(window.grain, end)[1],
        include_zero=True,
        with_samples=True,
    )
    maturing_days = settings_of(scope, LeaderboardSettings).maturing_days
    settled = maturing_since(scope, today, maturing_days)
    names = [] if window.days is None else every_period(window.grain, *_ends(window))
    beside = _beside(scope, query, window, compare, names, until=(settled, today))
    found = []
    for key in metrics:
        metric = METRICS[key]
        facts = set(metric.facts)
        waits = maturing_days if _is_decided(metric) else 0
        if COPIED.issuperset(facts):
            known = first_day, until
        else:
            # Of what imports bring in, the first period with a value tells where the data begins.
            known = next((period_days(r[window.grain])[0] for r in rows if r[key]), None), today
        points = [_point(metric, row, row[window.grain], known, waits) for row in rows]
        scale = SCALES.get(metric.unit)
        limits = behaviour(points, kind=metric.kind, scale=scale, period=window.grain)
        one = MetricSeries(metric, window.grain, tuple(points), limits, waits, beside.get(key))
        found.append(one)
    return found


def _ends(window: Window) -> tuple[str, str]:
    """The first and the last period of a window by its grain."""
    first, last = (period_name(window.grain, day) for day in window.span)
    return first, last


def _point(
    metric: Metric,
    row: Mapping[str, Any],
    period: str,
    known: tuple[date | None, date],
    maturing_days: int,
) -> Point:
    """A period as a point of a series; `known` is the span of days with data."""
    (first, last), (first_day, until) = period_days(period), known
    value, n = row[metric.key], None
    if metric.kind in SAMPLED:
        n = (last - first).days + 1 if metric.per == "days" else row.get(f"{metric.key}_n")
    if first > until or (not value and (first_day is None or last < first_day)):
        value = n = None
    # A period in which the data begins has not all of it.
    is_whole = first_day is not None and first_day <= first
    is_whole = is_whole and last <= until - max(timedelta(days=maturing_days), ONE_DAY)
    return Point(period, value, n, is_whole)


def _first_cycle(scope: Scope, product_ids: Sequence[int]) -> date | None:
    """The day of the first test cycle."""
    cycles = table(TestCycle)
    first = select(func.min(cycles.c.end_day)).where(cycles.c.account_id == scope.account)
    if product_ids:
        first = first.where(cycles.c.product_id.in_(product_ids))
    ((first_day,),) = scope.fact_rows(first)
    found: date | None = first_day
    return found


def _first_day(window: Window, end: date, first_known: date | None) -> date:
    first = period_of(window.grain, end)[0]
    for _ in range(HISTORY[window.grain]):
        first = period_of(window.grain, first - ONE_DAY)[0]
    start = window.start or first_known
    return min(first, period_of(window.grain, start)[0]) if start else first


def people_query(window: Window, product_ids: Sequence[int]) -> dict[str, Any]:
    """The arguments of a query about all people of an account."""
    return {
        "start_date": window.start,
        "end_date": window.end,
        "filters": _product_filter(product_ids) or None,
        "limit": EVERYONE,
    }


def monthly_trend(
    scope: Scope, metric: str, who: str, *, asked: Mapping[str, Any], window: Window, today: date
) -> Trend:
    """The trend of a count by month, of everyone.

    Each row of the fact has one person at most, so that their amounts add up.
    """
    span = window.at_least(TREND_DAYS, today)
    over = {"start_date": span.start, "end_date": span.end, "dimensions": [who, "month"]}
    rows = metric_rows(scope, metrics=[metric], **(dict(asked) | over))
    found = pd.DataFrame(rows, columns=["month", f"{who}_id", metric])
    found = found.rename(columns={f"{who}_id": "who", metric: "amount"}).dropna()
    return Trend(found, whole_months(found))


def whole_months(amounts: pd.DataFrame) -> pd.Series:
    """The amount by month, from the first to the last with any, quiet months as 0.

    `amounts` has month and amount, in any number of rows for a month.
    """
    total = amounts.groupby("month")["amount"].sum().astype(int)
    total = total[total > 0]
    if total.empty:
        return total
    return total.reindex(every_period("month", total.index.min(), total.index.max()), fill_value=0)


def top_share(
    people: pd.DataFrame, top: pd.DataFrame, trend: Trend, person: str, *, by: str
) -> Stacked:
    """The trend of the top people and of everyone else, and the top ones' share of the window.

    `people` and `top` have the columns `<person>_id`, `person` and the amount that `by` names;
    `top` is best first. Answers with period, series and value for each pair, the names in order,
    two of one name told apart by their ids, and the share.
    """
    if top.empty or trend.total.empty:
        return pd.DataFrame(columns=["period", "series", "value"]), [], 0.0
    who = f"{person}_id"
    shared = top[person].duplicated(keep=False) | (top[person] == OTHERS)
    names = {
        int(key): f"{name} ({key})" if twin else str(name)
        for key, name, twin in zip(top[who], top[person], shared, strict=True)
    }
    wide = trend.people.pivot_table(index="month", columns="who", values="amount", aggfunc="sum")
    wide = wide.reindex(index=trend.total.index, columns=list(names)).fillna(0).astype(int)
    wide = wide.rename(columns=names)
    others = trend.total - wide.sum(axis=1)
    if others.any():
        wide[OTHERS] = others
    long = wide.rename_axis("period").reset_index().melt("period", var_name="series")
    return long, list(wide.columns), float(top[by].sum() / people[by].sum())
