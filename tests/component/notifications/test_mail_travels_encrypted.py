import ipaddress
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from component.notifications.world import SmtpServer
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from notifications.channels import Mail
from notifications.channels.smtp import SmtpLine, SmtpSettings
from notifications.domain.smtp_replies import Verdict

MAIL = Mail(
    "id",
    "siti@example.invalid",
    b"Message-ID: <id@x>\r\nSubject: s\r\nMIME-Version: 1.0\r\n"
    b'Content-Type: multipart/alternative; boundary="b"\r\n\r\n'
    b"--b\r\nContent-Type: text/plain\r\n\r\nx\r\n--b\r\nContent-Type: text/html\r\n\r\nx\r\n--b--\r\n",
)


def certificate(path: Path, address: str) -> Path:
    """A self-signed certificate for an address, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, address)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(private + made.public_bytes(pem))
    return path


@pytest.fixture
def encrypted(tmp_path: Path) -> Iterator[SmtpServer]:
    server = SmtpServer(tmp_path / "mails.jsonl", certificate=certificate(tmp_path / "own.pem", "127.0.0.1"))
    server.start()
    yield server
    server.stop()


def line_to(server: SmtpServer, trusted: Path | None) -> SmtpLine:
    settings = SmtpSettings("127.0.0.1", server.port, "a@kota.example", starttls=True, timeout_seconds=3)
    return SmtpLine(settings, ssl.create_default_context(cafile=str(trusted)) if trusted else None)


def test_a_mail_goes_out_over_starttls(encrypted: SmtpServer) -> None:
    line = line_to(encrypted, encrypted.certificate)

    assert line.send(MAIL).verdict is Verdict.SENT
    assert line.send(MAIL).verdict is Verdict.SENT
    line.close()
    assert len(encrypted.mails()) == 2


def test_a_server_nobody_vouches_for_gets_nothing(encrypted: SmtpServer) -> None:
    outcome = line_to(encrypted, None).send(MAIL)

    assert (outcome.code, outcome.retry) == ("tls", True)
    assert encrypted.mails() == []


def test_a_certificate_of_another_host_is_refused(tmp_path: Path) -> None:
    other = certificate(tmp_path / "other.pem", "127.0.0.2")
    server = SmtpServer(tmp_path / "mails.jsonl", certificate=other)
    server.start()
    try:
        assert line_to(server, other).send(MAIL).code == "tls"
        assert server.mails() == []
    finally:
        server.stop()


def test_a_server_without_starttls_gets_nothing_in_clear(smtp: SmtpServer) -> None:
    outcome = line_to(smtp, None).send(MAIL)

    assert (outcome.code, outcome.verdict) == ("tls", Verdict.TECHNICAL)
    assert smtp.mails() == []
