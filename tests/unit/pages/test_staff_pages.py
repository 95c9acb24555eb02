"""The staff's queue, a case with the actions that are permitted, the inbox, and who may come in."""

from typing import Any
from urllib.parse import urlencode

import pytest
from starlette.testclient import TestClient

from gateway.codes import shown
from gateway.pages.staff_actions import ACTIONS
from gateway.problems import FieldError, Problem
from support.html import form_to, forms
from support.page_data import EVERY_ACTION, case, code_of
from support.pages import FakeCases

CASE = f"/petugas/{shown(code_of(3))}"
FILLED: dict[str, tuple[dict[str, str], dict[str, Any]]] = {
    "verify": (
        {
            "public_text": "Lubang besar.",
            "public_title": "",
            "service_code": "usulan",
            "supervisory": "yes",
            "supervisory_reason": "Pungli",
        },
        {
            "public_text": "Lubang besar.",
            "service_code": "usulan",
            "supervisory": {"value": True, "reason": "Pungli"},
        },
    ),
    "assign": ({"unit": "dpupr", "note": "Segera"}, {"unit": "dpupr", "note": "Segera"}),
    "bounce": (
        {"target_unit": "disdukcapil", "reason": "Bukan jalan kota"},
        {"target_unit": "disdukcapil", "reason": "Bukan jalan kota"},
    ),
    "request_info": ({"question": "Di mana?"}, {"question": "Di mana?"}),
    "provide_info": ({"text": "Di pasar"}, {"text": "Di pasar"}),
    "progress": ({"note": "Survei", "public": "yes"}, {"note": "Survei", "public": True}),
    "resolve": (
        {"outcome": "granted", "answer": "Sudah ditutup."},
        {"outcome": "granted", "answer": "Sudah ditutup."},
    ),
    "confirm": ({}, {}),
    "dispute": ({"reason": "Belum"}, {"reason": "Belum"}),
    "reject": (
        {"ground": "bukan_wewenang", "explanation": "Jalan nasional.", "referred_to": "Balai Jalan"},
        {"ground": "bukan_wewenang", "explanation": "Jalan nasional.", "referred_to": "Balai Jalan"},
    ),
    "reopen": ({"reason": "Rusak lagi"}, {"reason": "Rusak lagi"}),
    "merge": ({"into": "7K3M-9QXD-0002-2"}, {"into": "7K3M-9QXD-0002-2"}),
    "comment": ({"text": "Catatan", "internal": "yes"}, {"text": "Catatan", "internal": True}),
}


def form_of(client: TestClient, action: str) -> dict[str, str]:
    return form_to(client.get(CASE).text, f"{CASE}/{action}").fields


@pytest.mark.parametrize("path", ["/petugas", CASE, f"{CASE}/riwayat", "/petugas/kotak-masuk"])
def test_who_is_not_logged_in_is_led_to_the_login(path: str, visitor: TestClient) -> None:
    answer = visitor.get(path)

    assert answer.status_code == 303
    wanted = "" if path == "/petugas" else f"?{urlencode({'lanjut': path})}"
    assert answer.headers["location"] == f"/masuk{wanted}"


def test_every_action_has_a_form_that_makes_its_payload() -> None:
    assert set(FILLED) == set(ACTIONS) == set(EVERY_ACTION) - {"reveal", "history"}


@pytest.mark.parametrize("action", FILLED)
def test_an_action_is_sent_with_the_version_seen_and_a_key(
    action: str, coordinator: TestClient, cases: FakeCases
) -> None:
    fields, payload = FILLED[action]
    if action == "verify":
        fields = fields | {"note": ""}
    answer = coordinator.post(f"{CASE}/{action}", data=form_of(coordinator, action) | fields)

    assert answer.status_code == 303, answer.text
    assert answer.headers["location"] == f"{CASE}?sudah={action}"
    _, code, done, sent, version, caller, key = cases.calls[-1]
    assert (code, done, sent, version) == (shown(code_of(3)), action, payload, 4)
    assert caller.ref == "koordinator" and len(key) == 36


def test_only_the_permitted_actions_are_shown(
    coordinator: TestClient, cases: FakeCases, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("support.pages.EVERY_ACTION", ["comment"])
    offered = {form.action for form in forms(coordinator.get(CASE).text)}

    assert offered == {"/keluar", f"{CASE}/comment"}


@pytest.mark.parametrize(
    "action", [name for name, one in ACTIONS.items() if any(field.required for field in one.fields)]
)
def test_a_missing_answer_is_asked_for_before_anything_happens(
    action: str, coordinator: TestClient, cases: FakeCases
) -> None:
    sent = {name: "" for name in form_of(coordinator, action) if name not in ("csrf", "key", "version")}
    answer = coordinator.post(f"{CASE}/{action}", data=form_of(coordinator, action) | sent)

    required = next(field.name for field in ACTIONS[action].fields if field.required)
    assert answer.status_code == 422
    assert f'href="#{action}-{required}"' in answer.text
    assert [call for call in cases.calls if call[0] == "act"] == []


def test_a_refusal_of_the_service_is_shown_at_its_field(coordinator: TestClient, cases: FakeCases) -> None:
    page = form_of(coordinator, "reject")
    cases.failing = Problem(
        "invalid-input", errors=[FieldError(pointer="/referred_to", code="required", detail="Wajib.")]
    )
    answer = coordinator.post(
        f"{CASE}/reject", data=page | {"ground": "bukan_wewenang", "explanation": "Jalan nasional."}
    )

    assert answer.status_code == 422
    assert 'href="#reject-referred_to"' in answer.text
    assert "Jalan nasional." in answer.text


def test_the_loser_of_a_race_sees_what_changed_and_keeps_the_text(
    coordinator: TestClient, cases: FakeCases
) -> None:
    page = form_of(coordinator, "resolve")
    current = case(3, "in_progress", version=7, access="staff", actions=["resolve"]) | {
        "changes": [
            {
                "version": 7,
                "at": "2026-11-24T03:00:00+00:00",
                "action": "progress",
                "by": "staff",
                "from": "assigned",
                "to": "in_progress",
            }
        ]
    }
    cases.failing = Problem("conflict", current=current)
    answer = coordinator.post(
        f"{CASE}/resolve", data=page | {"outcome": "partial", "answer": "Jawaban panjang saya."}
    )

    assert answer.status_code == 409
    assert "Yang berubah sementara itu" in answer.text and "Ada kemajuan" in answer.text
    again = form_to(answer.text, f"{CASE}/resolve").fields
    assert (
        again["answer"] == "Jawaban panjang saya."
        and again["outcome"] == "partial"
        and again["version"] == "7"
    )


def test_a_case_that_leaves_ones_sight_leads_back_to_the_queue(
    coordinator: TestClient, cases: FakeCases, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def gone(*_: object, **__: object) -> dict[str, Any]:
        return {"tracking_code": shown(code_of(3)), "access": "none", "actions": []}

    page = form_of(coordinator, "verify")
    monkeypatch.setattr(cases, "act", gone)
    answer = coordinator.post(
        f"{CASE}/verify", data=page | {"supervisory": "yes", "supervisory_reason": "Pungli"}
    )

    assert answer.headers["location"] == "/petugas?sudah=verify"


def test_verification_starts_from_the_text_with_personal_data_blanked(coordinator: TestClient) -> None:
    page = form_of(coordinator, "verify")

    assert page["public_text"] == "Lubang besar."
    assert page["service_code"] == "jalan-berlubang"


def test_an_identity_is_shown_once_for_a_reason(coordinator: TestClient, cases: FakeCases) -> None:
    address = f"{CASE}/identitas"
    page = form_to(coordinator.get(CASE).text, address).fields
    without = coordinator.post(address, data=page)
    answer = coordinator.post(address, data=page | {"reason": "Perlu menelepon"})

    assert without.status_code == 422 and "Upik Contoh" not in without.text
    assert "Upik Contoh" in answer.text and answer.headers["Cache-Control"] == "no-store"
    assert [call[1:3] for call in cases.calls if call[0] == "reveal"] == [
        (shown(code_of(3)), "Perlu menelepon")
    ]
    assert "Upik Contoh" not in coordinator.get(CASE).text


def test_the_queue_marks_what_is_late_and_filters_by_address(
    coordinator: TestClient, cases: FakeCases
) -> None:
    answer = coordinator.get("/petugas?status=assigned&overdue=1&mine=1")

    assert "Terlambat" in answer.text
    _, filters, caller, _ = cases.calls[-1]
    assert filters == {"status": ["assigned"], "overdue": True, "mine": True}
    assert caller.roles == ("coordinator",)
    assert "1.200" in answer.text, "numbers as they are written here"


def test_notices_are_read_one_by_one_or_all(coordinator: TestClient) -> None:
    text = coordinator.get("/petugas/kotak-masuk").text
    every, single = [form for form in forms(text) if form.action == "/petugas/kotak-masuk/dibaca"]

    assert coordinator.post(every.action, data=every.fields).status_code == 303
    coordinator.post(single.action, data=single.fields)
    assert coordinator.app.state.notices.read == [None, ["n1"]]  # type: ignore[attr-defined]  # Starlette's state


def test_a_notice_leads_to_its_page_and_to_nothing_that_is_none(coordinator: TestClient) -> None:
    text = coordinator.get("/petugas/kotak-masuk").text

    assert 'href="/evaluasi/tertutup"' in text
    assert "/v1/events/rejections" not in text


def test_an_action_without_form_is_not_found(coordinator: TestClient) -> None:
    assert coordinator.post(f"{CASE}/hapus", data={}).status_code == 404
    assert coordinator.get(f"{CASE}/assign").status_code == 405
