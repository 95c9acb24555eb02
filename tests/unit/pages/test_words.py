"""Texts: all of them translated, choice of language, dates and numbers as people write them, search."""

from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from gateway.pages import dates, language, search
from support.page_data import CATALOGUE

PAGES = Path(language.__file__).parent
METHODS = [("**.py", "python"), ("templates/**.html", "jinja2")]
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "N_": None}


def extracted() -> set[str]:
    found = extract_from_dir(PAGES, METHODS, {"templates/**.html": {"trimmed": "true"}}, keywords=KEYWORDS)
    return {message if isinstance(message, str) else message[0] for _, _, message, _, _ in found}


def english() -> dict[str, object]:
    with (PAGES / "locale/en/LC_MESSAGES/pages.po").open("rb") as source:
        catalogue = read_po(source, locale="en")
    return {
        message.id if isinstance(message.id, str) else message.id[0]: message
        for message in catalogue
        if message.id
    }


def test_every_text_is_translated_and_none_is_doubtful_or_left_over() -> None:
    known = english()

    assert extracted() - set(known) == set(), "run scripts/messages"
    assert set(known) - extracted() == set(), "run scripts/messages"
    for text, message in known.items():
        translations = [message.string] if isinstance(message.string, str) else list(message.string)  # type: ignore[attr-defined]  # babel
        assert all(translations), text
        assert not message.fuzzy, text  # type: ignore[attr-defined]  # babel
        assert list(message.check()) == [], text  # type: ignore[attr-defined]  # babel: placeholders agree


def test_plurals_follow_each_language() -> None:
    assert language.translations("en").ngettext("%(num)s orang", "%(num)s orang", 1) == "%(num)s person"
    assert language.translations("en").ngettext("%(num)s orang", "%(num)s orang", 2) == "%(num)s people"
    assert language.translations("id").ngettext("%(num)s orang", "%(num)s orang", 1) == "%(num)s orang"


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("en-GB,en;q=0.9,id;q=0.8", ["en", "en", "id"]),
        ("id;q=0.1, en;q=0.9", ["en", "id"]),
        ("fr, *;q=0.5", ["fr", "*"]),
        ("", [""]),
        ("en;q=zero", []),
        ("en;q=0", []),
    ],
)
def test_the_browsers_wish_is_read_tolerantly(header: str, expected: list[str]) -> None:
    assert language.accepted(header) == expected


def test_dates_are_long_and_in_the_citys_zone() -> None:
    at = "2026-11-24T18:05:00+00:00"

    assert dates.day(at, "Asia/Jakarta", "id") == "Rabu, 25 November 2026"
    assert dates.moment(at, "Asia/Jakarta", "id") == "25 November 2026 pukul 01.05 WIB"
    assert dates.moment(at, "Asia/Makassar", "en") == "25 November 2026 at 02:05 WITA"
    assert dates.month("2026-11", "en") == "November 2026"


def test_a_time_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        dates.parse("2026-11-24T18:05:00")


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("lubang", "jalan-berlubang"),
        ("ada lubang besar di jalan depan rumah", "jalan-berlubang"),
        ("Bayi baru LAHIR", "akta-kelahiran"),
        ("pothole", "jalan-berlubang"),
        ("civil registry", "akta-kelahiran"),
    ],
)
def test_a_service_is_found_by_a_citizens_words(query: str, first: str) -> None:
    assert search.find(CATALOGUE["services"], query)[0]["code"] == first  # type: ignore[arg-type]  # a literal


def test_words_that_fit_nothing_find_nothing() -> None:
    assert search.find(CATALOGUE["services"], "zzz") == []  # type: ignore[arg-type]  # a literal
