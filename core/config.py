"""The settings: the only reader of the environment and of `.streamlit/secrets.toml`."""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from core.errors import ConfigError

__all__ = ["ROOT", "Settings", "TestioAccount", "load_settings"]

ROOT = Path(__file__).resolve().parent.parent
SECRETS_FILE = ROOT / ".streamlit" / "secrets.toml"
DEFAULT_TESTIO_URL = "https://api.test.io/customer/v2"


@dataclass(frozen=True, kw_only=True)
class TestioAccount:
    """One customer account of the test IO Customer API; one token is one account.

    `sync_interval_seconds` is its own, 0 for no automatic sync; None is that of the settings.
    """

    __test__ = False  # the name starts with "Test", and this is no test class

    id: str
    name: str
    base_url: str
    token: str = field(repr=False)
    sync_interval_seconds: int | None = None


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
    values = {k: str(v) for k, v in secrets.items() if not isinstance(v, Mapping)}
    values |= dict(os.environ if environ is None else environ)
    data = ROOT / "data"
    return Settings(
        database_url=values.get("TOUCHSTONE_DATABASE_URL") or f"sqlite:///{data}/touchstone.db",
        timezone=_timezone(values.get("TOUCHSTONE_TIMEZONE") or "UTC"),
        sync_interval_seconds=_seconds(values.get("TOUCHSTONE_SYNC_INTERVAL_SECONDS") or "3600"),
        accounts=_accounts(values, secrets),
        prometheus_url=_url("PROMETHEUS_URL", values.get("PROMETHEUS_URL") or None),
        editors=_editors(secrets),
    )


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
        valid = parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        valid = False
    if not valid:
        raise ConfigError(f"{setting} is not a web address: it starts with https:// or http://.")
    return url.rstrip("/")


def _accounts(values: Mapping[str, str], secrets: Mapping[str, Any]) -> tuple[TestioAccount, ...]:
    """The account of the environment first, then the `[accounts.<id>]` tables of the secrets."""
    accounts = {}
    if values.get("TESTIO_CUSTOMER_API_TOKEN") or values.get("TESTIO_CUSTOMER_ID"):
        account = _account(values.get("TESTIO_CUSTOMER_ID") or "", values)
        accounts[account.id] = account
    tables = secrets.get("accounts", {})
    if not isinstance(tables, Mapping) or not all(isinstance(t, Mapping) for t in tables.values()):
        raise ConfigError("In secrets.toml, give each account a table of its own: [accounts.<id>].")
    for account_id, table in tables.items():
        own = {name: str(value) for name, value in table.items()}
        accounts.setdefault(account_id, _account(account_id, own, is_table=True))
    return tuple(accounts.values())


def _account(
    account_id: str, values: Mapping[str, str], *, is_table: bool = False
) -> TestioAccount:
    """An account from settings of its own, as in a table of the secrets, or from those of all."""
    token = (values.get("TESTIO_CUSTOMER_API_TOKEN") or "").strip()
    if not account_id:
        raise ConfigError(
            "TESTIO_CUSTOMER_API_TOKEN is set but TESTIO_CUSTOMER_ID is not: set the account's id."
        )
    if not token:
        raise ConfigError(
            f"The account {account_id!r} has no TESTIO_CUSTOMER_API_TOKEN: "
            "set the account's API token."
        )
    if not token.isascii() or not token.isprintable():
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
        token=token,
        sync_interval_seconds=_seconds(interval) if interval else None,
    )
