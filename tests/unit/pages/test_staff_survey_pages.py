"""Surveys for staff: periods and what can be done with them, counters, assisted answers."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from gateway.problems import FieldError, Problem
from support.chain import FakeSurveys
from support.html import attributes, form_to, forms, parse, text_of
from support.survey_data import COUNTER, ELEMENTS, improvement

PLACE = "/petugas/survei/dpupr/2026-Q4"
CLOSED = "/petugas/survei/dpupr/2025-Q4"
PUBLISHED = "/petugas/survei/dpupr/2026-Q3"


def surveys_of(client: TestClient) -> FakeSurveys:
    return client.app.state.surveys  # type: ignore[attr-defined,no-any-return]  # Starlette's state


def actions_of(client: TestClient, path: str) -> set[str]:
    return {form.action.removeprefix(f"{path}/") for form in forms(client.get(path).text)} - {"/keluar"}


def sent(client: TestClient, name: str) -> tuple[Any, ...]:
    return next(call for call in reversed(surveys_of(client).calls) if call[0] == name)


def test_an_open_period_shows_how_many_answered_of_how_many_should(coordinator: TestClient) -> None:
    text = coordinator.get(PLACE).text

    assert "33" in text and "dari sasaran 80" in text and "Periode ini belum berakhir" in text
    assert "tautannya sudah dipakai" in text
    assert "33" in coordinator.get("/petugas/survei").text


def test_what_is_offered_follows_the_state_and_the_role(coordinator: TestClient, open_pages: Any) -> None:
    assert {"population", "close"} <= actions_of(coordinator, PLACE)
    assert {"publish", "correct", "rencana"} <= actions_of(coordinator, CLOSED)
    assert "correct" in actions_of(coordinator, PUBLISHED)

    officer = open_pages(staff="dpupr-1|officer|dpupr")
    assert actions_of(officer, PLACE) == set()
    assert actions_of(officer, PUBLISHED) == {"rencana/rtl-1/start", "rencana/rtl-1/complete"}


def test_the_unit_itself_reviews_neither_answers_nor_comments(open_pages: Any) -> None:
    head = open_pages(staff="dpupr-kepala|unit_head|dpupr")
    text = head.get(PLACE).text

    assert "ditahan" not in {form.action.split("/")[-3] for form in forms(text) if form.action.count("/") > 4}
    assert "Jangan diterbitkan." not in text
    assert not any(call[0] in ("held", "comments") for call in surveys_of(head).calls)


@pytest.mark.parametrize(
    ("path", "action", "fields", "call"),
    [
        (
            PLACE,
            "population",
            {"n": "1.200", "origin": "buku tamu"},
            ("act_on_period", "dpupr", "2026-Q4", "population", {"n": 1200, "origin": "buku tamu"}),
        ),
        (PLACE, "close", {}, ("act_on_period", "dpupr", "2026-Q4", "close", {})),
        (CLOSED, "publish", {}, ("act_on_period", "dpupr", "2025-Q4", "publish", {})),
        (
            PUBLISHED,
            "correct",
            {"reason": "Salah hitung."},
            ("act_on_period", "dpupr", "2026-Q3", "correct", {"reason": "Salah hitung."}),
        ),
        (PUBLISHED, "rencana/rtl-1/start", {}, ("act_on_improvement", "rtl-1", "start", {})),
        (
            PUBLISHED,
            "rencana/rtl-1/complete",
            {"evidence_ref": "SK-1"},
            ("act_on_improvement", "rtl-1", "complete", {"evidence_ref": "SK-1"}),
        ),
        (
            PUBLISHED,
            "rencana/rtl-1/cancel",
            {"reason": "Ganti."},
            ("act_on_improvement", "rtl-1", "cancel", {"reason": "Ganti."}),
        ),
        (
            PLACE,
            "ditahan/ditahan-1/discard",
            {"reason": "Satu orang."},
            ("review_held", "ditahan-1", "discard", "Satu orang."),
        ),
        (PLACE, "saran/saran-1/publish", {"text": "Rapi."}, ("moderate", "saran-1", "publish", "Rapi.")),
        (PLACE, "saran/saran-1/hide", {}, ("moderate", "saran-1", "hide", None)),
    ],
)
def test_an_action_is_sent_once_with_a_key_and_leads_back(
    path: str, action: str, fields: dict[str, str], call: tuple[Any, ...], coordinator: TestClient
) -> None:
    form = form_to(coordinator.get(path).text, f"{path}/{action}")
    answer = coordinator.post(form.action, data=form.fields | fields)

    assert answer.status_code == 303, answer.text
    assert answer.headers["location"].startswith(f"{path}?sudah=")
    done = sent(coordinator, call[0])
    assert done[: len(call)] == call and len(done[-1]) == 36
    assert 'role="status"' in coordinator.get(answer.headers["location"]).text


def test_an_improvement_is_planned_for_an_element(coordinator: TestClient) -> None:
    form = form_to(coordinator.get(CLOSED).text, f"{CLOSED}/rencana")
    fields = {"element": "pengaduan", "action": "Papan.", "owner_ref": "dpupr-1", "due_on": "2026-12-20"}
    answer = coordinator.post(form.action, data=form.fields | fields)

    assert answer.status_code == 303
    assert sent(coordinator, "plan")[1] == {"unit": "dpupr", "period": "2025-Q4", **fields}


def test_a_missing_field_is_asked_for_before_anything_is_sent(coordinator: TestClient) -> None:
    form = form_to(coordinator.get(PLACE).text, f"{PLACE}/population")
    answer = coordinator.post(form.action, data=form.fields | {"origin": "buku tamu"})

    assert answer.status_code == 422 and 'href="#population-n"' in answer.text
    assert form_to(answer.text, form.action).fields["origin"] == "buku tamu"
    assert not any(call[0] == "act_on_period" for call in surveys_of(coordinator).calls)


def test_what_is_no_number_is_refused_by_the_service_and_stays(coordinator: TestClient) -> None:
    form = form_to(coordinator.get(PLACE).text, f"{PLACE}/population")
    page = form.fields | {"n": "banyak", "origin": "buku tamu"}

    class Refusing(FakeSurveys):
        async def act_on_period(self, *_: Any, **__: Any) -> dict[str, Any]:
            raise Problem("invalid-input", errors=[FieldError("/n", "not_a_number", "Angka.")])

    coordinator.app.state.surveys = Refusing()  # type: ignore[attr-defined]  # Starlette's state
    answer = coordinator.post(form.action, data=page)

    assert answer.status_code == 422 and "Tulis angka saja" in answer.text
    assert form_to(answer.text, form.action).fields["n"] == "banyak"


def test_a_period_that_cannot_be_published_says_what_is_missing(coordinator: TestClient) -> None:
    form = form_to(coordinator.get(CLOSED).text, f"{CLOSED}/publish")

    class Refusing(FakeSurveys):
        async def act_on_period(self, *_: Any, **__: Any) -> dict[str, Any]:
            raise Problem("conflict", current={"reason": "not_publishable", "missing": ["below_minimum_n"]})

    coordinator.app.state.surveys = Refusing()  # type: ignore[attr-defined]  # Starlette's state
    answer = coordinator.post(form.action, data=form.fields)

    assert answer.status_code == 409
    assert "Angkanya belum boleh ditampilkan" in answer.text
    assert "belum sampai jumlah paling sedikit" in answer.text


def test_a_held_answer_is_judged_without_its_scores(coordinator: TestClient) -> None:
    text = coordinator.get(PLACE).text

    assert "perangkat yang sama" in text
    assert "waktu: 1" not in text and "Tidak waktu" not in text


def test_a_comment_whose_writer_did_not_agree_cannot_be_published(coordinator: TestClient) -> None:
    assert "saran/saran-3/publish" not in actions_of(coordinator, PLACE)
    assert "saran/saran-3/hide" in actions_of(coordinator, PLACE)


def test_a_counter_gets_a_link_and_a_poster_with_its_code(coordinator: TestClient) -> None:
    form = form_to(coordinator.get("/petugas/survei/loket").text, "/petugas/survei/loket")
    answer = coordinator.post(
        form.action, data=form.fields | {"unit": "dpupr", "counter": "Loket 3", "valid_days": "30"}
    )

    assert answer.headers["location"] == f"/petugas/survei/loket/{COUNTER}/cetak"
    assert sent(coordinator, "create_counter")[1] == {"unit": "dpupr", "counter": "Loket 3", "valid_days": 30}
    poster = coordinator.get(answer.headers["location"])
    assert f"http://testserver/survei/{COUNTER}" in text_of(parse(poster.text))
    assert 'class="tanggap-qr__ink"' in poster.text and "Loket 2" in poster.text


def test_a_counters_link_is_revoked(coordinator: TestClient) -> None:
    form = form_to(coordinator.get("/petugas/survei/loket").text, "/petugas/survei/loket/loket-2/cabut")
    answer = coordinator.post(form.action, data=form.fields)

    assert answer.headers["location"] == "/petugas/survei/loket?sudah=revoke"
    assert sent(coordinator, "revoke_counter")[1] == "loket-2"
    assert "loket-0/cabut" not in coordinator.get("/petugas/survei/loket").text, "it is revoked already"


def test_staff_offer_only_units_that_are_theirs(open_pages: Any) -> None:
    officer = open_pages(staff="dpupr-1|officer|dpupr")
    fields = form_to(officer.get("/petugas/survei/bantu").text, "/petugas/survei/bantu").fields

    assert fields["unit"] == "dpupr"
    assert 'value="disdukcapil"' not in officer.get("/petugas/survei/bantu").text


def test_an_assisted_answer_is_the_staffs_and_marked(open_pages: Any) -> None:
    desk = open_pages(staff="loket-1|desk|")
    page = form_to(desk.get("/petugas/survei/bantu").text, "/petugas/survei/bantu").fields
    scores = {f"q-{key}": "4" for key, *_ in ELEMENTS}
    without = desk.post("/petugas/survei/bantu", data=page | scores | {"consent_process": "yes"})
    answer = desk.post(
        "/petugas/survei/bantu", data=page | scores | {"consent_process": "yes", "unit": "dpupr"}
    )

    assert without.status_code == 422 and "Pilih unit yang dinilai" in without.text
    assert answer.headers["location"] == "/petugas/survei/bantu?sudah=assist"
    _, body, caller, device = sent(desk, "submit")
    assert body["unit"] == "dpupr" and body["channel"] == "assisted" and "token" not in body
    assert caller.ref == "loket-1" and device is None


def test_the_public_has_no_way_in(visitor: TestClient) -> None:
    for path in ("/petugas/survei", PLACE, "/petugas/survei/loket", "/petugas/survei/bantu"):
        answer = visitor.get(path)
        assert answer.status_code == 303 and answer.headers["location"].startswith("/masuk?lanjut=")


def test_an_improvement_that_is_over_offers_nothing_more(coordinator: TestClient) -> None:
    surveys_of(coordinator).known["dpupr", "2026-Q3"]["improvements"] = [improvement(7, "done")]

    assert not any(action.startswith("rencana/rtl-7") for action in actions_of(coordinator, PUBLISHED))
    assert "/hasil/dpupr/2026-Q3" in attributes(parse(coordinator.get(PUBLISHED).text), "a", "href")
