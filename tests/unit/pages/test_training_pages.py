"""Trainings and the way into them; recommendations that a person decides on."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from support.chain import FakeEvaluation
from support.evaluation_data import enrolment, recommendation
from support.html import form_to, forms, parse, text_of

ME = "dpupr-1|officer|dpupr"
RATER = "dpupr-kepala|rater|dpupr"
HR = "sdm-1|hr|"


def evaluation_of(client: TestClient) -> FakeEvaluation:
    return client.app.state.evaluation  # type: ignore[attr-defined,no-any-return]  # Starlette's state


def sent(client: TestClient, name: str) -> tuple[Any, ...]:
    return next(call for call in reversed(evaluation_of(client).calls) if call[0] == name)


def actions_of(client: TestClient, path: str) -> set[str]:
    return {form.action.removeprefix(f"{path}/") for form in forms(client.get(path).text)} - {"/keluar"}


def test_an_offer_says_its_hours_its_places_and_whether_the_rule_is_an_example(open_pages: Any) -> None:
    text = text_of(parse(open_pages(staff=ME).get("/pelatihan").text))

    assert "10 JP" in text and "3 dari 20 tempat terisi, 1 menunggu" in text
    assert "20 JP aturan contoh" in text and "Universitas Contoh" in text
    assert "JP belum dapat dihitung" in text
    assert "Magang selesai dengan laporan dan rencana penerapan" in text


def test_one_enrols_once_and_takes_up_ones_approved_recommendation(open_pages: Any) -> None:
    client = open_pages(staff=ME)
    evaluation_of(client).enrolled = []
    evaluation_of(client).recommended = [recommendation("rek-9", state="approved", offer_ids=["magang-1"])]
    form = form_to(client.get("/pelatihan").text, "/pelatihan/magang-1/daftar")
    answer = client.post(form.action, data=form.fields)

    assert answer.headers["location"] == "/pelatihan?sudah=enrol"
    assert sent(client, "enrol")[1:3] == ("magang-1", "rek-9")
    page = client.get("/pelatihan").text
    assert "Anda sudah mendaftar" in page and "magang-1/daftar" not in page
    assert "kursus-1/daftar" in actions_of(client, "/pelatihan")


def test_an_enrolment_without_recommendation_names_none(open_pages: Any) -> None:
    client = open_pages(staff=ME)
    form = form_to(client.get("/pelatihan").text, "/pelatihan/kursus-1/daftar")
    client.post(form.action, data=form.fields)

    assert sent(client, "enrol")[1:3] == ("kursus-1", None)


@pytest.mark.parametrize(
    ("who", "state", "offered"),
    [
        (ME, "requested", {"withdraw"}),
        (RATER, "requested", {"approve"}),
        (HR, "approved", {"confirm", "withdraw"}),
        (HR, "waiting", {"confirm", "withdraw"}),
        (HR, "confirmed", {"complete", "withdraw"}),
        (ME, "confirmed", {"withdraw"}),
        (RATER, "completed", set()),
    ],
)
def test_each_step_is_offered_to_whom_it_belongs(
    who: str, state: str, offered: set[str], open_pages: Any
) -> None:
    client = open_pages(staff=who)
    evaluation_of(client).enrolled = [enrolment("ikut-1", state)]
    shown = actions_of(client, "/pelatihan")

    assert {one.rpartition("/")[2] for one in shown if one.startswith("pendaftaran/")} == offered


def test_the_services_own_word_on_what_is_possible_counts_more(open_pages: Any) -> None:
    client = open_pages(staff=RATER)
    evaluation_of(client).enrolled = [enrolment("ikut-1", "requested") | {"actions": []}]

    assert not any(one.startswith("pendaftaran/") for one in actions_of(client, "/pelatihan"))


def test_an_internship_is_completed_with_report_and_plan(open_pages: Any) -> None:
    client = open_pages(staff=HR)
    evaluation_of(client).enrolled = [enrolment("ikut-1", "confirmed", offer_id="magang-1")]
    form = form_to(client.get("/pelatihan").text, "/pelatihan/pendaftaran/ikut-1/complete")
    fields = {"report_ref": "LAP-1", "back_home_project": "Papan mutu", "evidence_ref": ""}
    answer = client.post(form.action, data=form.fields | fields)

    assert answer.headers["location"] == "/pelatihan?sudah=complete"
    assert sent(client, "act_on_enrolment")[1:4] == (
        "ikut-1",
        "complete",
        {"report_ref": "LAP-1", "back_home_project": "Papan mutu"},
    )


def test_offers_are_filtered_by_form(open_pages: Any) -> None:
    client = open_pages(staff=ME)
    client.get("/pelatihan?bentuk=workshop")
    assert sent(client, "trainings")[2] == "workshop"
    client.get("/pelatihan?bentuk=tidak-ada")
    assert sent(client, "trainings")[2] is None


def test_a_recommendation_names_reason_data_and_options(open_pages: Any) -> None:
    text = text_of(parse(open_pages(staff=RATER).get("/rekomendasi").text))

    assert "Kompetensi petugas menurut survei di bawah rata-rata rekan sejenis" in text
    assert "2,90, rentang 2,82 sampai 3,19 · Dari 40 · Rata-rata rekan sejenis: 3,30" in text
    assert "Penyebabnya ada pada sistem pelayanan unit, bukan pada orang" in text
    assert "Untuk dipertimbangkan" in text


def test_a_recommendation_is_approved_with_offers_or_declined_with_a_reason(open_pages: Any) -> None:
    client = open_pages(staff=RATER)
    page = client.get("/rekomendasi").text
    approve = form_to(page, "/rekomendasi/rek-1/approve")
    client.post(approve.action, data=approve.fields | {"offer_ids": "lokakarya-1"})
    assert sent(client, "decide_recommendation")[1:5] == ("rek-1", "approve", None, ["lokakarya-1"])

    decline = form_to(page, "/rekomendasi/rek-1/decline")
    without = client.post(decline.action, data=decline.fields)
    answer = client.post(decline.action, data=decline.fields | {"reason": "Sudah magang."})
    assert without.status_code == 422 and 'href="#rek-1-decline-reason"' in without.text
    assert answer.headers["location"] == "/rekomendasi?sudah=recommend"
    assert sent(client, "decide_recommendation")[1:5] == ("rek-1", "decline", "Sudah magang.", None)


def test_nobody_is_offered_to_decide_about_herself_or_what_is_decided(open_pages: Any) -> None:
    own = open_pages(staff="dpupr-1|rater|dpupr")

    assert actions_of(own, "/rekomendasi") == {"/rekomendasi", "rek-2/approve", "rek-2/decline"}
    assert "rek-3/approve" not in actions_of(open_pages(staff=RATER), "/rekomendasi")
