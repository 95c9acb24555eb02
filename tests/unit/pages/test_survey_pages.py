"""The questionnaire: opened by a link, answered once, lost never."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from gateway.problems import Problem
from support.chain import FakeSurveys
from support.html import attributes, elements, form_to, parse, text_of
from support.survey_data import CLOSED, COUNTER, ELEMENTS, EXPIRED, OPEN, REVOKED, SPENT, UNKNOWN

PAGE = f"/survei/{OPEN}"
ALL = {f"q-{key}": "3" for key, *_ in ELEMENTS} | {"consent_process": "yes"}


@pytest.fixture
def surveys(visitor: TestClient) -> FakeSurveys:
    return visitor.app.state.surveys  # type: ignore[attr-defined,no-any-return]  # Starlette's state


def filled(client: TestClient, address: str = PAGE, **more: str) -> dict[str, str]:
    return form_to(client.get(address).text, address).fields | ALL | more


def submitted(surveys: FakeSurveys) -> list[tuple[Any, ...]]:
    return [call[1:] for call in surveys.calls if call[0] == "submit"]


def test_the_questions_come_in_the_questionnaires_order_each_with_its_four_labels(
    visitor: TestClient,
) -> None:
    document = parse(visitor.get(PAGE).text)

    legends = [text_of(one) for one in elements(document, "legend")]
    asked = [name for _, name, _, order in sorted(ELEMENTS, key=lambda element: element[3]) if order]
    assert legends[:9] == [f"{n}. Bagaimana {name.lower()}?" for n, name in enumerate(asked, start=1)]
    radios = [one for one in elements(document, "input") if one.get("name") == "q-waktu"]
    assert [one.get("value") for one in radios] == ["1", "2", "3", "4", "-"]
    assert all(one.get("checked") is None for one in radios), "nothing is chosen for her"


def test_an_answer_goes_out_with_what_was_chosen_and_nothing_of_the_person(
    visitor: TestClient, surveys: FakeSurveys
) -> None:
    page = filled(
        visitor, **{"q-biaya": "-", "r-sex": "P", "comment": " Antre lama. ", "consent_publish": "yes"}
    )
    answer = visitor.post(PAGE, data=page)

    assert answer.status_code == 303
    assert answer.headers["location"] == "/survei/terima-kasih?unit=dpupr"
    body, caller, device = submitted(surveys)[0]
    assert body["token"] == OPEN and "unit" not in body
    assert "biaya" not in body["answers"] and len(body["answers"]) == 8, "silence is no score"
    assert set(body["answers"].values()) == {3}
    assert body["respondent"] == {"sex": "P"} and body["comment"] == "Antre lama."
    assert body["consents"] == {
        "process": True,
        "contact": False,
        "publish_comment": True,
        "text_version": "2026-01",
    }
    assert body["submission_id"] == page["submission_id"]
    assert caller.kind == "public" and caller.ref is None
    assert len(device) == 22


def test_looking_sends_nothing(visitor: TestClient, surveys: FakeSurveys) -> None:
    for _ in range(3):
        assert visitor.get(PAGE).status_code == 200

    assert submitted(surveys) == []


def test_the_same_form_twice_is_one_answer(visitor: TestClient, surveys: FakeSurveys) -> None:
    page = filled(visitor)
    first, second = visitor.post(PAGE, data=page), visitor.post(PAGE, data=page)

    assert first.status_code == second.status_code == 303
    assert first.headers["location"] == second.headers["location"]
    assert len(surveys.accepted) == 1


def test_each_opening_has_a_submission_id_of_its_own(visitor: TestClient) -> None:
    assert filled(visitor)["submission_id"] != filled(visitor)["submission_id"]


def test_what_is_missing_is_said_at_its_place_and_nothing_typed_is_lost(
    visitor: TestClient, surveys: FakeSurveys
) -> None:
    page = form_to(visitor.get(PAGE).text, PAGE).fields | {"comment": "Panjang sekali.", "r-age": "60+"}
    answer = visitor.post(PAGE, data=page)

    assert answer.status_code == 422
    assert "Jawab sedikitnya satu pertanyaan" in answer.text
    assert 'href="#q-persyaratan"' in answer.text and 'href="#consent_process"' in answer.text
    again = form_to(answer.text, PAGE).fields
    assert again["comment"] == "Panjang sekali." and again["r-age"] == "60+"
    assert again["submission_id"] == page["submission_id"]
    assert surveys.accepted == {}


def test_a_score_out_of_scale_is_refused_beside_its_question(visitor: TestClient) -> None:
    answer = visitor.post(PAGE, data=filled(visitor, **{"q-waktu": "5"}))

    assert answer.status_code == 422
    assert 'href="#q-waktu"' in answer.text
    assert form_to(answer.text, PAGE).fields["q-sarana"] == "3"


def test_the_form_says_that_an_answer_cannot_be_withdrawn_and_what_is_kept(visitor: TestClient) -> None:
    text = text_of(parse(visitor.get(PAGE).text))

    assert "jawaban tidak dapat ditarik kembali setelah dikirim" in text
    assert "Tidak kami simpan bersama jawaban: nama, nomor telepon" in text
    assert "sekitar 2 menit" in text


def test_only_an_invitation_asks_whether_one_may_be_contacted(visitor: TestClient) -> None:
    invited, counter = visitor.get(PAGE).text, visitor.get(f"/survei/{COUNTER}").text

    assert 'name="consent_contact"' in invited
    assert 'name="consent_contact"' not in counter, "a counter knows no contact"
    assert 'name="service_code"' in counter and 'name="service_code"' not in invited


@pytest.mark.parametrize(
    ("token", "status", "words"),
    [
        (UNKNOWN, 404, "tidak dikenal"),
        ("pendek", 404, "tidak dikenal"),
        (EXPIRED, 410, "sudah lewat waktunya"),
        (REVOKED, 410, "sudah tidak berlaku"),
        (SPENT, 410, "sudah kami terima"),
        (CLOSED, 410, "sudah ditutup"),
    ],
)
def test_a_link_that_opens_nothing_says_why(token: str, status: int, words: str, visitor: TestClient) -> None:
    answer = visitor.get(f"/survei/{token}")

    assert answer.status_code == status
    assert words in text_of(elements(parse(answer.text), "h1")[0])
    assert "questionnaire_version" not in answer.text


def test_while_surveys_is_away_the_form_is_shown_and_taken_all_the_same(
    visitor: TestClient, surveys: FakeSurveys
) -> None:
    surveys.away = True
    answer = visitor.post(PAGE, data=filled(visitor))

    assert answer.status_code == 303
    assert answer.headers["location"] == "/survei/terima-kasih", "nobody knows which unit it is"
    assert len(surveys.accepted) == 1


def test_without_questionnaire_the_page_asks_to_come_back(visitor: TestClient, surveys: FakeSurveys) -> None:
    surveys.has_questionnaire = False
    answer = visitor.get(PAGE)

    assert answer.status_code == 503
    assert "Tautan Anda tetap berlaku" in answer.text


def test_an_answer_that_was_not_confirmed_stays_on_the_page(
    visitor: TestClient, surveys: FakeSurveys
) -> None:
    page = filled(visitor, comment="Jangan hilang.")
    surveys.failing = Problem("intake-unavailable")
    answer = visitor.post(PAGE, data=page)

    assert answer.status_code == 503 and answer.headers["Retry-After"]
    again = form_to(answer.text, PAGE).fields
    assert again["comment"] == "Jangan hilang." and again["submission_id"] == page["submission_id"]
    assert visitor.post(PAGE, data=again | ALL).status_code == 303
    assert len(surveys.accepted) == 1


def test_a_page_that_grew_old_sends_nothing_and_keeps_the_answers(
    visitor: TestClient, surveys: FakeSurveys
) -> None:
    page = filled(visitor, comment="Masih ada.")
    answer = visitor.post(PAGE, data=page | {"csrf": "x"})

    assert answer.status_code == 403 and "Masih ada." in answer.text
    assert submitted(surveys) == []


def test_a_device_is_known_for_a_day_on_survey_pages_alone(visitor: TestClient) -> None:
    cookie = next(
        value
        for value in visitor.get(PAGE).headers.get_list("set-cookie")
        if value.startswith("tanggap_survei=")
    )

    assert "Path=/survei" in cookie and "HttpOnly" in cookie and "Max-Age=86400" in cookie
    assert "satu hari" in visitor.get("/privasi").text


def test_staff_who_answer_their_own_invitation_are_the_public(open_pages: Any) -> None:
    client = open_pages(staff="dpupr-1|officer|dpupr")
    client.post(PAGE, data=filled(client))

    body, caller, _ = submitted(client.app.state.surveys)[0]
    assert caller.kind == "public" and caller.ref is None
    assert "dpupr-1" not in str(body)


@pytest.mark.parametrize(
    "typed", [OPEN, OPEN.upper(), " ".join([OPEN[:22], OPEN[22:]]), f"https://kota.example/survei/{OPEN}?x=1"]
)
def test_a_code_is_found_however_it_is_typed(typed: str, visitor: TestClient) -> None:
    answer = visitor.get("/survei", params={"kode": typed})

    assert answer.status_code == 303 and answer.headers["location"] == PAGE


def test_a_mistyped_code_is_explained_and_kept(visitor: TestClient) -> None:
    answer = visitor.get("/survei", params={"kode": "abc-def"})

    assert answer.status_code == 422
    assert "44 huruf dan angka" in answer.text and 'value="abc-def"' in answer.text


def test_the_thanks_say_what_happens_next_and_where_results_appear(visitor: TestClient) -> None:
    text = visitor.get("/survei/terima-kasih?unit=dpupr").text

    assert "/hasil/dpupr" in attributes(parse(text), "a", "href")
    assert "tidak dapat ditarik" in text
    assert "/hasil" in attributes(parse(visitor.get("/survei/terima-kasih?unit=x").text), "a", "href")
