"""The mail server, from the settings that `core.config` has read."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from core.base.errors import ConfigError

# How mail is encrypted, and the port that goes with it.
PORTS = {"starttls": 587, "tls": 465, "none": 25}


@dataclass(frozen=True, kw_only=True)
class MailSettings:
    """The server that mail is sent by, and from whom it is.

    `tls` is starttls (the connection is encrypted or not used), tls (from its first byte on), or
    none, which takes no password.
    """

    host: str
    port: int
    sender: str
    tls: str = "starttls"
    username: str | None = None
    password: str | None = field(default=None, repr=False)


def mail_settings(values: Mapping[str, str]) -> MailSettings | None:
    """The mail server that the settings name, None where they name none; raises ConfigError."""
    names = ("HOST", "PORT", "USERNAME", "PASSWORD", "FROM", "TLS")
    given = {name: values.get(f"TOUCHSTONE_SMTP_{name}", "").strip() for name in names}
    if not given["HOST"]:
        return None
    if not re.fullmatch(r"[A-Za-z0-9.\-:]+", given["HOST"]):
        raise ConfigError("TOUCHSTONE_SMTP_HOST is the name of a server, without a port.")
    tls = given["TLS"].lower() or "starttls"
    if tls not in PORTS:
        raise ConfigError(f"TOUCHSTONE_SMTP_TLS is {tls!r}: it is {', '.join(PORTS)}.")
    port = given["PORT"] or str(PORTS[tls])
    if not port.isdecimal() or not 1 <= int(port[:6]) <= 65_535:
        raise ConfigError(f"TOUCHSTONE_SMTP_PORT is {port!r}: it is a number from 1 to 65,535.")
    if not re.fullmatch(r"[^\s@<>,;:\"()]+@[A-Za-z0-9.\-]+", given["FROM"], re.ASCII):
        raise ConfigError(
            "TOUCHSTONE_SMTP_FROM is the address mail is from: touchstone@example.org."
        )
    if bool(given["USERNAME"]) != bool(given["PASSWORD"]):
        raise ConfigError("TOUCHSTONE_SMTP_USERNAME and TOUCHSTONE_SMTP_PASSWORD go together.")
    if given["PASSWORD"] and tls == "none":
        raise ConfigError("TOUCHSTONE_SMTP_TLS is none: a password is not sent where all can read.")
    return MailSettings(
        host=given["HOST"],
        port=int(port),
        sender=given["FROM"],
        tls=tls,
        username=given["USERNAME"] or None,
        password=given["PASSWORD"] or None,
    )
