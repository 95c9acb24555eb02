import smtplib
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest

from tanggap import mail
from tanggap.errors import CliError


def message(to: str, subject: str, text: str) -> EmailMessage:
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = "tanggap@example.invalid", to, subject
    made["Message-ID"] = f"<{subject}@example.invalid>"
    made.set_content(text)
    return made


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[int]:
    (tmp_path / "mail").mkdir()  # as an installation does
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "tanggap.mailsink",
        "--port",
        str(port),
        "--directory",
        str(tmp_path / "mail"),
    ]
    with subprocess.Popen(command) as process:
        deadline = time.monotonic() + 10
        while socket.socket().connect_ex(("127.0.0.1", port)) != 0:
            assert time.monotonic() < deadline, "the sink does not listen"
            time.sleep(0.02)
        yield port
        process.terminate()


def test_what_the_sink_accepts_can_be_read_afterwards(sink: int, tmp_path: Path) -> None:
    with smtplib.SMTP("127.0.0.1", sink) as smtp:
        smtp.send_message(message("a@example.invalid", "satu", "Buka http://127.0.0.1:8080/lacak/X/s."))
        smtp.send_message(message("b@example.invalid", "dua", "Terima kasih – sudah ditambal"))

    first, second = mail.read(tmp_path / "mail")

    assert (first.number, first.to, first.subject) == (1, "a@example.invalid", "satu")
    assert first.links == ["http://127.0.0.1:8080/lacak/X/s"]
    assert "–" in second.text


def test_a_slow_sink_takes_each_mail_after_its_delay(sink: int, tmp_path: Path) -> None:
    (tmp_path / "mail" / "delay").write_text("0.3")
    began = time.monotonic()

    with smtplib.SMTP("127.0.0.1", sink) as smtp:
        smtp.send_message(message("a@example.invalid", "satu", "jalan"))

    assert time.monotonic() - began >= 0.3
    assert [m.subject for m in mail.read(tmp_path / "mail")] == ["satu"]


def test_mails_are_narrowed_by_recipient_and_words(sink: int, tmp_path: Path) -> None:
    with smtplib.SMTP("127.0.0.1", sink) as smtp:
        smtp.send_message(message("a@example.invalid", "satu", "jalan"))
        smtp.send_message(message("b@example.invalid", "dua", "air"))

    assert [m.subject for m in mail.read(tmp_path / "mail", to="B@")] == ["dua"]
    assert [m.subject for m in mail.read(tmp_path / "mail", containing="Jalan")] == ["satu"]


def test_a_number_that_does_not_exist_is_said(tmp_path: Path) -> None:
    with pytest.raises(CliError, match="there are 0"):
        mail.number(tmp_path, 3)
