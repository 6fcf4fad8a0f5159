"""Which mail server is configured, and what cannot be one."""

import pytest

from core.base.errors import ConfigError
from core.base.settings import load_settings

HOST = {"TOUCHSTONE_SMTP_HOST": "smtp.example.org", "TOUCHSTONE_SMTP_FROM": "t@example.org"}


def test_without_a_host_there_is_none():
    assert load_settings({"TOUCHSTONE_SMTP_FROM": "t@example.org"}).mail is None


@pytest.mark.parametrize(
    ("more", "port"),
    [({}, 587), ({"TLS": "tls"}, 465), ({"TLS": "NONE"}, 25), ({"PORT": "2525"}, 2525)],
)
def test_the_port_follows_from_the_encryption(more, port):
    mail = load_settings(HOST | {f"TOUCHSTONE_SMTP_{k}": v for k, v in more.items()}).mail
    assert (mail.host, mail.port, mail.sender) == ("smtp.example.org", port, "t@example.org")


def test_the_password_is_never_shown():
    given = {"TOUCHSTONE_SMTP_USERNAME": "u", "TOUCHSTONE_SMTP_PASSWORD": "hunter2"}
    settings = load_settings(HOST | given)
    assert settings.mail.password == "hunter2"
    assert "hunter2" not in repr(settings)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("HOST", "smtp.example.org:25 x", "name of a server"),
        ("HOST", "a\r\nb", "name of a server"),
        ("PORT", "0", "from 1 to 65,535"),
        ("PORT", "x", "from 1 to 65,535"),
        ("PORT", "9" * 5_000, "from 1 to 65,535"),
        ("FROM", "", "the address mail is from"),
        ("FROM", "t@example.org\r\nBcc: x@y", "the address mail is from"),
        ("TLS", "ssl", "starttls, tls, none"),
        ("USERNAME", "u", "go together"),
        ("PASSWORD", "hunter2", "go together"),
    ],
)
def test_what_has_no_sense_is_said(name, value, said):
    with pytest.raises(ConfigError, match=said) as caught:
        load_settings(HOST | {f"TOUCHSTONE_SMTP_{name}": value})
    assert "hunter2" not in str(caught.value)


def test_a_password_is_not_sent_in_the_open():
    given = {"TOUCHSTONE_SMTP_USERNAME": "u", "TOUCHSTONE_SMTP_PASSWORD": "p"}
    with pytest.raises(ConfigError, match="where all can read"):
        load_settings(HOST | given | {"TOUCHSTONE_SMTP_TLS": "none"})
