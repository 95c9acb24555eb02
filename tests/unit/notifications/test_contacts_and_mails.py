import email
import email.policy
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.contacts import masked, read_contact, usable_email, usable_name
from notifications.domain.delivery import Reason
from notifications.errors import MailRefused
from notifications.mail import MailStyle, as_html, build, message_id
from notifications.pages import shown_code
from notifications.wording import spoken_time

STYLE = MailStyle("Tanggap Sawahlunto <tanggap@kota.example>", "https://tanggap.example")
AT = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
HEADERS = [
    "MIME-Version",
    "Message-ID",
    "Date",
    "From",
    "To",
    "Subject",
    "Auto-Submitted",
    "Content-Language",
    "Content-Type",
]
ADDRESS_PARTS = st.text(st.sampled_from("abcXYZ019._+-@ \r\n<>,;:\"'%"), max_size=30)


def mail(**changes: Any) -> EmailMessage:
    parts: dict[str, Any] = {
        "intent_id": "019abd3c-6000-7d11-9c51-0b6f2f1f5a03-0123456789ab",
        "to": "siti@example.invalid",
        "subject": "Laporan Anda",
        "text": "Halo",
        "language": "id",
        "at": AT,
        "style": STYLE,
    }
    content = build(**{**parts, **changes})
    assert max(len(line) for line in content.split(b"\r\n")) <= 998
    assert b"\n" not in content.replace(b"\r\n", b"")
    read = email.message_from_bytes(content, policy=email.policy.default)
    assert isinstance(read, EmailMessage)
    return read


def part_of(read: EmailMessage, kind: str) -> str:
    body = read.get_body((kind,))
    assert body is not None
    return str(body.get_content())


@given(st.text(min_size=1), st.text(min_size=1))
def test_nothing_in_a_subject_or_text_becomes_a_header(subject: str, text: str) -> None:
    try:
        read = mail(subject=subject, text=text)
    except MailRefused:
        assert not subject.strip() or not text.strip() or not subject.isprintable()
        return

    assert list(read.keys()) == HEADERS
    assert "\n" not in str(read["Subject"])


@pytest.mark.parametrize(
    "subject", ["Halo\r\nBcc: a@b.id", "Halo\nBcc: a@b.id", "Halo\u2028Bcc: a@b.id", "é\r\nX: y"]
)
def test_a_line_break_in_the_subject_is_taken_out(subject: str) -> None:
    read = mail(subject=subject)

    assert list(read.keys()) == HEADERS
    assert "Bcc" not in read


@pytest.mark.parametrize(
    "to", ["", "x", "a@b.id\r\nBcc: c@d.id", "a@b.id, c@d.id", "a@b.id,c@d.id", "é@b.id", "A <a@b.id>"]
)
def test_a_recipient_that_is_not_one_address_is_refused(to: str) -> None:
    with pytest.raises(MailRefused):
        mail(to=to)


@pytest.mark.parametrize("changes", [{"subject": " \r\n"}, {"text": " \n "}])
def test_an_empty_mail_is_refused(changes: dict[str, str]) -> None:
    with pytest.raises(MailRefused):
        mail(**changes)


def test_text_and_html_say_the_same_and_only_our_own_links_are_links() -> None:
    text = "Halo <b>Siti</b>\n\n- satu\n- dua\n\nhttps://tanggap.example/lacak/A?b=1&c=2 dan https://evil.example/x"

    html = part_of(mail(text=text), "html")

    assert "<b>" not in html
    assert "&lt;b&gt;Siti&lt;/b&gt;" in html
    assert "<ul><li>satu</li><li>dua</li></ul>" in html
    assert '<a href="https://tanggap.example/lacak/A?b=1&amp;c=2">' in html
    assert html.count("<a ") == 1


def test_a_link_to_a_host_that_only_begins_like_ours_is_no_link() -> None:
    assert "<a " not in as_html("s", "https://tanggap.example.evil.id/lacak", "id", STYLE.public_url)


@given(st.text())
def test_no_text_breaks_out_of_the_html(text: str) -> None:
    html = as_html("s", text, "id", STYLE.public_url)
    inside = html.partition('<body style="')[2].partition('">')[2].removesuffix("</body></html>")

    for tag in ("<p>", "</p>", "<br>", "<ul>", "</ul>", "<li>", "</li>"):
        inside = inside.replace(tag, "")
    assert "<" not in inside


def test_a_mail_of_a_survey_names_the_request_that_ends_them() -> None:
    stop = "https://tanggap.example/jangan-tanyai/uuuu"

    asking, telling = mail(stop=stop), mail()

    assert asking["List-Unsubscribe"] == f"<{stop}>"
    assert asking["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert list(telling.keys()) == HEADERS


def test_a_mail_that_goes_out_twice_has_one_message_id() -> None:
    read = mail()

    assert str(read["Message-ID"]) == message_id("019abd3c-6000-7d11-9c51-0b6f2f1f5a03-0123456789ab", STYLE)
    assert read["Auto-Submitted"] == "auto-generated"


def test_a_sample_installation_marks_subject_text_and_html() -> None:
    style = MailStyle(STYLE.sender, STYLE.public_url, "data contoh")

    for language in ("id", "en"):
        read = mail(style=style, language=language)
        assert str(read["Subject"]).startswith("[data contoh] ")
        assert "data contoh" in part_of(read, "plain")
        assert "data contoh" in part_of(read, "html")


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ("Siti Rahma", "Siti Rahma"),
        ("  H.  Ahmad, S.E. ", "H. Ahmad, S.E."),
        ("Drs. Budi, M.Si.", "Drs. Budi, M.Si."),
        ("Nur'aini", "Nur'aini"),
        ("Menang di judi.com", ""),
        ("http://judi", ""),
        ("www.judi", ""),
        ("Siti\r\nBcc: a@b.id", ""),
        ("x" * 61, ""),
        ("12345", ""),
        (None, ""),
        ({"a": 1}, ""),
    ],
)
def test_a_name_is_used_only_when_it_is_one(raw: Any, name: str) -> None:
    assert usable_name(raw) == name


@given(st.text())
def test_a_usable_name_has_no_line_break_and_no_address(raw: str) -> None:
    name = usable_name(raw)

    assert len(name) <= 60
    assert not set(name) & set('\r\n@:/<>&"()')


@pytest.mark.parametrize(
    ("raw", "address", "problem"),
    [
        ("siti@contoh.co.id", "siti@contoh.co.id", None),
        (" siti@contoh.co.id ", "siti@contoh.co.id", None),
        ("siti@bücher.de", "siti@xn--bcher-kva.de", None),
        ("siti@example.invalid", "siti@example.invalid", None),
        ("ok@simulator.tanggap.invalid", "ok@simulator.tanggap.invalid", None),
        ("", None, Reason.CONTACT_MISSING),
        (None, None, Reason.CONTACT_MISSING),
        ("sití@contoh.id", None, Reason.CONTACT_INVALID),
        ("a@b@c.id", None, Reason.CONTACT_INVALID),
        ("a@b.id\nBcc: c@d.id", None, Reason.CONTACT_INVALID),
        ("@example.invalid", None, Reason.CONTACT_INVALID),
    ],
)
def test_an_address_is_usable_or_says_why_not(raw: Any, address: str | None, problem: Reason | None) -> None:
    assert usable_email(raw, deliverable_only=False) == (address, problem)


def test_a_reserved_domain_is_refused_where_mails_are_real() -> None:
    assert usable_email("siti@example.invalid", deliverable_only=True) == (None, Reason.CONTACT_INVALID)


@given(ADDRESS_PARTS)
def test_a_usable_address_is_always_one_that_a_mail_takes(raw: str) -> None:
    for suffix in ("", "@contoh.id", "@example.invalid"):
        address, problem = usable_email(raw + suffix, deliverable_only=False)
        assert (address is None) is (problem is not None)
        if address is not None:
            assert mail(to=address)["To"].addresses[0].addr_spec == address


@given(
    st.dictionaries(
        st.sampled_from(["name", "email", "phone", "language", "link"]), st.none() | st.text() | st.integers()
    )
)
def test_any_contact_block_is_read(block: dict[str, Any]) -> None:
    contact = read_contact(block, language="id", deliverable_only=False)

    assert contact.language in ("id", "en")
    assert contact.link is None or contact.link.startswith("http")


@pytest.mark.parametrize(
    "link", ["javascript:alert(1)", "https://a b", 'https://a"onclick=x', "//x", "https://a\n"]
)
def test_a_link_that_is_none_is_dropped(link: str) -> None:
    assert read_contact({"link": link}, language="id", deliverable_only=False).link is None


def test_an_address_is_masked_to_a_letter_and_a_domain() -> None:
    assert masked("siti.rahma@example.invalid") == "s***@example.invalid"


@pytest.mark.parametrize(
    ("language", "spoken"),
    [
        ("id", "Selasa, 24 November 2026 pukul 09.00 WIB"),
        ("en", "Tuesday, 24 November 2026 at 09:00 WIB"),
    ],
)
def test_a_time_is_spoken_in_the_citys_zone(language: str, spoken: str) -> None:
    assert spoken_time("2026-11-24T02:00:00+00:00", language, ZoneInfo("Asia/Jakarta")) == spoken


def test_a_code_is_shown_in_groups() -> None:
    assert shown_code("7K3M9QXD4TRWH") == "7K3M-9QXD-4TRW-H"
