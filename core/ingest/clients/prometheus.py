"""Client of the Prometheus HTTP API v1: raw samples as they were scraped.

A range selector in an instant query (`metric[6h]`) returns the samples themselves: no step, no
extrapolation. Instants are whole milliseconds since 1970, as the server keeps them.
"""

import base64
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Unpack

import numpy as np

from core.base.counters import Labels, Series, Times, Values, add_series
from core.base.errors import SourceUnreadable
from core.base.settings import PrometheusSource
from core.base.text import clean
from core.ingest.clients.http import ClientOptions, SourceClient, SourceFailed

QUERY = "/api/v1/query"
# A range for which a request fails is halved down to this.
SMALLEST_MS = 15 * 60_000
# Finds all scrapes that are further apart; a range has far fewer steps than the limit of 11,000.
STEP_SECONDS = "10"
NO_SECONDS = np.empty(0)
LONGEST_REASON = 200


@dataclass(frozen=True, slots=True)
class Piece:
    """The samples of one metric in a range of time, and remarks on what the server sent.

    `scrapes` are those of the series of all tenants.
    """

    series: tuple[Series, ...] = ()
    remarks: tuple[str, ...] = ()
    scrapes: Times = field(default_factory=lambda: np.empty(0, np.int64))

    @property
    def times(self) -> Times:
        """Every instant at which the metric was scraped."""
        own = {id(one.times): one.times for one in self.series}
        return np.unique(np.concatenate([self.scrapes, *own.values()]))


def connect(source: PrometheusSource, **options: Unpack[ClientOptions]) -> SourceClient:
    """Make a client for one server. Raises ConfigError for a bad address or token."""
    token, scheme = source.token, "Bearer"
    if source.username:
        pair = f"{source.username}:{source.password or ''}"
        token, scheme = base64.b64encode(pair.encode()).decode("ascii"), "Basic"
    return SourceClient(
        source.url,
        address_setting="PROMETHEUS_URL",
        token=token,
        token_setting="token or username of [prometheus]",  # noqa: S106 (the names of settings)
        scheme=scheme,
        reason=_reason,
        **options,
    )


def quoted(value: str) -> str:
    """Quote a label's value for PromQL; quotes, backslashes and line ends are escaped."""
    escaped = value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
    return f'"{escaped}"'


def selector(metric: str, /, **labels: str) -> str:
    """Build the selector of a metric with these labels: metric{name="value"}."""
    listed = ",".join(f"{name}={quoted(value)}" for name, value in labels.items())
    return f"{metric}{{{listed}}}" if listed else metric


def fetch_version(client: SourceClient) -> str:
    """Fetch the version of the server."""
    data = _data(client, client.get("/api/v1/status/buildinfo"))
    version = data.get("version") if isinstance(data, dict) else None
    return clean(version) if isinstance(version, str) else "unknown"


def fetch_label_values(
    client: SourceClient, label: str, series: str, start: int, end: int
) -> list[str]:
    """Fetch the values of a label among the series of a selector, in a range of time."""
    params = {"match[]": series, "start": _seconds(start), "end": _seconds(end)}
    data = _data(client, client.get(f"/api/v1/label/{label}/values", params))
    if not isinstance(data, list) or not all(isinstance(value, str) for value in data):
        raise _unreadable(client)
    return data


def fetch_piece(
    client: SourceClient, series: str, start: int, end: int, *, shared: str | None = None
) -> Piece:
    """Fetch the samples of a selector's series from `start` until before `end`.

    With `shared`, the name of a metric whose series are of several tenants, its scrapes are fetched
    as well: an idle account has no series, which is no gap. Raises SourceUnreadable for anything
    that is no answer of Prometheus.
    """
    found: dict[Labels, Series] = {}
    remarks: list[str] = []
    for answer in _fetch_samples(client, series, start, end):
        remarks += _add_answer(client, answer, found, start, end)
    piece = Piece(tuple(found.values()), tuple(dict.fromkeys(remarks)))
    return piece if shared is None else replace(piece, scrapes=_scrapes(client, shared, start, end))


def fetch_last_values(client: SourceClient, series: str, until: int, back: str) -> Iterable[Series]:
    """Fetch the last value of each series before an instant; `back` is the lookback, such as 7d."""
    query = {"query": f"last_over_time({series}[{back}])", "time": _seconds(until - 1)}
    found: dict[Labels, Series] = {}
    _add_answer(client, client.get(QUERY, query), found, 0, until)
    return found.values()


def _fetch_samples(client: SourceClient, series: str, start: int, end: int) -> Iterator[Any]:
    """Fetch samples in one answer, or where that fails in halves."""
    # One more than the range: servers differ in whether its first instant is part of it.
    params = {"query": f"{series}[{end - start}ms]", "time": _seconds(end - 1)}
    try:
        answer = client.get(QUERY, params, divisible=True)
    except SourceFailed:
        if end - start <= SMALLEST_MS:
            raise
        middle = (start + end) // 2
        yield from _fetch_samples(client, series, start, middle)
        yield from _fetch_samples(client, series, middle, end)
    else:
        yield answer


def _scrapes(client: SourceClient, metric: str, start: int, end: int) -> Times:
    """Fetch the instants at which any series of a metric was scraped, of all tenants."""
    params = {"query": f"max(timestamp({metric}))", "step": STEP_SECONDS}
    limits = {"start": _seconds(start), "end": _seconds(end)}
    answer = client.get(f"{QUERY}_range", params | limits)
    found = [_samples(client, item.get("values", []))[1] for item in _result(client, answer)]
    times = np.unique(np.round(np.concatenate([NO_SECONDS, *found]) * 1_000).astype(np.int64))
    inside: Times = times[(times >= start) & (times < end)]
    return inside


def _add_answer(
    client: SourceClient, answer: Any, found: dict[Labels, Series], start: int, end: int
) -> list[str]:
    """Add the series of an answer, cut to a range of time; returns remarks on the answer."""
    remarks = []
    for listed in map(answer.get, ("warnings", "infos")) if isinstance(answer, dict) else ():
        texts = listed if isinstance(listed, list) else []
        remarks += [f"the server warned: {_said(text)}" for text in texts]
    for item in _result(client, answer):
        if "histogram" in item or "histograms" in item:
            remarks.append("a native histogram cannot be read: have the classic buckets scraped")
        samples = item.get("values", [item["value"]] if "value" in item else [])
        times, values = _samples(client, samples)
        inside = (times >= start) & (times < end)
        labels = {key: clean(text) for key, text in item["metric"].items() if key != "__name__"}
        if inside.any():
            add_series(found, Series(labels, times[inside], values[inside]))
    return remarks


def _samples(client: SourceClient, samples: Any) -> tuple[Times, Values]:
    try:
        # Numbers are sent as text, NaN and +Inf among them.
        times = np.array([round(at * 1_000) for at, _ in samples], dtype=np.int64)
        values = np.array([float(str.strip(text)) for _, text in samples], dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        raise _unreadable(client) from None
    if (np.diff(times) <= 0).any():
        raise _unreadable(client)
    return times, values


def _data(client: SourceClient, answer: Any) -> Any:
    """The data of a successful answer."""
    if isinstance(answer, dict) and answer.get("status") == "error":
        said = _said(answer.get("error"))
        raise SourceUnreadable(f"{client.host} could not answer and said: {said}")
    if not isinstance(answer, dict) or answer.get("status") != "success" or "data" not in answer:
        raise _unreadable(client)
    return answer["data"]


def _result(client: SourceClient, answer: Any) -> Sequence[Mapping[str, Any]]:
    data = _data(client, answer)
    result = data.get("result") if isinstance(data, dict) else None
    if not isinstance(result, list):
        raise _unreadable(client)
    for item in result:
        metric = item.get("metric") if isinstance(item, dict) else None
        if not isinstance(metric, dict) or not all(isinstance(v, str) for v in metric.values()):
            raise _unreadable(client)
    return result


def _unreadable(client: SourceClient) -> SourceUnreadable:
    return SourceUnreadable(
        f"{client.host} answered something that Prometheus does not: check that PROMETHEUS_URL is "
        "the address of a Prometheus."
    )


def _reason(body: bytes) -> str:
    """The error message in a failed answer."""
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    is_error = isinstance(answer, dict) and answer.get("status") == "error"
    return _said(answer.get("error")) if is_error else ""


def _said(text: Any) -> str:
    return " ".join(clean(str(text)).split())[:LONGEST_REASON]


def _seconds(milliseconds: int) -> str:
    whole, rest = divmod(milliseconds, 1_000)
    return f"{whole}.{rest:03}"
