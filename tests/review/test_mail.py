"""The packet by mail, to a real SMTP server on loopback that takes, refuses, fails or is slow."""

import email
import email.policy
import io
import socket
import ssl
import subprocess
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from pptx import Presentation

from core.base.errors import InputError, SourceRefused, SourceUnreachable
from core.base.settings import MailSettings
from core.report.delivery import draft, packet_mail, recipients, send
from core.report.weekly import weekly_packet
from core.store import Scope
from tests.stores import open_store

WEEK, NOW = "2026-W46", datetime(2026, 11, 23, 9, tzinfo=UTC)
FROM = "touchstone@example.org"
HOSTILE = "Acme\r\nBcc: evil@example.org\r\n\r\n<script>alert(1)</script> \x00 \N{PILE OF POO}"


@pytest.fixture(scope="module")
def packet(tmp_path_factory):
    store = open_store(f"sqlite:///{tmp_path_factory.mktemp('mail')}/store.db")
    store.ensure_account("main", "Main")
    made = weekly_packet(Scope(store, "main"), week=WEEK, now=NOW, is_demo=True)
    store.close()
    answer = f"Nothing was measured. {HOSTILE}"
    return replace(
        made, account=HOSTILE, content={**made.content, "answer": answer, "positive": [HOSTILE]}
    )


@pytest.fixture
def message(packet):
    return lambda *to: packet_mail(packet, sender=FROM, to=to or ["ann@example.org"])


class Box:
    """What a server took, and how it answers."""

    def __init__(self):
        self.taken, self.answer, self.refused = [], "250 OK", ()

    async def handle_RCPT(self, _server, _session, envelope, address, _options):  # noqa: N802
        if address in self.refused:
            return "550 5.1.1 no such mailbox\u200f here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server, _session, envelope):  # noqa: N802
        self.taken.append((envelope.mail_from, list(envelope.rcpt_tos), envelope.content))
        return self.answer


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def served(box, **more):
    controller = Controller(box, hostname="127.0.0.1", port=free_port(), ready_timeout=10, **more)
    controller.start()
    return controller


@pytest.fixture
def box():
    return Box()


@pytest.fixture
def server(box):
    controller = served(box)
    yield controller
    controller.stop()


def settings(port, **more):
    given = {"host": "127.0.0.1", "port": port, "sender": FROM, "tls": "none"}
    return MailSettings(**(given | more))


def parsed(data):
    return email.message_from_bytes(data, policy=email.policy.default)


def test_the_packet_arrives_whole(message, box, server):
    assert send(settings(server.port), message("ann@example.org", "bob@example.org")) == {}
    ((sender, to, data),) = box.taken
    assert (sender, to) == (FROM, ["ann@example.org", "bob@example.org"])
    mail = parsed(data)
    assert {"Date", "Message-ID", "From"} <= set(mail.keys())
    files = {part.get_filename(): part.get_content() for part in mail.iter_attachments()}
    assert set(files) == {"touchstone-review-2026-W46.pdf", "touchstone-review-2026-W46.pptx"}
    assert files["touchstone-review-2026-W46.pdf"].startswith(b"%PDF-")
    assert Presentation(io.BytesIO(files["touchstone-review-2026-W46.pptx"])).slides
    text = mail.get_body(("plain",)).get_content()
    assert "Enhancement success rate: \N{EN DASH}, target over 95 %" in text
    html = mail.get_body(("html",)).get_content()
    assert "&lt;script&gt;" in html
    assert "<script" not in html


def test_no_text_gets_into_the_headers(message, box, server):
    send(settings(server.port), message())
    mail = parsed(box.taken[0][2])
    assert "Bcc" not in mail
    assert box.taken[0][1] == ["ann@example.org"]
    assert mail["Subject"].startswith("Weekly review: 2026-W46, Acme Bcc: evil@example.org")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "Enter the recipients"),
        ("ann", "is no address"),
        ("ann@example.org bcc@example.org", "is no address"),
        ("ann@example.org\rBcc: evil@example.org", "is no address"),
        ("ann@example.org\nBcc: evil@example.org", "'Bcc: evil@example.org' is no address"),
        ("<ann@example.org>", "is no address"),
        ('"x"@example.org', "is no address"),
        ("a@b@example.org", "is no address"),
        ("ann\x00@example.org", "is no address"),
        ("\N{CYRILLIC SMALL LETTER A}nn@example.org", "is no address"),
        (f"{'a' * 250}@example.org", "is no address"),
        (", ".join(f"p{n}@example.org" for n in range(51)), "at most 50"),
    ],
)
def test_what_is_no_address_gets_no_mail(text, said):
    with pytest.raises(InputError, match=said):
        recipients(text)


def test_addresses_are_read_one_a_line_or_with_commas_each_once():
    text = " ann@example.org, bob.o'neil+x@sub.example.org;\r\n\nANN@example.org\n"
    assert recipients(text) == ["ANN@example.org", "bob.o'neil+x@sub.example.org"]


@pytest.fixture
def fails(message):
    return lambda *given, **more: failed(message(), *given, **more)


def failed(one, mail, kind, said, **more):
    with pytest.raises(kind) as caught:
        send(mail, one, **more)
    text = str(caught.value)
    assert said in text
    assert text.endswith(".")
    assert "\n" not in text
    # Nothing of it is lost: it can be sent again.
    assert one["To"] == "ann@example.org"


def test_a_server_that_refuses_everyone(fails, box, server):
    box.refused = ("ann@example.org",)
    fails(
        settings(server.port),
        SourceRefused,
        "refused every recipient: ann@example.org: 550 5.1.1 no such",
    )
    assert box.taken == []


def test_a_server_that_refuses_one_of_two(message, box, server):
    box.refused = ("bob@example.org",)
    answer = send(settings(server.port), message("ann@example.org", "bob@example.org"))
    assert list(answer) == ["bob@example.org"]
    assert answer["bob@example.org"].startswith("550 5.1.1")
    assert box.taken[0][1] == ["ann@example.org"]


def test_a_server_that_refuses_the_message(fails, box, server):
    box.answer = "552 too large"
    fails(settings(server.port), SourceRefused, "refused the message: 552 too large")


def test_encryption_that_is_asked_for_and_not_offered_sends_nothing(fails, box, server):
    fails(
        settings(server.port, tls="starttls", username="u", password="hunter2"),
        SourceUnreachable,
        "does not offer what is configured",
    )
    assert box.taken == []


def test_a_server_that_is_not_there(fails):
    port = free_port()
    fails(settings(port), SourceUnreachable, f"could not be reached on port {port}")


@pytest.fixture
def silent():
    """A server that says what it is given to say, and then nothing."""
    listening = socket.create_server(("127.0.0.1", 0))
    kept = []

    def serve(first):
        def run():
            connection, _ = listening.accept()
            kept.append(connection)
            connection.sendall(first)
            if first.endswith(b"bye\r\n"):
                connection.close()

        threading.Thread(target=run, daemon=True).start()
        return listening.getsockname()[1]

    yield serve
    for one in (*kept, listening):
        one.close()


@pytest.mark.parametrize("first", [b"", b"220 slow\r\n"])
def test_a_slow_server_is_not_waited_for(fails, silent, first):
    begun = time.monotonic()
    fails(settings(silent(first)), SourceUnreachable, "did not answer in 0.5 s", seconds=0.5)
    assert time.monotonic() - begun < 30


def test_a_server_that_ends_the_connection(fails, silent):
    fails(settings(silent(b"220 bye\r\n")), SourceUnreachable, "ended the connection", seconds=2)


def test_a_server_that_speaks_something_else(fails, silent):
    fails(settings(silent(b"HTTP/1.1 400 bye\r\n")), SourceUnreachable, "", seconds=2)


@pytest.fixture
def encrypted(tmp_path, monkeypatch):
    """A certificate of this machine's own, and the context of a server with it."""
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"),
            *("-keyout", str(key), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
    )
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    return context, certificate


def signs_in(server, session, envelope, mechanism, data):
    return AuthResult(success=(data.login, data.password) == (b"u", b"hunter2"), handled=False)


@pytest.fixture
def secure(box, encrypted):
    context, _ = encrypted
    controller = served(
        box, tls_context=context, require_starttls=True, auth_required=True, authenticator=signs_in
    )
    yield controller
    controller.stop()


def test_it_is_sent_encrypted_and_signed_in(message, box, secure, encrypted, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(encrypted[1]))
    mail = settings(secure.port, host="localhost", tls="starttls", username="u", password="hunter2")
    assert send(mail, message()) == {}
    assert len(box.taken) == 1
    assert "hunter2" not in repr(mail)


def test_a_wrong_password_is_said_without_it(fails, box, secure, encrypted, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(encrypted[1]))
    mail = settings(
        secure.port, host="localhost", tls="starttls", username="u", password="wrong-one"
    )
    fails(mail, SourceRefused, "refused the name or password")


def test_a_certificate_that_nobody_vouches_for_sends_nothing(fails, box, secure):
    mail = settings(secure.port, host="localhost", tls="starttls")
    fails(mail, SourceUnreachable, "no valid certificate")
    assert box.taken == []


def test_a_draft_is_opened_unsent(packet):
    mail = parsed(draft(packet_mail(packet, sender=None, to=["ann@example.org"])))
    assert (mail["X-Unsent"], mail["To"], mail["From"]) == ("1", "ann@example.org", None)
    assert len(list(mail.iter_attachments())) == 2
    assert parsed(draft(packet_mail(packet, sender=None, to=[])))["To"] is None
