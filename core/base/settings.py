"""Settings from the environment first, then from `.streamlit/secrets.toml`.

The names are the same in both, in capitals; several accounts are tables of the file. A setting that
is empty counts as not set.
"""

import difflib
import json
import logging
import os
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, SettingsConfigDict
from pydantic_settings import PydanticBaseSettingsSource as Source

from core.base import clock
from core.base.errors import ConfigError

ROOT = Path(__file__).resolve().parents[2]
SECRETS_FILE = ROOT / ".streamlit" / "secrets.toml"
DEFAULT_TESTIO_URL = "https://api.test.io/customer/v2"
PREFIXES = ("TOUCHSTONE_", "TESTIO_CUSTOMER_", "PROMETHEUS_")
# How mail is encrypted, and the port that goes with it.
SMTP_PORTS = {"starttls": 587, "tls": 465, "none": 25}
HOST = r"^[A-Za-z0-9.\-:]+$"
ADDRESS = r"^[^\s@<>,;:\"()]+@[A-Za-z0-9.\-]+$"
SENDER = "touchstone@example.org"
# What opens one Prometheus server is not sent to another.
CREDENTIALS = ("token", "username", "password")

log = logging.getLogger(__name__)


def _web_address(url: str) -> str:
    try:
        parts = urlsplit(url)
        valid = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        valid = False
    if not valid:
        raise ValueError("is not a web address: it starts with https:// or http://.")
    return url.rstrip("/")


def _parts(value: Any) -> Any:
    """The parts of a text with commas between them, as a list."""
    is_text = isinstance(value, str)
    return [part.strip() for part in value.split(",") if part.strip()] if is_text else value


WebAddress = Annotated[str, AfterValidator(_web_address)]
T = TypeVar("T")
Model = TypeVar("Model", bound=BaseModel)
Origin = Annotated[str, Field(pattern=r"^https?://[a-z0-9.\-\[\]:]+$")]
Listed = Annotated[tuple[T, ...], BeforeValidator(_parts)]
SECONDS = Field(ge=0, description="a whole number of seconds, 0 for no automatic sync")
VotesPerMinute = Annotated[
    int, Field(ge=1, le=1_000_000, description="a whole number of votes a minute from 1")
]
Secret = Annotated[str | None, Field(repr=False)]
ORIGINS = "https:// and a host in small letters, maybe a port, nothing more; commas between several"
METRIC_NAME = "a name that Prometheus knows, of letters, digits and underscores"
# The name of a metric in Prometheus; "" for one that is not read.
MetricName = Annotated[
    str, Field(pattern=r"^([a-zA-Z_:][a-zA-Z0-9_:]*)?$", description=METRIC_NAME)
]
LabelName = Annotated[str, Field(pattern=r"^[a-zA-Z_][a-zA-Z0-9_]*$", description=METRIC_NAME)]
WHOLE_NUMBER = Field(ge=1, le=3_650, strict=True, description="a whole number from 1 to 3,650")


class _Group(BaseModel):
    """Settings by their fields, or by the names that these have in the environment."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True, populate_by_name=True)


class PrometheusSource(_Group, extra="forbid"):
    """A Prometheus server and what the platform's metrics are called there.

    A name that is "" is not read. `tenant_id` is the value of the label `tenant_label` that an
    account's series carry, "" where no metric has such a label. `workers` is the number of
    configured workers, None where it is not known.
    """

    url: Annotated[WebAddress, Field(title="PROMETHEUS_URL")]
    tenant_id: str
    tenant_label: LabelName = "tenant_id"
    requests_total: MetricName = "enhancement_requests_total"
    duration_bucket: MetricName = "enhancement_duration_seconds_bucket"
    success_rate: MetricName = "enhancement_success_rate"
    queue_depth: MetricName = "queue_depth"
    worker_active: MetricName = "worker_active_count"
    workers: Annotated[int | None, WHOLE_NUMBER] = None
    history_days: Annotated[int, WHOLE_NUMBER] = 56
    token: Secret = None
    username: str | None = None
    password: Secret = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if urlsplit(self.url).username is not None:
            raise ConfigError(
                "PROMETHEUS_URL holds a name or password: give these as username and password of "
                "[prometheus] in secrets.toml."
            )
        if self.token and self.username:
            raise ConfigError("[prometheus] has a token and a username: use one of them.")
        if not all((secret or "").isprintable() for secret in map(self.__dict__.get, CREDENTIALS)):
            raise ConfigError("The token or password of [prometheus] is damaged: copy it again.")
        return self


class TestioAccount(_Group):
    """One account: a customer of the test IO Customer API, where one token is one account.

    One that has a `prometheus` alone has no token. `sync_interval_seconds` is its own, 0 for no
    automatic sync; None is that of the settings.
    """

    __test__ = False  # the name starts with "Test", and this is no test class

    id: str
    name: Annotated[str, Field(alias="TESTIO_CUSTOMER_NAME")]
    base_url: Annotated[WebAddress, Field(alias="TESTIO_CUSTOMER_API_BASE_URL")] = (
        DEFAULT_TESTIO_URL
    )
    token: Annotated[Secret, Field(alias="TESTIO_CUSTOMER_API_TOKEN")]
    sync_interval_seconds: Annotated[
        int | None, SECONDS, Field(alias="TOUCHSTONE_SYNC_INTERVAL_SECONDS")
    ] = None
    prometheus: PrometheusSource | None = None

    @property
    def sources(self) -> tuple[str, ...]:
        """The names of the sources that it is synchronised with, in order."""
        own = {"testio": self.token, "prometheus": self.prometheus}
        return tuple(name for name, configured in own.items() if configured)


class MailSettings(_Group, alias_generator=lambda field: f"TOUCHSTONE_SMTP_{field.upper()}"):
    """The server that mail is sent by, and the address that it is from.

    `tls` is starttls (the connection is encrypted or not used), tls (from its first byte on), or
    none, which takes no password; the port follows from it, unless another one is given.
    """

    host: Annotated[str, Field(pattern=HOST, description="the name of a server, without a port")]
    tls: Annotated[
        Literal["starttls", "tls", "none"],
        BeforeValidator(str.lower),
        Field(description="one of starttls, tls, none"),
    ] = "starttls"
    port: Annotated[int, Field(ge=1, le=65_535, description="a number from 1 to 65,535")] = Field(
        default_factory=lambda given: SMTP_PORTS[given["tls"]]
    )
    sender: Annotated[
        str,
        Field(
            alias="TOUCHSTONE_SMTP_FROM",
            pattern=ADDRESS,
            description=f"the address mail is from: {SENDER}",
        ),
    ]
    username: str | None = None
    password: Secret = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if bool(self.username) != bool(self.password):
            raise ConfigError("TOUCHSTONE_SMTP_USERNAME and TOUCHSTONE_SMTP_PASSWORD go together.")
        if self.password and self.tls == "none":
            raise ConfigError(
                "TOUCHSTONE_SMTP_TLS is none: a password is not sent where all can read."
            )
        return self


class Settings(BaseSettings):
    """Everything that can be configured, read once from names such as TOUCHSTONE_TIMEZONE.

    Days, weeks and months are counted in `zone`. `editors` are the addresses of those who may
    change what an account decides for itself; None without sign-in, as on a laptop: then everyone
    may. `cors_origins` are other sites whose pages may post to the API, `frame_ancestors` those
    that may show the pages in a frame (without any, the same ones), `anonymous_feedback` the
    accounts that take votes without a token, `trusted_proxies` those whose X-Forwarded-For is
    believed.
    """

    model_config = SettingsConfigDict(
        alias_generator=lambda field: f"TOUCHSTONE_{field.upper()}",
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    # It may hold a password.
    database_url: Annotated[str, Field(repr=False)] = f"sqlite:///{ROOT}/data/touchstone.db"
    zone: Annotated[
        ZoneInfo,
        Field(
            validation_alias="TOUCHSTONE_TIMEZONE",
            description="the name of a time zone, such as UTC or Europe/Berlin",
        ),
    ] = ZoneInfo("UTC")
    sync_interval_seconds: Annotated[int, SECONDS] = 3600
    editors: tuple[str, ...] | None = None
    cors_origins: Annotated[Listed[Origin], Field(description=ORIGINS)] = ()
    frame_ancestors: Annotated[Listed[Origin], Field(description=ORIGINS)] = ()
    anonymous_feedback: Listed[str] = ()
    trusted_proxies: Annotated[
        Listed[IPv4Network | IPv6Network],
        Field(description="addresses or networks, commas between several"),
    ] = ()
    rater_votes_per_minute: VotesPerMinute = 30
    address_votes_per_minute: VotesPerMinute = 30
    mail: MailSettings | None = None
    accounts: tuple[TestioAccount, ...] = ()

    @classmethod
    def settings_customise_sources(cls, *_: Any, **sources: Any) -> tuple[Source, ...]:
        """The names that `load_settings` found, in place of the environment alone."""
        return (sources["init_settings"],)

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

    Raises ConfigError with a sentence that names the setting. An unknown name in the environment
    that begins with TOUCHSTONE_ is logged once as a warning.
    """
    given = os.environ if environ is None else environ
    path = secrets_file or SECRETS_FILE
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        text = b""
    except OSError as error:
        raise _unreadable(path, error) from None
    named = frozenset((name, value) for name, value in given.items() if name.startswith(PREFIXES))
    return _settings(named, text, path)


# A page asks at every rerun, and pydantic-settings takes a millisecond.
@lru_cache(maxsize=8)
def _settings(environment: frozenset[tuple[str, str]], text: bytes, path: Path) -> Settings:
    environ = dict(environment)
    _warn_of_unknown(environ)
    try:
        secrets = tomllib.loads(text.decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise _unreadable(path, error) from None
    names = _texts(secrets | environ)
    accounts = _accounts(names, environ, secrets)
    if "PROMETHEUS_URL" in names and not accounts:
        raise ConfigError(
            "PROMETHEUS_URL is set but TESTIO_CUSTOMER_ID is not: set the account's id, by which "
            "its metrics are told from those of others."
        )
    mail = _valid(MailSettings, names) if "TOUCHSTONE_SMTP_HOST" in names else None
    own = {"TOUCHSTONE_ACCOUNTS": accounts, "TOUCHSTONE_EDITORS": _editors(environ, secrets)}
    return _valid(Settings, {**names, **own, "TOUCHSTONE_MAIL": mail})


def _valid(model: type[Model], given: Mapping[str, Any]) -> Model:
    """Validate settings; raises ConfigError that names the first invalid one."""
    try:
        return model.model_validate(given)
    except ValidationError as errors:
        error = errors.errors(include_url=False)[0]
    name = str(error["loc"][0])
    fields = {field.validation_alias or key: field for key, field in model.model_fields.items()}
    field = fields.get(name) or FieldInfo()
    setting = name if name.isupper() else field.title or f"{name} of [prometheus]"
    if error["type"] == "value_error":
        raise ConfigError(f"{setting} {error['ctx']['error']}")
    if error["type"] == "extra_forbidden":
        known = ", ".join(sorted(model.model_fields))
        raise ConfigError(f"There is no {setting}: use one of {known}.")
    value = f"is {error['input']!r:.80}" if field.repr else "is not valid"
    if error["type"] == "missing":
        value = "is not set"
    raise ConfigError(f"{setting} {value}: use {field.description or 'a text'}.")


def _unreadable(path: Path, error: Exception) -> ConfigError:
    # The error's type alone: no text of the file, which holds secrets.
    return ConfigError(
        f"{path.name} in {path.parent.name} cannot be read ({type(error).__name__}): "
        "correct the file or remove it."
    )


def _texts(table: Mapping[str, Any]) -> dict[str, str]:
    """The settings of a table that are not empty, as the environment would have them."""
    texts = {
        name: ",".join(map(str, value)) if isinstance(value, list) else str(value)
        for name, value in table.items()
        if name.isupper() and not isinstance(value, Mapping)
    }
    return {name: text for name, text in texts.items() if text}


def _warn_of_unknown(environ: Mapping[str, str]) -> None:
    fields = (*Settings.model_fields.values(), *MailSettings.model_fields.values())
    known = {str(field.validation_alias) for field in fields} - {"TOUCHSTONE_MAIL"}
    known.add(clock.SETTING)
    for name in sorted(environ.keys() - known):
        if name.startswith("TOUCHSTONE_"):
            (nearest,) = difflib.get_close_matches(name, sorted(known), 1, cutoff=0)
            log.warning("There is no setting %s: did you mean %s?", name, nearest)


def _editors(environ: Mapping[str, str], secrets: Mapping[str, Any]) -> tuple[str, ...] | None:
    """TOUCHSTONE_EDITORS, or `editors` of the file; with `[auth]` and neither, none may edit."""
    named = _parts(environ.get("TOUCHSTONE_EDITORS")) or secrets.get("editors")
    if named is None:
        return () if "auth" in secrets else None
    if not isinstance(named, list) or not all(isinstance(name, str) for name in named):
        raise ConfigError(
            'editors in the secrets file is a list of addresses: ["ann@example.org"].'
        )
    return tuple(name.strip().lower() for name in named)


def _accounts(
    names: Mapping[str, str], environ: Mapping[str, str], secrets: Mapping[str, Any]
) -> tuple[TestioAccount, ...]:
    """The account of the environment first, then the tables: [accounts.<id>], or as JSON."""
    tables = secrets.get("accounts", {})
    if text := environ.get("TOUCHSTONE_ACCOUNTS"):
        with suppress(ValueError):
            tables = None
            tables = json.loads(text)
    if not isinstance(tables, Mapping) or not all(isinstance(t, Mapping) for t in tables.values()):
        raise ConfigError(
            "In secrets.toml, give each account a table of its own: [accounts.<id>]; "
            'TOUCHSTONE_ACCOUNTS has them as JSON: {"<id>": {"TESTIO_CUSTOMER_API_TOKEN": "..."}}.'
        )
    first = {}
    if names.get("TESTIO_CUSTOMER_API_TOKEN") or names.get("TESTIO_CUSTOMER_ID"):
        # The other names, such as the interval, are those of all accounts.
        own = {name: text for name, text in names.items() if name.startswith("TESTIO_CUSTOMER_")}
        first = {names.get("TESTIO_CUSTOMER_ID") or "": own}
    shared = _table(secrets, "prometheus")
    # Without its token, which one of the table goes before.
    for name in PrometheusSource.model_fields.keys() - {"url", "token"}:
        if text := environ.get(f"PROMETHEUS_{name.upper()}"):
            is_number = name in {"workers", "history_days"} and text.isdecimal()
            shared[name] = int(text[:9]) if is_number else text
    every = first | dict(tables) | first
    return tuple(_account(name, table, names, shared) for name, table in every.items())


def _table(secrets: Mapping[str, Any], name: str) -> dict[str, Any]:
    table = secrets.get(name, {})
    if not isinstance(table, Mapping):
        raise ConfigError(f"In secrets.toml, {name} is a table of its own: [{name}].")
    return dict(table)


def _account(
    account_id: str, table: Mapping[str, Any], names: Mapping[str, str], shared: Mapping[str, Any]
) -> TestioAccount:
    """An account from its own table; `names` and `shared`, for Prometheus, are of all accounts."""
    if not account_id:
        raise ConfigError(
            "TESTIO_CUSTOMER_API_TOKEN is set but TESTIO_CUSTOMER_ID is not: set the account's id."
        )
    own, prometheus = _texts(table), None
    token = own.get("TESTIO_CUSTOMER_API_TOKEN", "").strip()
    own_url = table.get("prometheus_url") or own.get("PROMETHEUS_URL")
    if url := own_url or names.get("PROMETHEUS_URL"):
        bearer = (own if own_url else names).get("PROMETHEUS_TOKEN")
        its = {n: v for n, v in shared.items() if not own_url or n not in CREDENTIALS}
        given = {"url": url, "tenant_id": account_id, "token": bearer} | its
        prometheus = _valid(PrometheusSource, given | _table(table, "prometheus"))
    elif not token:
        raise ConfigError(
            f"The account {account_id!r} has no TESTIO_CUSTOMER_API_TOKEN: "
            "set the account's API token."
        )
    if token and not (token.isascii() and token.isprintable()):
        raise ConfigError(
            f"The TESTIO_CUSTOMER_API_TOKEN of account {account_id!r} has characters "
            "that no token has: copy it again."
        )
    given = {"id": account_id, "TESTIO_CUSTOMER_NAME": account_id, **own}
    given |= {"TESTIO_CUSTOMER_API_TOKEN": token or None, "prometheus": prometheus}
    return _valid(TestioAccount, given)
