"""HTTP client with retries and readable errors, shared by all sources.

SourceUnreachable
└── SourceFailed            reached, but this request failed: a smaller one may succeed
SourceUnreadable
└── SourceMissing           nothing at this path
"""

import email.utils
import json
import ssl
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC
from functools import cache
from itertools import count
from time import monotonic
from typing import Any, Self, TypedDict, Unpack

import httpx
import stamina

from core.base import clock
from core.base.errors import (
    ConfigError,
    SourceError,
    SourceRefused,
    SourceUnreachable,
    SourceUnreadable,
)
from core.ingest.clients.concurrency import RateLimiter

# A divisible request is retried in halves, which is another attempt at it.
DIVISIBLE_ATTEMPTS = 2
# The answer was too large for the time or the space that a gateway gives it.
TOO_LARGE = frozenset({413, 414, 422, 504, 524})


class SourceFailed(SourceUnreachable):
    """The source was reached, but failed at this request."""


class SourceMissing(SourceUnreadable):
    """The source has nothing at this path."""


@dataclass(frozen=True, kw_only=True)
class RetryPolicy:
    """Number of attempts, waits between them and timeouts, in seconds."""

    attempts: int = 5
    wait_initial: float = 0.5
    wait_max: float = 20.0
    wait_jitter: float = 1.0
    retry_after_max: float = 120.0
    connect_timeout: float = 10.0
    # Between two chunks; longer than the 100 seconds after which a gateway says 524.
    read_timeout: float = 120.0
    answer_timeout: float = 240.0
    run_timeout: float = 4 * 3_600.0


class ClientOptions(TypedDict, total=False):
    """Options of a client: retries and timeouts, an event that ends the run, and the transport."""

    retry: RetryPolicy | None
    stop: threading.Event | None
    transport: httpx.BaseTransport | None


class _Retryable(Exception):
    """A failed attempt, with an error that another attempt may not meet."""

    def __init__(
        self, error: SourceError, wait: float | None = None, *, is_limited: bool = False
    ) -> None:
        super().__init__(str(error))
        self.error = error
        self.wait = wait
        self.is_limited = is_limited


@cache
def _trusted() -> ssl.SSLContext:
    """The certificates to trust; to read them takes longer than an answer."""
    return httpx.create_ssl_context()


class SourceClient:
    """Thread-safe reader of JSON below one base URL, for one run.

    `requests` counts every attempt; `limiter` spaces them and ends the run. `token` is sent as
    `Authorization: Token ...`, or with another `scheme`, and appears in no error, log or repr.
    Errors name the two settings to correct. `reason` reads the source's own error message from a
    body, "" for none.
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
        **options: Unpack[ClientOptions],
    ) -> None:
        self.requests = 0
        self._counting = threading.Lock()
        self._address_setting = address_setting
        self._token_setting = token_setting
        self._reason = reason
        self._retry = options.get("retry") or RetryPolicy()
        self.limiter = RateLimiter(stop=options.get("stop"), seconds=self._retry.run_timeout)
        address = _address(base_url, address_setting)
        self.host = address.netloc.decode("ascii")
        self._http = httpx.Client(
            base_url=address,
            headers={"Accept": "application/json"} | _authorization(token, token_setting, scheme),
            verify=_trusted(),
            timeout=httpx.Timeout(self._retry.read_timeout, connect=self._retry.connect_timeout),
            transport=options.get("transport"),
            # A redirect would take the token to another host.
            follow_redirects=False,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._http.close()

    def get(
        self, path: str, params: Mapping[str, str | int] | None = None, *, divisible: bool = False
    ) -> Any:
        """Get the JSON at a path. A `divisible` request that is too large is not retried as it is.

        Raises SourceRefused, SourceUnreachable, SourceFailed, SourceMissing or SourceUnreadable.
        """
        answers = self.limiter.answers
        answer = self._with_retries(path, params or {}, divisible=divisible)
        is_error = isinstance(answer, SourceError) and not isinstance(answer, SourceMissing)
        self.limiter.record(answer if is_error else None, divisible=divisible, answers=answers)
        # Raised here, outside the handlers of HTTP errors, which would chain the request to it.
        if isinstance(answer, SourceError):
            raise answer
        return answer

    def _with_retries(self, path: str, params: Mapping[str, str | int], *, divisible: bool) -> Any:
        retry, failures = self._retry, count(1)

        def wait_before_retry(error: Exception) -> bool | float:
            """Whether to retry, or the seconds to wait where the limiter keeps those asked for."""
            if not isinstance(error, _Retryable):
                return False
            # What is only not allowed yet would be no more so in halves.
            if divisible and not error.is_limited and next(failures) >= DIVISIBLE_ATTEMPTS:
                return False
            return True if error.wait is None else error.wait

        try:
            for attempt in stamina.retry_context(
                on=wait_before_retry,
                attempts=retry.attempts,
                timeout=None,
                wait_initial=retry.wait_initial,
                wait_max=retry.wait_max,
                wait_jitter=retry.wait_jitter,
            ):
                with attempt:
                    return self._attempt(path, params, divisible=divisible)
        except _Retryable as failed:
            return failed.error

    def _attempt(self, path: str, params: Mapping[str, str | int], *, divisible: bool) -> Any:
        """Get the JSON or a final error; raises _Retryable for one that may pass."""
        failure: SourceError | None = None
        with self.limiter.slot():
            with self._counting:
                self.requests += 1
            try:
                with self._http.stream("GET", path, params=dict(params)) as response:
                    body = self._body(response)
            except httpx.RequestError as error:
                failure = self._transport_error(error, path)
        if failure is not None:
            if divisible and isinstance(failure, SourceFailed):
                return failure
            raise _Retryable(failure)
        if response.status_code != httpx.codes.OK:
            return self._status_error(response, body, path, divisible=divisible)
        return self._json(response, body, path)

    def _body(self, response: httpx.Response) -> bytes:
        """Read the whole answer; one that trickles in is not waited for without end."""
        until = monotonic() + self._retry.answer_timeout
        parts = []
        for part in response.iter_bytes():
            parts.append(part)
            self.limiter.check()
            if monotonic() > until:
                raise httpx.ReadTimeout("")
        return b"".join(parts)

    def _transport_error(self, error: httpx.RequestError, path: str) -> SourceError:
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

    def _status_error(
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
            limited = f"{self.host} still allows no more requests ({status}): sync again later."
            raise self._retry_after(SourceUnreachable(limited), response)
        failed = SourceFailed(
            f"{self.host} failed at {path} ({status}){because}: sync again later; if it persists, "
            "contact its operator."
        )
        if status in {413, 414} or (divisible and status in TOO_LARGE):
            return failed
        if status >= 500:
            raise self._retry_after(failed, response)
        if said:
            return SourceUnreadable(f"{self.host} refused {path} ({status}){because}")
        redirect = ", a redirect, which is not followed" if 300 <= status < 400 else ""
        return SourceUnreadable(
            f"{self.host} answered {path} with {status}{redirect}: check that "
            f"{self._address_setting} is the address of the API."
        )

    def _json(self, response: httpx.Response, body: bytes, path: str) -> Any:
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
        raise _Retryable(
            SourceUnreadable(
                f"{self.host} answered {path} with JSON that is cut off or damaged: "
                "sync again later."
            )
        )

    def _retry_after(self, error: SourceError, response: httpx.Response) -> _Retryable:
        """Retry no sooner than Retry-After, and send nothing else until then."""
        is_limited = response.status_code == httpx.codes.TOO_MANY_REQUESTS
        seconds = _retry_after_seconds(response.headers.get("Retry-After", ""))
        if seconds is not None:
            seconds = min(max(seconds, 0.0), self._retry.retry_after_max)
        if seconds is not None or is_limited:
            # A Retry-After of 0 still waits a little.
            self.limiter.back_off(seconds or self._retry.wait_initial, self._retry.wait_jitter)
        return _Retryable(error, 0.0 if seconds else None, is_limited=is_limited)


def _retry_after_seconds(header: str) -> float | None:
    if header.isdecimal():
        return float(header)
    try:
        when = email.utils.parsedate_to_datetime(header)
    except ValueError:
        return None
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    return (when - clock.now()).total_seconds()


def _address(base_url: str, setting: str) -> httpx.URL:
    try:
        address = httpx.URL(base_url)
    except httpx.InvalidURL:
        address = httpx.URL()
    if address.scheme not in {"http", "https"} or not address.host:
        raise ConfigError(f"{setting} is not a web address: it starts with https:// or http://.")
    # A name and password in the address would take the token's place, and appear in logs.
    return address.copy_with(userinfo=b"")


def _authorization(token: str | None, setting: str, scheme: str) -> dict[str, str]:
    if token is None:
        return {}
    if not token.isascii() or not token.isprintable() or token != token.strip() or not token:
        raise ConfigError(f"{setting} has characters that no token has: copy it again.")
    return {"Authorization": f"{scheme} {token}"}
