"""The one HTTP client of all sources: it asks, waits, asks again, and says in a sentence why not.

SourceUnreachable
└── SourceFailed            it was reached, and failed at this question: a smaller one may do
SourceUnreadable
└── SourceMissing           it has nothing at this path
"""

import email.utils
import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic
from types import TracebackType
from typing import Any, Self

import httpx
import stamina

from core.base.errors import (
    ConfigError,
    SourceError,
    SourceRefused,
    SourceUnreachable,
    SourceUnreadable,
)
from core.ingest.clients.rate_limiter import Gate

# A divisible question is asked in halves next, which is another attempt at it.
DIVISIBLE_ATTEMPTS = 2
# The question was too large for the time or the space that a gateway gives it.
TOO_LARGE = frozenset({413, 414, 422, 504, 524})


class SourceFailed(SourceUnreachable):
    """The outside system was reached, and failed at this question."""


class SourceMissing(SourceUnreadable):
    """The outside system has nothing at this path."""


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How often to ask and how long to wait; in seconds."""

    attempts: int = 5
    wait_initial: float = 0.5
    wait_max: float = 20.0
    wait_jitter: float = 1.0
    retry_after_max: float = 120.0
    connect: float = 10.0
    # Longer than the 100 seconds after which a gateway says 524; until the next bytes, and for all.
    read: float = 120.0
    answer: float = 240.0
    run: float = 4 * 3_600.0


class _Again(Exception):
    """An attempt failed, with an error that another may not meet."""

    def __init__(self, error: SourceError, wait: float | None = None) -> None:
        super().__init__(str(error))
        self.error = error
        self.wait = wait


class SourceClient:
    """Reads JSON below one address, for many threads; `requests` counts every attempt.

    `gate` is what the requests of a run share, one of its own by default. `token` is sent as
    `Authorization: Token ...`, or with another `scheme`, and stands in no error, log or repr; the
    two settings are named in the sentences that ask a person to correct them. `reason` reads what
    the source says of a failure, "" for nothing.
    """

    def __init__(
        self,
        base_url: str,
        *,
        address_setting: str,
        token: str | None = None,
        token_setting: str = "",
        scheme: str = "Token",
        reason: Callable[[bytes], str] = lambda _body: "",
        patience: Patience | None = None,
        gate: Gate | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.requests = 0
        self.gate = gate or Gate()
        self._counting = threading.Lock()
        self._address_setting = address_setting
        self._token_setting = token_setting
        self._reason = reason
        self._patience = patience or Patience()
        address = _address(base_url, address_setting)
        self.host = address.netloc.decode("ascii")
        self._http = httpx.Client(
            base_url=address,
            headers={"Accept": "application/json"} | _authorization(token, token_setting, scheme),
            timeout=httpx.Timeout(self._patience.read, connect=self._patience.connect),
            transport=transport,
            # A redirect would take the token to another host.
            follow_redirects=False,
        )

    def __repr__(self) -> str:
        return f"<SourceClient {self.host}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._http.close()

    def get(
        self,
        path: str,
        params: Mapping[str, str | int] | None = None,
        *,
        divisible: bool = False,
    ) -> Any:
        """The JSON at a path. A `divisible` question that is too large is not asked twice.

        Raises SourceRefused, SourceUnreachable, SourceFailed, SourceMissing or SourceUnreadable.
        """
        answers = self.gate.answers
        answer = self._patiently(path, params or {}, divisible=divisible)
        if not isinstance(answer, SourceError) or isinstance(answer, SourceMissing):
            self.gate.answered()
        elif isinstance(answer, SourceRefused):
            self.gate.close(answer)
        else:
            self.gate.failed(answer, divisible=divisible, answers=answers)
        # Raised here, where no error of the HTTP library with its request hangs on to it.
        if isinstance(answer, SourceError):
            raise answer
        return answer

    def _patiently(self, path: str, params: Mapping[str, str | int], *, divisible: bool) -> Any:
        patience = self._patience
        try:
            for attempt in stamina.retry_context(
                on=_pause,
                attempts=min(patience.attempts, DIVISIBLE_ATTEMPTS)
                if divisible
                else patience.attempts,
                timeout=None,
                wait_initial=patience.wait_initial,
                wait_max=patience.wait_max,
                wait_jitter=patience.wait_jitter,
            ):
                with attempt:
                    return self._once(path, params, divisible=divisible)
        except _Again as again:
            return again.error

    def _once(self, path: str, params: Mapping[str, str | int], *, divisible: bool) -> Any:
        """The JSON, or the error that stays; raises _Again for one that may not."""
        failure: SourceError | None = None
        response: httpx.Response | None = None
        body = b""
        with self.gate.turn():
            with self._counting:
                self.requests += 1
            try:
                with self._http.stream("GET", path, params=dict(params)) as response:
                    body = self._body(response)
            except httpx.RequestError as error:
                failure = self._broken(error, path)
        if failure is None and response is not None:
            if response.status_code != httpx.codes.OK:
                return self._refused(response, body, path, divisible=divisible)
            return self._read(response, body, path)
        if divisible and isinstance(failure, SourceFailed):
            return failure
        raise _Again(failure or SourceUnreachable(self.host))

    def _body(self, response: httpx.Response) -> bytes:
        """The whole answer; one that comes in drops is not waited for without end."""
        until = monotonic() + self._patience.answer
        parts = []
        for part in response.iter_bytes():
            parts.append(part)
            ended = self.gate.over()
            if ended is not None:
                raise ended
            if monotonic() > until:
                raise httpx.ReadTimeout("")
        return b"".join(parts)

    def _broken(self, error: httpx.RequestError, path: str) -> SourceError:
        if isinstance(error, httpx.ReadTimeout):
            return SourceFailed(f"{self.host} did not answer {path} in time: sync again later.")
        if "certificate" in str(error).lower():
            return SourceUnreachable(
                f"The certificate of {self.host} cannot be verified: check "
                f"{self._address_setting}, and the certificates that this machine trusts."
            )
        if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.ProxyError):
            return SourceUnreachable(
                f"{self.host} cannot be reached: check the network and {self._address_setting}, "
                "then sync again."
            )
        return SourceUnreachable(
            f"{self.host} broke off the connection at {path}: sync again later."
        )

    def _refused(
        self, response: httpx.Response, body: bytes, path: str, *, divisible: bool
    ) -> SourceError:
        status = response.status_code
        said = self._reason(body)
        because = f" and said: {said}" if said else ""
        if status in {401, 403}:
            return SourceRefused(
                f"{self.host} refused the token ({status}): check {self._token_setting}, "
                "then sync again."
            )
        if status in {404, 410}:
            return SourceMissing(
                f"{self.host} has no {path} ({status}): check that {self._address_setting} "
                "is the address of the API."
            )
        if status == 429:
            raise self._again_after(
                SourceUnreachable(
                    f"{self.host} still allows no more requests ({status}): sync again later."
                ),
                response,
            )
        failed = SourceFailed(
            f"{self.host} failed at {path} ({status}){because}: sync again later, "
            "and if it lasts ask whoever runs it."
        )
        if status in {413, 414} or (divisible and status in TOO_LARGE):
            return failed
        if status >= 500:
            raise self._again_after(failed, response)
        if said:
            return SourceUnreadable(f"{self.host} refused {path} ({status}){because}")
        return SourceUnreadable(
            f"{self.host} answered {path} with {_said(status)}: check that "
            f"{self._address_setting} is the address of the API."
        )

    def _read(self, response: httpx.Response, body: bytes, path: str) -> Any:
        kind = response.headers.get("Content-Type", "")
        if "html" in kind.lower() or body[:100].lstrip().startswith(b"<"):
            return SourceUnreadable(
                f"{self.host} answered {path} with a web page instead of JSON: check that "
                f"{self._address_setting} is the address of the API, and that no login page "
                "or proxy stands before it."
            )
        try:
            return json.loads(body)
        except (ValueError, RecursionError):
            pass
        raise _Again(
            SourceUnreadable(
                f"{self.host} answered {path} with JSON that is cut off or damaged: "
                "sync again later."
            )
        )

    def _again_after(self, error: SourceError, response: httpx.Response) -> _Again:
        """To be asked again: no sooner than the source said, and nothing else meanwhile."""
        seconds = _seconds(response.headers.get("Retry-After", ""))
        if seconds is not None:
            seconds = min(max(seconds, 0.0), self._patience.retry_after_max)
        if seconds is not None or response.status_code == 429:
            # At once is no time to wait.
            rest = seconds or self._patience.wait_initial
            self.gate.rest(rest, self._patience.wait_jitter)
        return _Again(error, 0.0 if seconds else None)


def _pause(error: Exception) -> bool | float:
    """Whether to ask again, or the seconds to wait where the gate keeps those that it named."""
    if not isinstance(error, _Again):
        return False
    return True if error.wait is None else error.wait


def _seconds(retry_after: str) -> float | None:
    if retry_after.isdecimal():
        return float(retry_after)
    try:
        when = email.utils.parsedate_to_datetime(retry_after)
    except ValueError:
        return None
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    return (when - datetime.now(UTC)).total_seconds()


def _said(status: int) -> str:
    redirect = ", a redirect, which is not followed" if 300 <= status < 400 else ""
    return f"{status}{redirect}"


def _address(base_url: str, setting: str) -> httpx.URL:
    try:
        address = httpx.URL(base_url)
    except httpx.InvalidURL:
        address = httpx.URL()
    if address.scheme not in {"http", "https"} or not address.host:
        raise ConfigError(f"{setting} is not a web address: it starts with https:// or http://.")
    # A name and password in the address would take the token's place, and stand in logs.
    return address.copy_with(userinfo=b"")


def _authorization(token: str | None, setting: str, scheme: str) -> dict[str, str]:
    if token is None:
        return {}
    if not token.isascii() or not token.isprintable() or token != token.strip() or not token:
        raise ConfigError(f"{setting} has characters that no token has: copy it again.")
    return {"Authorization": f"{scheme} {token}"}
