import pytest

from complaints.domain.personal_data import redact


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("NIK 1373011234560001", "nik"),
        ("nik: 1373 0112 3456 0001", "nik"),
        ("1373-0112-3456-0001", "nik"),
        ("hubungi 081234567890", "phone"),
        ("hubungi 0812-3456-7890 ya", "phone"),
        ("WA +62 812 3456 7890", "phone"),
        ("telepon (0754) 612345", "phone"),
        ("ani.putri+lapor@contoh.co.id", "email"),
    ],
)
def test_personal_data_is_found_and_blanked(text: str, kind: str) -> None:
    found = redact(text)

    assert found.findings == (kind,)
    assert not any(character.isdigit() for character in found.text)
    assert "@" not in found.text


@pytest.mark.parametrize(
    "text",
    [
        "Lubang di KM 12, RT 03 RW 05, sejak 2 November 2026",
        "Lampu mati di Jalan Yos Sudarso No. 145, 27422",
        "Pagu Rp150.000.000 tahun 2026",
        "UU Nomor 22 Tahun 2009",
        "",
    ],
)
def test_ordinary_numbers_stay(text: str) -> None:
    assert redact(text).text == text
    assert redact(text).findings == ()
