"""Certificates and handshakes: never downgraded, always named."""

from __future__ import annotations

import contextlib
import datetime as dt
import socket
import ssl
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from events.tests import receiver as behaviour
from events.tests.dialling import Stub, posted
from events.tests.receiver import receiving


def certificate(name: str, days: int, tmp_path: Any) -> tuple[ssl.SSLContext, str]:
    """Make a certificate for NAME that ends in DAYS; return the server's side and its file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=9))
        .not_valid_after(now + dt.timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path / "server.pem"
    file.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(file)
    return server, str(file)


@pytest.mark.parametrize(
    ("name", "days", "trusted", "error"),
    [
        ("hook.partner.example", 9, True, ""),
        ("hook.partner.example", 9, False, "tls_error"),
        ("other.example", 9, True, "tls_error"),
        ("hook.partner.example", -1, True, "tls_error"),
    ],
)
def test_a_certificate_counts_for_its_name_while_it_is_valid_and_trusted(
    name, days, trusted, error, settings, tmp_path, monkeypatch
):
    server, file = certificate(name, days, tmp_path)
    if trusted:
        make = ssl.create_default_context
        monkeypatch.setattr(ssl, "create_default_context", lambda: make(cafile=file))
    with receiving(tls=server) as receiver:
        [answer] = posted(f"https://hook.partner.example:{receiver.port}/", Stub(["127.0.0.1"]))

    assert answer.error == error
    assert len(receiver.got) == (0 if error else 1)


def test_a_handshake_that_hangs_ends_with_the_deadline(settings):
    settings.WEBHOOK_DEADLINE_SECONDS = 1
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as silent:
        [answer] = posted(f"https://127.0.0.1:{silent.getsockname()[1]}/")

    assert answer.error == "timeout"
    assert answer.milliseconds < 2000


def test_plain_http_where_tls_is_due(settings):
    with receiving() as receiver:
        receiver.answers["/"] = behaviour.nonsense
        [answer] = posted(f"https://127.0.0.1:{receiver.port}/")

    assert answer.error == "tls_error"
