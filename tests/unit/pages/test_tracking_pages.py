"""Following a case, and what the reporter can do on her page."""

import pytest
from starlette.testclient import TestClient

from gateway.codes import shown
from gateway.problems import Problem
from support.html import form_to, forms
from support.page_data import SECRET, case, code_of
from support.pages import FakeCases


def page_of(number: int) -> str:
    return f"/lacak/{shown(code_of(number))}/{SECRET}"


def send(client: TestClient, number: int, action: str, **fields: str):  # type: ignore[no-untyped-def]  # httpx's response
    address = f"{page_of(number)}/{action}"
    return client.post(address, data=form_to(client.get(page_of(number)).text, address).fields | fields)


@pytest.mark.parametrize("typed", ["7k3m9qxd0006z", "7K3M-9QXD-0006-Z", " 7k3m 9qxd ooo6 z "])
def test_a_code_is_found_however_it_is_typed(typed: str, visitor: TestClient) -> None:
    answer = visitor.get("/lacak", params={"kode": typed})

    assert answer.status_code == 303
    assert answer.headers["location"] == f"/lacak/{shown(code_of(6))}"


def test_a_pasted_link_leads_to_the_reporters_page(visitor: TestClient) -> None:
    answer = visitor.get("/lacak", params={"kode": f"https://lapor.example{page_of(6)}?x=1"})

    assert answer.headers["location"] == page_of(6)


def test_a_mistyped_code_is_explained_and_kept(visitor: TestClient) -> None:
    answer = visitor.get("/lacak", params={"kode": "7K3M-9QXD-0006-Y"})

    assert answer.status_code == 422
    assert "salah ketik" in answer.text and 'value="7K3M-9QXD-0006-Y"' in answer.text


def test_unknown_code_and_wrong_secret_look_the_same(visitor: TestClient) -> None:
    unknown = visitor.get(f"/lacak/{code_of(999)}/{SECRET}")
    wrong = visitor.get(f"/lacak/{shown(code_of(6))}/{'z' * 26}")
    confidential = visitor.get(f"/lacak/{code_of(10)}")

    assert unknown.status_code == wrong.status_code == confidential.status_code == 404
    assert unknown.text.count("\n") == wrong.text.count("\n") == confidential.text.count("\n")


def test_the_public_page_has_no_messages_and_only_days(visitor: TestClient) -> None:
    text = visitor.get(f"/lacak/{code_of(3)}").text

    assert "diberi tahu" not in text
    assert "Selasa, 24 November 2026" in text and "pukul" not in text


def test_the_reporter_sees_how_she_was_told_and_when(visitor: TestClient) -> None:
    text = visitor.get(page_of(3)).text

    assert "Pelapor diberi tahu lewat e-mail" in text
    assert "24 November 2026 pukul 09.15 WIB" in text
    assert "tidak dikirim (tidak ada alamat yang dapat dihubungi)" in text.replace("\n", " ").replace(
        "  ", " "
    )


def test_a_case_not_stored_yet_is_called_received(visitor: TestClient, cases: FakeCases) -> None:
    cases.stores_at_once = False
    form = form_to(visitor.get("/lapor/usulan").text, "/lapor/usulan")
    visitor.post("/lapor/usulan", data=form.fields | {"description": "Taman"})
    text = visitor.get(page_of(100)).text

    assert "Laporan Anda sudah diterima" in text
    assert "Muat ulang halaman" in text


@pytest.mark.parametrize(
    ("number", "path", "action", "fields", "payload"),
    [
        (5, "keterangan", "provide_info", {"text": "Di seberang apotek."}, {"text": "Di seberang apotek."}),
        (6, "selesai", "confirm", {}, {}),
        (6, "belum-selesai", "dispute", {"reason": "Masih berlubang."}, {"reason": "Masih berlubang."}),
        (7, "buka-kembali", "reopen", {"reason": "Rusak lagi."}, {"reason": "Rusak lagi."}),
        (3, "komentar", "comment", {"text": "Sudah sepekan."}, {"text": "Sudah sepekan."}),
    ],
)
def test_the_reporter_acts_by_form_with_the_version_she_saw(
    number: int,
    path: str,
    action: str,
    fields: dict[str, str],
    payload: dict[str, str],
    visitor: TestClient,
    cases: FakeCases,
) -> None:
    answer = send(visitor, number, path, **fields)

    assert answer.status_code == 303
    assert answer.headers["location"] == f"{page_of(number)}?sudah={action}"
    _, code, done, sent, version, caller, key = cases.calls[-1]
    assert (code, done, sent, version) == (shown(code_of(number)), action, payload, 4)
    assert caller.kind == "reporter" and caller.secret == SECRET
    assert len(key) == 36
    assert 'role="status"' in visitor.get(answer.headers["location"]).text


def test_only_what_is_permitted_now_is_offered(visitor: TestClient) -> None:
    offered = {form.action.rsplit("/", 1)[1] for form in forms(visitor.get(page_of(4)).text)}

    assert offered == {"komentar"}


def test_a_missing_reason_is_asked_for_at_its_field(visitor: TestClient, cases: FakeCases) -> None:
    answer = send(visitor, 6, "belum-selesai", reason="  ")

    assert answer.status_code == 422
    assert "Tulis alasannya" in answer.text and 'href="#dispute-reason"' in answer.text
    assert [call for call in cases.calls if call[0] == "act"] == []


def test_who_comes_too_late_sees_the_new_state_and_keeps_her_text(
    visitor: TestClient, cases: FakeCases
) -> None:
    current = case(6, "closed", access="reporter", actions=["reopen", "comment"], version=9)
    cases_view = visitor.get(page_of(6)).text
    cases.failing = Problem("conflict", current=current)
    address = f"{page_of(6)}/belum-selesai"
    answer = visitor.post(address, data=form_to(cases_view, address).fields | {"reason": "Masih berlubang."})

    assert answer.status_code == 409
    assert "sudah berubah" in answer.text
    assert "Masih berlubang." in answer.text
    assert 'name="version" value="9"' in answer.text


def test_an_action_that_cannot_be_confirmed_keeps_text_and_key(visitor: TestClient, cases: FakeCases) -> None:
    address = f"{page_of(5)}/keterangan"
    sent = form_to(visitor.get(page_of(5)).text, address).fields | {"text": "Di seberang apotek."}
    cases.failing = Problem("outcome-unknown")
    answer = visitor.post(address, data=sent)

    again = form_to(answer.text, address).fields
    assert answer.status_code == 504
    assert again["text"] == "Di seberang apotek." and again["key"] == sent["key"]


def test_an_unknown_action_is_not_found(visitor: TestClient) -> None:
    assert visitor.post(f"{page_of(6)}/hapus", data={}).status_code == 404


def test_a_thanks_that_is_not_ours_is_not_shown(visitor: TestClient) -> None:
    assert 'role="status"' not in visitor.get(f"{page_of(6)}?sudah=<b>menang</b>").text


def test_others_can_support_a_public_case(visitor: TestClient, cases: FakeCases) -> None:
    code = shown(code_of(3))
    form = form_to(visitor.get(f"/lacak/{code}").text, f"/lacak/{code}/dukung")
    answer = visitor.post(form.action, data=form.fields)

    assert answer.headers["location"] == f"/lacak/{code}?sudah=support"
    assert cases.calls[-1][2] == "support"


def test_the_public_list_pages_and_keeps_its_filters(visitor: TestClient, cases: FakeCases) -> None:
    answer = visitor.get("/daftar?status=assigned&text=&unit=dpupr")

    assert 'href="/daftar?status=assigned&amp;unit=dpupr&amp;cursor=lanjut"' in answer.text
    _, filters, caller, cursor = cases.calls[-1]
    assert filters == {"status": ["assigned"], "unit": ["dpupr"]}
    assert caller.kind == "public" and cursor is None
    assert "Kembali ke awal" in visitor.get("/daftar?status=assigned&cursor=lanjut").text


def test_staff_see_the_public_list_as_the_public(coordinator: TestClient, cases: FakeCases) -> None:
    coordinator.get("/daftar")

    assert cases.calls[-1][2].kind == "public"
