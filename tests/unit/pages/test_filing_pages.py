"""Filing by form: what is sent, what comes back when it cannot be taken, and the receipt."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from gateway.codes import shown
from gateway.problems import FieldError, Problem
from support.html import elements, form_to, parse, text_of
from support.page_data import SECRET, code_of
from support.pages import FakeCases

PATH = "/lapor/jalan-berlubang"
FULL = {
    "description": "Lubang besar.\r\nDi depan pasar.",
    "attr-bahaya": "ya",
    "attr-ukuran": "1,5",
    "attr-dampak": ["motor", "pejalan"],
    "attr-sejak": "2026-11-20T08:30",
    "title": "Lubang",
    "address": "Jalan Yos Sudarso",
    "village": "Pasar, Utara",
    "lat": "-0,6828",
    "lon": "100.7783",
    "name": "Upik",
    "email": "upik@example.invalid",
    "phone": "0812 3456 7890",
    "language": "en",
    "anonymous": "yes",
}


def blank(client: TestClient, path: str = PATH) -> dict[str, Any]:
    return dict(form_to(client.get(path).text, path).fields)


def summary_of(text: str) -> list[tuple[str, str]]:
    """The error summary as (field, message)."""
    document = parse(text)
    box = next(
        (e for e in elements(document, "div") if "govuk-error-summary" in e.get("class", "").split()), None
    )
    return (
        [(a.get("href", "").lstrip("#"), text_of(a)) for a in elements(box, "a")] if box is not None else []
    )


def test_a_full_form_makes_the_submission_that_the_api_takes(visitor: TestClient, cases: FakeCases) -> None:
    data = blank(visitor) | FULL
    answer = visitor.post(PATH, data=data)

    assert answer.status_code == 303
    _, submission, caller, key = cases.calls[0]
    assert submission == {
        "service_code": "jalan-berlubang",
        "description": "Lubang besar.\nDi depan pasar.",
        "title": "Lubang",
        "location": {"address": "Jalan Yos Sudarso, Pasar, Utara", "lat": -0.6828, "lon": 100.7783},
        "attributes": {
            "bahaya": "ya",
            "ukuran": 1.5,
            "dampak": ["motor", "pejalan"],
            "sejak": "2026-11-20T08:30:00+07:00",
        },
        "reporter": {
            "name": "Upik",
            "email": "upik@example.invalid",
            "phone": "0812 3456 7890",
            "language": "en",
        },
        "anonymous": True,
        "confidential": False,
    }
    assert caller.kind == "public"
    assert key == data["key"]


def test_the_receipt_is_reached_by_redirect_and_says_to_keep_the_link(visitor: TestClient) -> None:
    answer = visitor.post(PATH, data=blank(visitor) | FULL)
    receipt = visitor.get(answer.headers["location"])

    code = shown(code_of(100))
    assert answer.headers["location"] == f"/tanda-terima/{code}/{SECRET}?layanan=jalan-berlubang"
    assert code in receipt.text
    assert f"http://testserver/lacak/{code}/{SECRET}" in receipt.text
    for word in ("Simpan tautan ini", "Salin", "Foto", "Cetak", "Kami tidak dapat membuatnya lagi"):
        assert word in receipt.text
    assert "3 hari kerja" in receipt.text, "the promise of the catalogue"
    assert "10 hari kerja" in receipt.text, "the service's own time"
    assert "1 Desember 2026 pukul 16.00 WIB" in receipt.text, "the case's own date"


def test_the_receipt_comes_before_the_case_is_stored(visitor: TestClient, cases: FakeCases) -> None:
    cases.stores_at_once = False
    answer = visitor.post(PATH, data=blank(visitor) | FULL)

    receipt = visitor.get(answer.headers["location"]).text
    assert shown(code_of(100)) in receipt
    assert "Jalan berlubang atau rusak" in receipt and "3 hari kerja" in receipt


@pytest.mark.parametrize("slug", ["service-unavailable", "outcome-unknown", "rate-limited"])
def test_the_receipt_shows_the_link_while_the_case_cannot_be_read(
    slug: str, visitor: TestClient, cases: FakeCases
) -> None:
    address = visitor.post(PATH, data=blank(visitor) | FULL).headers["location"]
    cases.failing = Problem(slug)
    receipt = visitor.get(address)

    assert receipt.status_code == 200
    assert f"http://testserver/lacak/{shown(code_of(100))}/{SECRET}" in receipt.text


@pytest.mark.parametrize("path", [f"/tanda-terima/SALAH/{SECRET}", f"/tanda-terima/{code_of(1)}/<b>x</b>"])
def test_nothing_that_is_no_code_and_secret_gets_a_receipt(path: str, visitor: TestClient) -> None:
    assert visitor.get(path).status_code == 404


def test_a_double_click_files_once(visitor: TestClient, cases: FakeCases) -> None:
    data = blank(visitor) | FULL
    first, second = visitor.post(PATH, data=data), visitor.post(PATH, data=data)

    assert first.headers["location"] == second.headers["location"]
    assert len(cases.filed) == 1


def test_a_changed_report_under_the_same_key_is_another_case(visitor: TestClient, cases: FakeCases) -> None:
    data = blank(visitor) | FULL
    visitor.post(PATH, data=data)
    visitor.post(PATH, data=data | {"description": "Pohon tumbang"})

    assert len(cases.filed) == 2


def test_two_openings_of_the_form_have_two_keys(visitor: TestClient) -> None:
    assert blank(visitor)["key"] != blank(visitor)["key"]


def test_errors_are_listed_linked_and_repeated_at_their_field(visitor: TestClient, cases: FakeCases) -> None:
    answer = visitor.post(
        PATH, data=blank(visitor) | {"email": "upik", "title": "Judul saya", "description": " "}
    )

    assert answer.status_code == 422
    document = parse(answer.text)
    assert text_of(elements(document, "title")[0]).startswith("Kesalahan: ")
    listed = summary_of(answer.text)
    assert [name for name, _ in listed] == ["description", "address", "email"], "in the order of the page"
    for name, message in listed:
        field = next(e for e in elements(document, "input", "textarea") if e.get("id") == name)
        described = field.get("aria-describedby", "").split()
        inline = next(e for e in elements(document, "p") if e.get("id") == f"{name}-error")
        assert f"{name}-error" in described
        assert text_of(inline) == f"Kesalahan: {message}"
    assert cases.filed == {}


def test_an_error_of_a_services_own_question_names_the_question(
    visitor: TestClient, cases: FakeCases
) -> None:
    sent = blank(visitor) | FULL
    missing = FieldError(pointer="/attributes/bahaya", code="required", detail="Wajib.")
    cases.failing = Problem("invalid-input", errors=[missing])
    answer = visitor.post(PATH, data=sent)

    assert summary_of(answer.text) == [("attr-bahaya", "Apakah berbahaya? Isi kolom ini")]


def test_a_refused_form_keeps_every_answer_and_its_key(visitor: TestClient) -> None:
    sent = blank(visitor) | FULL | {"email": "bukan surel"}
    answer = visitor.post(PATH, data=sent)

    shown_again = form_to(answer.text, PATH).fields
    assert answer.status_code == 422
    for name, value in sent.items():
        if name == "csrf":
            continue
        expected = "pejalan" if name == "attr-dampak" else value
        assert shown_again[name].replace("\r\n", "\n") == str(expected).replace("\r\n", "\n"), name
    assert answer.text.count("checked") >= 4, "both boxes of the list, the radio, the tick"


def test_what_cannot_be_converted_is_left_to_the_gateway_to_refuse(
    visitor: TestClient, cases: FakeCases
) -> None:
    visitor.post(PATH, data=blank(visitor) | FULL | {"lat": "selatan", "attr-ukuran": "lebar"})

    submission = cases.calls[0][1]
    assert submission["location"]["lat"] == "selatan"
    assert submission["attributes"]["ukuran"] == "lebar"


@pytest.mark.parametrize("slug", ["intake-unavailable", "rate-limited", "outcome-unknown"])
def test_when_it_cannot_be_taken_now_nothing_typed_is_lost(
    slug: str, visitor: TestClient, cases: FakeCases
) -> None:
    sent = blank(visitor) | FULL
    cases.failing = Problem(slug, headers={"Retry-After": "7"})
    answer = visitor.post(PATH, data=sent)

    again = form_to(answer.text, PATH).fields
    assert answer.status_code == Problem(slug).status
    assert answer.headers["Retry-After"] == "7"
    assert again["key"] == sent["key"] and again["description"].startswith("Lubang besar.")
    assert "Kirim lagi" in answer.text and sent["key"] in answer.text
    assert visitor.post(PATH, data=sent | {"csrf": again["csrf"]}).status_code == 303


def test_an_unknown_service_is_not_found(visitor: TestClient) -> None:
    assert visitor.get("/lapor/tidak-ada").status_code == 404


def test_a_lost_key_is_replaced(visitor: TestClient, cases: FakeCases) -> None:
    visitor.post(PATH, data=blank(visitor) | FULL | {"key": "1"})

    assert len(cases.calls[0][3]) == 36


def test_a_service_without_place_does_not_ask_for_one(visitor: TestClient, cases: FakeCases) -> None:
    path = "/lapor/akta-kelahiran"
    form = form_to(visitor.get(path).text, path)

    assert "address" not in form.names
    visitor.post(path, data=form.fields | {"description": "Anak pertama", "address": "di mana saja"})
    assert "location" not in cases.calls[0][1]


def test_the_desk_files_for_others_with_channel_and_time(open_pages: Any, cases: FakeCases) -> None:
    desk = open_pages(staff="loket-1|desk|")
    data = blank(desk) | FULL | {"channel": "letter", "received_at": "2026-11-23T10:00"}
    desk.post(PATH, data=data)

    _, submission, caller, _ = cases.calls[0]
    assert submission["channel"] == "letter"
    assert submission["received_at"] == "2026-11-23T10:00:00+07:00"
    assert caller.ref == "loket-1"


def test_a_citizen_cannot_set_channel_or_time(visitor: TestClient, cases: FakeCases) -> None:
    visitor.post(PATH, data=blank(visitor) | FULL | {"channel": "letter", "received_at": "2026-11-23T10:00"})

    assert "channel" not in cases.calls[0][1] and "received_at" not in cases.calls[0][1]
