"""The settings: the only reader of the environment and of `.streamlit/secrets.toml`."""

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from core.base.errors import ConfigError
from core.base.mail_settings import MailSettings, mail_settings

ROOT = Path(__file__).resolve().parents[2]
SECRETS_FILE = ROOT / ".streamlit" / "secrets.toml"
DEFAULT_TESTIO_URL = "https://api.test.io/customer/v2"


@dataclass(frozen=True, kw_only=True)
class PrometheusSource:
    """A Prometheus server and what the platform's metrics are called there.

    A name that is "" is not read. `tenant_id` is the value by which the label `tenant_label` tells
    an account's series from others, "" where no metric has such a label. `workers` is how many
    there are in all, None where that is not known.
    """

    url: str
    tenant_id: str
    tenant_label: str = "tenant_id"
    requests_total: str = "enhancement_requests_total"
    duration_bucket: str = "enhancement_duration_seconds_bucket"
    success_rate: str = "enhancement_success_rate"
    queue_depth: str = "queue_depth"
    worker_active: str = "worker_active_count"
    workers: int | None = None
    history_days: int = 56
    token: str | None = field(default=None, repr=False)
    username: str | None = None
    password: str | None = field(default=None, repr=False)


METRICS = ("requests_total", "duration_bucket", "success_rate", "queue_depth", "worker_active")
WHOLE_NUMBERS = ("workers", "history_days")
SECRET = ("token", "username", "password")
# What the names look like; a metric that is not read has none.
NAMES = dict.fromkeys(METRICS, re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)?")) | {
    "tenant_label": re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
}


@dataclass(frozen=True, kw_only=True)
class TestioAccount:
    """One account: a customer of the test IO Customer API, where one token is one account.

    One that has a `prometheus` alone has no token. `sync_interval_seconds` is its own, 0 for no
    automatic sync; None is that of the settings.
    """

    __test__ = False  # the name starts with "Test", and this is no test class

    id: str
    name: str
    base_url: str
    token: str | None = field(repr=False)
    sync_interval_seconds: int | None = None
    prometheus: PrometheusSource | None = None

    @property
    def sources(self) -> tuple[str, ...]:
        """The names of what it is synchronised with, in the order in which that is done."""
        own = {"testio": self.token, "prometheus": self.prometheus}
        return tuple(name for name, configured in own.items() if configured)


@dataclass(frozen=True, kw_only=True)
class ApiSettings:
    """Who may use the HTTP API from where, and how often.

    `cors_origins` are other sites whose pages may post; `anonymous_feedback` the ids of accounts
    that take votes without a token; `trusted_proxies` those whose X-Forwarded-For is believed.
    """

    cors_origins: tuple[str, ...] = ()
    anonymous_feedback: tuple[str, ...] = ()
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = ()
    rater_votes_per_minute: int = 30
    address_votes_per_minute: int = 30


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything that can be configured, read once.

    `editors` are the addresses of those who may change what an account decides for itself; None
    where nobody signs in, as on a laptop: there everyone may.
    """

    database_url: str
    timezone: str
    sync_interval_seconds: int
    accounts: tuple[TestioAccount, ...]
    prometheus_url: str | None
    editors: tuple[str, ...] | None = None
    api: ApiSettings = field(default_factory=ApiSettings)
    mail: MailSettings | None = None

    @property
    def zone(self) -> ZoneInfo:
        """The business time zone, in which days, weeks and months are counted."""
        return ZoneInfo(self.timezone)

    @property
    def demo_database_url(self) -> str:
        """Demo data has a store of its own, beside the real one where that is a file."""
        path = self.database_url.removeprefix("sqlite:///").partition("?")[0]
        if path == self.database_url:  # no file: a server, or memory
            return "sqlite://" if path == "sqlite://" else f"sqlite:///{ROOT}/data/demo.db"
        return f"sqlite:///{Path(path).with_suffix('')}-demo.db"


def load_settings(
    environ: Mapping[str, str] | None = None, secrets_file: Path | None = None
) -> Settings:
    """Read the settings; the environment wins over the secrets file.

    Raises ConfigError with a sentence that names the setting.
    """
    secrets = _read_secrets(secrets_file or SECRETS_FILE)
    values = {
        k: ",".join(map(str, v)) if isinstance(v, list) else str(v)
        for k, v in secrets.items()
        if not isinstance(v, Mapping)
    }
    values |= dict(os.environ if environ is None else environ)
    data = ROOT / "data"
    return Settings(
        database_url=values.get("TOUCHSTONE_DATABASE_URL") or f"sqlite:///{data}/touchstone.db",
        timezone=_timezone(values.get("TOUCHSTONE_TIMEZONE") or "UTC"),
        sync_interval_seconds=_seconds(values.get("TOUCHSTONE_SYNC_INTERVAL_SECONDS") or "3600"),
        accounts=_accounts(values, secrets),
        prometheus_url=_url("PROMETHEUS_URL", values.get("PROMETHEUS_URL") or None),
        editors=_editors(secrets),
        api=_api(values),
        mail=mail_settings(values),
    )


def _api(values: Mapping[str, str]) -> ApiSettings:
    origins = _listed(values, "TOUCHSTONE_CORS_ORIGINS")
    for origin in origins:
        if not re.fullmatch(r"https?://[a-z0-9.\-\[\]:]+", origin):
            raise ConfigError(
                f"TOUCHSTONE_CORS_ORIGINS names {origin!r}: an origin is https:// and a host in "
                "small letters, maybe a port, and nothing after it."
            )
    try:
        proxies = [ip_network(one) for one in _listed(values, "TOUCHSTONE_TRUSTED_PROXIES")]
    except ValueError as error:
        raise ConfigError(
            f"TOUCHSTONE_TRUSTED_PROXIES names what is no address or network: {error}."
        ) from None
    limits = {
        f"{who}_votes_per_minute": _per_minute(values, f"TOUCHSTONE_{who.upper()}_VOTES_PER_MINUTE")
        for who in ("rater", "address")
    }
    return ApiSettings(
        cors_origins=origins,
        anonymous_feedback=_listed(values, "TOUCHSTONE_ANONYMOUS_FEEDBACK"),
        trusted_proxies=tuple(proxies),
        **limits,
    )


def _listed(values: Mapping[str, str], setting: str) -> tuple[str, ...]:
    parts = (part.strip() for part in values.get(setting, "").split(","))
    return tuple(part for part in parts if part)


def _per_minute(values: Mapping[str, str], setting: str) -> int:
    text = values.get(setting) or "30"
    if not text.isdecimal() or not 1 <= int(text[:9]) <= 1_000_000:
        raise ConfigError(f"{setting} is {text!r}: use a whole number of votes a minute from 1.")
    return int(text[:9])


def _editors(secrets: Mapping[str, Any]) -> tuple[str, ...] | None:
    """`editors`, a list of addresses; without one nobody may where people sign in (`[auth]`)."""
    named = secrets.get("editors")
    if named is None:
        return () if "auth" in secrets else None
    if not isinstance(named, list) or not all(isinstance(name, str) for name in named):
        raise ConfigError(
            'editors in the secrets file is a list of addresses: ["ann@example.org"].'
        )
    return tuple(name.strip().lower() for name in named)


def _read_secrets(path: Path) -> Mapping[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        # TOMLDecodeError says line and column, never the line's text: no secret leaks.
        raise ConfigError(
            f"{path.name} in {path.parent.name} cannot be read ({type(error).__name__}): "
            "correct the file or remove it."
        ) from None


def _timezone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ConfigError(
            f"TOUCHSTONE_TIMEZONE is {name!r}, which is no time zone: "
            "use a name such as UTC or Europe/Berlin."
        ) from None
    return name


def _seconds(text: str) -> int:
    try:
        seconds = int(text)
    except ValueError:
        seconds = -1
    if seconds < 0:
        raise ConfigError(
            f"TOUCHSTONE_SYNC_INTERVAL_SECONDS is {text!r}: "
            "use a whole number of seconds, 0 for no automatic sync."
        )
    return seconds


def _url(setting: str, url: str | None) -> str | None:
    if url is None:
        return None
    try:
        parts = urlsplit(url)
        valid = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        valid = False
    if not valid:
        raise ConfigError(f"{setting} is not a web address: it starts with https:// or http://.")
    return url.rstrip("/")


def _accounts(values: Mapping[str, str], secrets: Mapping[str, Any]) -> tuple[TestioAccount, ...]:
    """The account of the environment first, then the `[accounts.<id>]` tables of the secrets."""
    shared = _table(secrets, "prometheus")
    accounts = {}
    if values.get("TESTIO_CUSTOMER_API_TOKEN") or values.get("TESTIO_CUSTOMER_ID"):
        account = _account(values.get("TESTIO_CUSTOMER_ID") or "", values, values, shared)
        accounts[account.id] = account
    tables = secrets.get("accounts", {})
    if not isinstance(tables, Mapping) or not all(isinstance(t, Mapping) for t in tables.values()):
        raise ConfigError("In secrets.toml, give each account a table of its own: [accounts.<id>].")
    for account_id, table in tables.items():
        own = {name: str(value) for name, value in table.items() if not isinstance(value, Mapping)}
        if own.get("prometheus_url"):
            own["PROMETHEUS_URL"] = own["prometheus_url"]
        # What opens one server is not sent to another.
        kept = {n: v for n, v in shared.items() if "PROMETHEUS_URL" not in own or n not in SECRET}
        its = kept | _table(table, "prometheus")
        accounts.setdefault(account_id, _account(account_id, own, values, its, is_table=True))
    if values.get("PROMETHEUS_URL") and not accounts:
        raise ConfigError(
            "PROMETHEUS_URL is set but TESTIO_CUSTOMER_ID is not: set the account's id, by which "
            "its metrics are told from those of others."
        )
    return tuple(accounts.values())


def _table(secrets: Mapping[str, Any], name: str) -> dict[str, Any]:
    table = secrets.get(name, {})
    if not isinstance(table, Mapping):
        raise ConfigError(f"In secrets.toml, {name} is a table of its own: [{name}].")
    return dict(table)


def _account(
    account_id: str,
    values: Mapping[str, str],
    shared: Mapping[str, str],
    names: Mapping[str, Any],
    *,
    is_table: bool = False,
) -> TestioAccount:
    """An account from settings of its own, as in a table of the secrets, or from those of all.

    `shared` are the settings of all accounts, `names` those of its Prometheus.
    """
    token = (values.get("TESTIO_CUSTOMER_API_TOKEN") or "").strip()
    if not account_id:
        raise ConfigError(
            "TESTIO_CUSTOMER_API_TOKEN is set but TESTIO_CUSTOMER_ID is not: set the account's id."
        )
    prometheus = _prometheus(account_id, values, shared, names)
    if not token and prometheus is None:
        raise ConfigError(
            f"The account {account_id!r} has no TESTIO_CUSTOMER_API_TOKEN: "
            "set the account's API token."
        )
    if not token.isascii() or (token and not token.isprintable()):
        raise ConfigError(
            f"The TESTIO_CUSTOMER_API_TOKEN of account {account_id!r} has characters "
            "that no token has: copy it again."
        )
    interval = values.get("TOUCHSTONE_SYNC_INTERVAL_SECONDS") if is_table else None
    base_url = values.get("TESTIO_CUSTOMER_API_BASE_URL") or DEFAULT_TESTIO_URL
    return TestioAccount(
        id=account_id,
        name=values.get("TESTIO_CUSTOMER_NAME") or account_id,
        base_url=_url("TESTIO_CUSTOMER_API_BASE_URL", base_url) or base_url,
        token=token or None,
        sync_interval_seconds=_seconds(interval) if interval else None,
        prometheus=prometheus,
    )


def _prometheus(
    account_id: str,
    values: Mapping[str, str],
    shared: Mapping[str, str],
    names: Mapping[str, Any],
) -> PrometheusSource | None:
    """The account's Prometheus: the address of its own, or that of all; None without either."""
    url = _url(
        "PROMETHEUS_URL", values.get("PROMETHEUS_URL") or shared.get("PROMETHEUS_URL") or None
    )
    if url is None:
        return None
    if urlsplit(url).username is not None:
        raise ConfigError(
            "PROMETHEUS_URL holds a name or password: give these as username and password of "
            "[prometheus] in secrets.toml."
        )
    known = set(PrometheusSource.__dataclass_fields__) - {"url"}
    unknown = sorted(set(names) - known)
    if unknown:
        raise ConfigError(
            f"[prometheus] knows no {unknown[0]!r}: there is {', '.join(sorted(known))}."
        )
    texts = {name: _text(name, names[name]) for name in names if name not in WHOLE_NUMBERS}
    numbers = {name: _whole(name, names[name]) for name in names if name in WHOLE_NUMBERS}
    own = values if values.get("PROMETHEUS_URL") else shared
    token = texts.pop("token", None) or own.get("PROMETHEUS_TOKEN") or None
    for name, text in texts.items():
        form = NAMES.get(name)
        if form is not None and not form.fullmatch(text):
            raise ConfigError(
                f"{name} of [prometheus] is {text!r}, which is no name that Prometheus knows: "
                "letters, digits and underscores."
            )
    texts.setdefault("tenant_id", account_id)
    if not _is_text(texts["tenant_id"]):
        raise ConfigError(f"The account's id {account_id!r} is no text: set another.")
    if token and texts.get("username"):
        raise ConfigError("[prometheus] has a token and a username: use one of them.")
    for secret in (token or "", texts.get("password", ""), texts.get("username", "")):
        if not secret.isprintable():
            raise ConfigError("The token or password of [prometheus] is damaged: copy it again.")
    named: dict[str, Any] = texts | numbers
    return PrometheusSource(url=url, token=token, **named)


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise ConfigError(f'{name} of [prometheus] is a text: {name} = "...".')
    return value


def _whole(name: str, value: Any) -> int:
    if type(value) is not int or not 1 <= value <= 3_650:
        raise ConfigError(f"{name} of [prometheus] is a whole number from 1 to 3,650.")
    return value


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
