"""Evaluations: nothing of a rating before it is opened, and forms for what is the caller's to do."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from gateway.problems import FieldError, Problem
from support.chain import FakeEvaluation
from support.html import elements, form_to, forms, parse, text_of

ME = "dpupr-1|officer|dpupr"
HEAD = "dpupr-kepala|unit_head|dpupr"


def evaluation_of(client: TestClient) -> FakeEvaluation:
    return client.app.state.evaluation  # type: ignore[attr-defined,no-any-return]  # Starlette's state


def sent(client: TestClient, name: str = "act_on_evaluation") -> tuple[Any, ...]:
    return next(call for call in reversed(evaluation_of(client).calls) if call[0] == name)


def acted(client: TestClient) -> bool:
    return any(call[0] == "act_on_evaluation" for call in evaluation_of(client).calls)


@pytest.fixture
def me(open_pages: Any) -> TestClient:
    return open_pages(staff=ME)  # type: ignore[no-any-return]  # a fixture


@pytest.fixture
def head(open_pages: Any) -> TestClient:
    return open_pages(staff=HEAD)  # type: ignore[no-any-return]  # a fixture


def test_nothing_of_a_result_is_on_the_page_before_it_is_opened(me: TestClient) -> None:
    text = text_of(parse(me.get("/evaluasi/tertutup").text))

    assert "Buka hasil penilaian" in text
    for words in ("Baik", "Di atas ekspektasi", "Sesuai ekspektasi", "lebih cepat dari target", "8 Desember"):
        assert words not in text, words
    assert not acted(me), "looking opens nothing"


def test_a_result_is_opened_by_a_button_and_then_shown_with_the_last_day_to_object(me: TestClient) -> None:
    form = form_to(me.get("/evaluasi/tertutup").text, "/evaluasi/tertutup/read")
    answer = me.post(form.action, data=form.fields)

    assert answer.headers["location"] == "/evaluasi/tertutup?sudah=read"
    _, id_, action, payload, version, caller, key = sent(me)
    assert (id_, action, payload, version) == ("tertutup", "read", {}, 3)
    assert caller.ref == "dpupr-1" and len(key) == 36
    text = text_of(parse(me.get(answer.headers["location"]).text))
    assert "Baik" in text and "lebih cepat dari target" in text and "8 Desember 2026" in text


def test_an_objection_is_sent_with_its_reason_and_kept_when_it_comes_too_late(me: TestClient) -> None:
    form = form_to(me.get("/evaluasi/terbuka").text, "/evaluasi/terbuka/object")
    without = me.post(form.action, data=form.fields)
    answer = me.post(form.action, data=form.fields | {"reason": "Bukti bulan September tidak dihitung."})

    assert without.status_code == 422 and 'href="#object-reason"' in without.text
    assert answer.headers["location"] == "/evaluasi/terbuka?sudah=object"
    assert sent(me)[3] == {"reason": "Bukti bulan September tidak dihitung."}

    evaluation_of(me).failing = None

    class Late(FakeEvaluation):
        async def act_on_evaluation(self, *_: Any, **__: Any) -> dict[str, Any]:
            raise Problem("forbidden", detail="Sudah lewat.", code="too_late")

    me.app.state.evaluation = Late()  # type: ignore[attr-defined]  # Starlette's state
    late = me.post(form.action, data=form.fields | {"reason": "Teks panjang saya."})
    assert late.status_code == 403
    assert "Sudah lewat." in late.text and "Teks panjang saya." in late.text


def test_the_rater_rates_on_two_axes_with_reasons_and_evidence(head: TestClient) -> None:
    page = head.get("/evaluasi/menilai").text
    form = form_to(page, "/evaluasi/menilai/rate")
    answer = head.post(
        form.action,
        data=form.fields
        | {
            "results": "sesuai",
            "behaviour": "di_atas",
            "reason-results": "Target tercapai.",
            "reason-behaviour": "Warga puas.",
            "evidence_ids": ["ev-on-time", "ev-kompetensi"],
            "document-1-title": "Nota dinas",
            "document-1-reference": "ND-7",
        },
    )

    assert answer.status_code == 303, answer.text
    assert sent(head)[3] == {
        "results": "sesuai",
        "behaviour": "di_atas",
        "reasons": {"results": "Target tercapai.", "behaviour": "Warga puas."},
        "evidence_ids": ["ev-on-time", "ev-kompetensi"],
        "documents": [{"kind": "document", "title": "Nota dinas", "reference": "ND-7"}],
    }


def test_evidence_without_a_figure_cannot_be_ticked(head: TestClient) -> None:
    document = parse(head.get("/evaluasi/menilai").text)
    offered = [one.get("value") for one in elements(document, "input") if one.get("name") == "evidence_ids"]

    assert offered == ["ev-on-time", "ev-kompetensi", "ev-awal", "ev-menit"]
    assert not any(
        one.get("checked") is not None
        for one in elements(document, "input")
        if one.get("name") in ("results", "behaviour", "evidence_ids")
    ), "nothing is rated beforehand"


def test_a_rating_without_evidence_comes_back_with_everything_typed(head: TestClient) -> None:
    form = form_to(head.get("/evaluasi/menilai").text, "/evaluasi/menilai/rate")

    class Refusing(FakeEvaluation):
        async def act_on_evaluation(self, *_: Any, **__: Any) -> dict[str, Any]:
            raise Problem(
                "invalid-input",
                errors=[
                    FieldError("/behaviour", "required", ""),
                    FieldError("/evidence_ids", "required", "Sebutkan bukti."),
                    FieldError("/reasons/behaviour", "required", ""),
                ],
            )

    head.app.state.evaluation = Refusing()  # type: ignore[attr-defined]  # Starlette's state
    answer = head.post(
        form.action, data=form.fields | {"results": "sesuai", "reason-results": "Target tercapai."}
    )

    assert answer.status_code == 422
    for anchor in ("rate-behaviour", "rate-evidence_ids", "rate-reason-behaviour"):
        assert f'href="#{anchor}"' in answer.text, anchor
    again = form_to(answer.text, form.action).fields
    assert again["results"] == "sesuai" and again["reason-results"] == "Target tercapai."


def test_expectations_keep_their_rows_and_skip_empty_ones(head: TestClient) -> None:
    form = form_to(head.get("/evaluasi/menilai").text, "/evaluasi/menilai/expect")
    assert form.fields["row-1-result"] == "Lubang di jalan kota ditutup" and form.fields["row-1-id"] == "r1"
    answer = head.post(
        form.action,
        data=form.fields
        | {
            "row-3-result": "Lampu menyala",
            "row-3-aspect": "kualitas",
            "behaviour-loyal": "Hadir.",
            "reason": "Anggaran berubah.",
        },
    )

    assert answer.status_code == 303
    payload = sent(head)[3]
    assert [row["result"] for row in payload["results"]] == ["Lubang di jalan kota ditutup", "Lampu menyala"]
    assert payload["results"][0]["id"] == "r1" and "id" not in payload["results"][1]
    assert payload["behaviours"] == {"pelayanan": "Menjawab warga dengan sopan", "loyal": "Hadir."}
    assert payload["reason"] == "Anggaran berubah."


@pytest.mark.parametrize(
    ("id_", "action", "fields", "payload"),
    [
        ("sepakat", "agree", {}, {}),
        ("menetapkan", "finalise", {}, {}),
        (
            "mencatat",
            "import",
            {"predikat": "baik", "reference": "SKP-1"},
            {"predikat": "baik", "reference": "SKP-1"},
        ),
        ("menyerahkan", "hand-over", {}, {}),
        (
            "memutus",
            "decide",
            {"decision": "upheld", "reason": "Bukti cukup.", "results": "di_atas"},
            {"decision": "upheld", "reason": "Bukti cukup."},
        ),
        (
            "memutus",
            "decide",
            {"decision": "changed", "reason": "Keliru.", "results": "di_atas", "behaviour": "di_atas"},
            {
                "decision": "changed",
                "reason": "Keliru.",
                "ratings": {"results": "di_atas", "behaviour": "di_atas"},
            },
        ),
        (
            "memutus-nasional",
            "decide",
            {"decision": "changed", "reason": "Keliru.", "predikat": "sangat_baik", "reference": "SKP-2"},
            {"decision": "changed", "reason": "Keliru.", "predikat": "sangat_baik", "reference": "SKP-2"},
        ),
        (
            "diputus",
            "follow-up",
            {"kind": "development", "note": "Magang", "due_on": "2027-03-31"},
            {"kind": "development", "note": "Magang", "due_on": "2027-03-31"},
        ),
    ],
)
def test_every_step_has_a_form_that_makes_its_payload(
    id_: str, action: str, fields: dict[str, str], payload: dict[str, Any], head: TestClient
) -> None:
    form = form_to(head.get(f"/evaluasi/{id_}").text, f"/evaluasi/{id_}/{action}")
    answer = head.post(form.action, data=form.fields | fields)

    assert answer.status_code == 303, answer.text
    assert answer.headers["location"] == f"/evaluasi/{id_}?sudah={action}"
    assert sent(head)[1:5] == (id_, action, payload, 3)


def test_only_what_the_service_permits_is_offered(me: TestClient) -> None:
    evaluation_of(me).known["terbuka"]["actions"] = []

    assert {form.action for form in forms(me.get("/evaluasi/terbuka").text)} == {"/keluar"}


def test_silence_is_said_as_such_and_no_figure_stands_without_its_number(me: TestClient) -> None:
    text = text_of(parse(me.get("/evaluasi").text))

    assert "belum ada data (<10). Data terlalu sedikit" in text
    assert "Hanya satu petugas pada layanan ini" in text
    assert "82% rentang 70% sampai 90%" in text and "Dari 40" in text
    assert "3,40 rentang 3,10 sampai 3,70 awal" in text
    assert "Rata-rata rekan sejenis: 3,30" in text and "hasil perkara, saluran" in text
    assert "2 jam 15 menit" in text


def test_a_person_sees_her_hours_and_what_is_recommended(me: TestClient) -> None:
    text = text_of(parse(me.get("/evaluasi").text))

    assert "19 dari 20 JP tahun 2026" in text and "kurang 1 JP" in text
    assert "Belum ada aturan JP untuk bentuk ini" in text and "bertindih" in text
    assert "di bawah rata-rata rekan sejenis" in text


def test_who_has_no_record_is_told_so(me: TestClient) -> None:
    evaluation_of(me).record = None
    answer = me.get("/evaluasi")

    assert answer.status_code == 200 and "Hubungi pengelola kepegawaian" in answer.text


def test_a_person_comments_on_evidence_about_herself(me: TestClient) -> None:
    form = form_to(me.get("/evaluasi").text, "/evaluasi/bukti/ev-on-time/tanggapan")
    answer = me.post(form.action, data=form.fields | {"text": "Alat rusak sebulan."})

    assert answer.headers["location"] == "/evaluasi?sudah=comment"
    assert sent(me, "comment_evidence")[1:3] == ("ev-on-time", "Alat rusak sebulan.")


def test_hr_alone_opens_a_period(open_pages: Any, me: TestClient) -> None:
    hr = open_pages(staff="sdm-1|hr|")
    form = form_to(hr.get("/evaluasi").text, "/evaluasi/buka")
    body = {
        "staff_ref": "dpupr-1",
        "start": "2026-10-01",
        "end": "2026-12-31",
        "official_record": "tanggap",
    }
    answer = hr.post(form.action, data=form.fields | body)

    assert answer.headers["location"] == "/evaluasi?sudah=open"
    assert sent(hr, "open_evaluation")[1] == body | {"official_record": {"kind": "tanggap"}}
    assert "/evaluasi/buka" not in {form.action for form in forms(me.get("/evaluasi").text)}


def test_the_loser_of_a_race_keeps_the_text(head: TestClient) -> None:
    form = form_to(head.get("/evaluasi/memutus").text, "/evaluasi/memutus/decide")

    class Racing(FakeEvaluation):
        async def act_on_evaluation(self, *_: Any, **__: Any) -> dict[str, Any]:
            self.known["memutus"] = self.known["diputus"]
            raise Problem("conflict", current={})

    head.app.state.evaluation = Racing()  # type: ignore[attr-defined]  # Starlette's state
    answer = head.post(form.action, data=form.fields | {"decision": "upheld", "reason": "Alasan panjang."})

    assert answer.status_code == 409
    assert "Keadaannya sudah berubah" in answer.text and "Alasan panjang." in answer.text


@pytest.mark.parametrize("path", ["/evaluasi", "/evaluasi/terbuka", "/pelatihan", "/rekomendasi"])
def test_a_link_in_a_message_leads_through_the_login_to_its_page(path: str, visitor: TestClient) -> None:
    led = visitor.get(path)
    assert led.status_code == 303

    form = form_to(visitor.get(led.headers["location"]).text, "/masuk")
    answer = visitor.post("/masuk", data=form.fields | {"ref": "petugas-1"})
    assert answer.headers["location"] == path


@pytest.mark.parametrize(
    "wanted",
    ["https://jahat.example", "//jahat.example", "/petugas//jahat", "/evaluasi\\x", "/lapor", "petugas"],
)
def test_the_login_leads_nowhere_else(wanted: str, visitor: TestClient) -> None:
    form = form_to(visitor.get("/masuk", params={"lanjut": wanted}).text, "/masuk")
    answer = visitor.post("/masuk", data=form.fields | {"ref": "petugas-1", "lanjut": wanted})

    assert answer.headers["location"] == "/petugas"
