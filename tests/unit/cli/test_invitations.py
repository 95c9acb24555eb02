"""Survey links are found in the mails of the local sink, by the mark in the recipient's address."""

from email.message import EmailMessage
from pathlib import Path

import pytest

from tanggap.invitations import Invitations

LINK = "http://127.0.0.1:8080/survei/i0abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOP"
TOKEN = LINK.rpartition("/")[2]


def store(sink: Path, name: str, to: str, text: str, cte: str | None = None) -> None:
    message = EmailMessage()
    message["X-Envelope-To"] = to
    message["Subject"] = "Bagaimana pelayanan?"
    message.set_content(text, cte=cte)
    (sink / "new").mkdir(parents=True, exist_ok=True)
    (sink / "new" / name).write_bytes(message.as_bytes())


@pytest.mark.parametrize("encoding", ["7bit", "quoted-printable", "base64"])
def test_a_link_is_found_however_the_mail_is_encoded(tmp_path: Path, encoding: str) -> None:
    store(
        tmp_path, "1", "warga.run1@contoh.example.invalid", f"Isi di sini:\n{LINK}\n\nTerima kasih.", encoding
    )

    assert Invitations(tmp_path, ".run1@").look() == {"warga.run1@contoh.example.invalid": TOKEN}


def test_addresses_are_compared_in_small_letters(tmp_path: Path) -> None:
    store(tmp_path, "1", "Warga.RUN1@contoh.example.invalid", LINK)

    assert list(Invitations(tmp_path, ".run1@").look()) == ["warga.run1@contoh.example.invalid"]


def test_mails_to_others_and_mails_about_cases_hold_no_link(tmp_path: Path) -> None:
    store(tmp_path, "1", "warga.run2@contoh.example.invalid", LINK)
    store(tmp_path, "2", "warga.run1@contoh.example.invalid", "http://127.0.0.1:8080/lacak?kode=ABCD")

    assert Invitations(tmp_path, ".run1@").look() == {}


def test_looking_again_reads_only_what_is_new(tmp_path: Path) -> None:
    found = Invitations(tmp_path, ".run1@")
    store(tmp_path, "1", "a.run1@contoh.example.invalid", LINK)
    first = dict(found.look())
    (tmp_path / "new" / "1").write_bytes(b"no mail any more")
    store(tmp_path, "2", "b.run1@contoh.example.invalid", LINK)

    assert set(found.look()) == {"a.run1@contoh.example.invalid", "b.run1@contoh.example.invalid"}
    assert set(first) == {"a.run1@contoh.example.invalid"}


def test_the_newest_link_to_an_address_counts(tmp_path: Path) -> None:
    store(tmp_path, "1", "a.run1@contoh.example.invalid", LINK)
    store(tmp_path, "2", "a.run1@contoh.example.invalid", LINK + "x")

    assert Invitations(tmp_path, ".run1@").look() == {"a.run1@contoh.example.invalid": TOKEN + "x"}


def test_a_sink_without_mails_has_no_links(tmp_path: Path) -> None:
    assert Invitations(tmp_path / "absent", ".run1@").look() == {}
