"""Forms are taken from our own pages only."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from gateway.codes import shown
from support.html import form_to
from support.page_data import SECRET, code_of
from support.pages import FakeCases
from support.survey_data import OPEN

FILE = "/lapor/usulan"
CONFIRM = f"/lacak/{shown(code_of(6))}/{SECRET}/selesai"
POSTS = [
    FILE,
    CONFIRM,
    f"/lacak/{code_of(2)}/dukung",
    f"/petugas/{code_of(2)}/assign",
    f"/petugas/{code_of(2)}/identitas",
    "/petugas/kotak-masuk/dibaca",
    "/masuk",
    "/keluar",
    f"/survei/{OPEN}",
    "/petugas/survei/bantu",
    "/petugas/survei/loket",
    "/petugas/survei/loket/loket-2/cabut",
    "/petugas/survei/dpupr/2026-Q4/close",
    "/petugas/survei/dpupr/2026-Q3/rencana",
    "/petugas/survei/dpupr/2026-Q3/rencana/rtl-1/start",
    "/petugas/survei/dpupr/2026-Q4/ditahan/ditahan-1/discard",
    "/petugas/survei/dpupr/2026-Q4/saran/saran-1/hide",
    "/evaluasi/buka",
    "/evaluasi/tertutup/read",
    "/evaluasi/bukti/ev-on-time/tanggapan",
    "/pelatihan/lokakarya-1/daftar",
    "/pelatihan/pendaftaran/ikut-1/approve",
    "/rekomendasi/rek-1/approve",
]
QUERIES = (
    "invitation",
    "results",
    "result",
    "periods",
    "counters",
    "held",
    "comments",
    "me",
    "evaluations",
    "evaluation",
    "trainings",
    "enrolments",
    "recommendations",
)


def filled(client: TestClient, **more: str) -> dict[str, str]:
    return form_to(client.get(FILE).text, FILE).fields | {"description": "Taman bermain"} | more


def changes(cases: FakeCases) -> list[Any]:
    return [call for call in cases.calls if call[0] in ("file", "act", "reveal")]


def chain_changes(client: TestClient) -> list[Any]:
    """What reached surveys and evaluation that is no question."""
    state = client.app.state  # type: ignore[attr-defined]  # Starlette's state
    return [call for call in state.surveys.calls + state.evaluation.calls if call[0] not in QUERIES]


@pytest.mark.parametrize("path", POSTS)
def test_a_form_without_token_changes_nothing(path: str, coordinator: TestClient, cases: FakeCases) -> None:
    answer = coordinator.post(
        path, data={"description": "x", "ref": "koordinator", "reason": "x", "unit": "dpupr"}
    )

    assert changes(cases) == []
    assert chain_changes(coordinator) == []
    assert coordinator.app.state.notices.read == []  # type: ignore[attr-defined]  # Starlette's state
    assert "tanggap_session" not in answer.headers.get("set-cookie", "")


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize("headers", [{"Origin": "https://jahat.example"}, {"Sec-Fetch-Site": "cross-site"}])
def test_a_form_from_another_site_is_refused(
    path: str, headers: dict[str, str], coordinator: TestClient, cases: FakeCases
) -> None:
    data = form_to(coordinator.get(FILE).text, FILE).fields
    answer = coordinator.post(path, data=data, headers=headers)

    assert answer.status_code == 403
    assert changes(cases) == []
    assert chain_changes(coordinator) == []


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "http://testserver", "Sec-Fetch-Site": "same-origin"},
        # Pages whose address is a secret send no referrer; browsers then name no origin either.
        {"Origin": "null", "Sec-Fetch-Site": "same-origin"},
    ],
)
def test_a_form_of_ours_is_taken(headers: dict[str, str], visitor: TestClient, cases: FakeCases) -> None:
    answer = visitor.post(FILE, data=filled(visitor), headers=headers)

    assert answer.status_code == 303
    assert len(changes(cases)) == 1


def test_another_visitors_token_is_of_no_use(open_pages: Any, cases: FakeCases) -> None:
    theirs = filled(open_pages())
    mine = open_pages()
    mine.get(FILE)

    assert mine.post(FILE, data=theirs).status_code == 403
    assert changes(cases) == []


def test_a_token_from_before_the_login_is_of_no_use_after_it(visitor: TestClient, cases: FakeCases) -> None:
    before = filled(visitor)
    visitor.cookies.set("tanggap_session", b"koordinator|coordinator|".hex())

    assert visitor.post(FILE, data=before).status_code == 403
    assert changes(cases) == []


def test_a_tampered_token_is_refused_and_the_answers_stay(visitor: TestClient, cases: FakeCases) -> None:
    data = filled(visitor)
    answer = visitor.post(FILE, data=data | {"csrf": data["csrf"][:-2]})

    assert answer.status_code == 403
    assert "Taman bermain" in answer.text
    assert form_to(answer.text, FILE).fields["key"] == data["key"]
    assert changes(cases) == []


def test_each_page_carries_another_token(visitor: TestClient) -> None:
    assert filled(visitor)["csrf"] != filled(visitor)["csrf"]


def test_a_retired_key_still_verifies(open_pages: Any) -> None:
    old, new = b"o" * 32, b"n" * 32
    client = open_pages(keys=(old,))
    data = filled(client)
    rotated = open_pages(keys=(new, old))
    rotated.cookies = client.cookies

    assert rotated.post(FILE, data=data).status_code == 303


def test_over_tls_the_cookie_is_bound_to_the_host(open_pages: Any) -> None:
    client = open_pages(public_url="https://lapor.example")
    cookie = client.get(FILE).headers["set-cookie"]

    assert cookie.startswith("__Host-tanggap_form=")
    assert "Secure" in cookie and "HttpOnly" in cookie and "SameSite=lax" in cookie and "Path=/" in cookie


def test_json_and_files_are_no_forms(visitor: TestClient, cases: FakeCases) -> None:
    assert visitor.post(FILE, json={"description": "x"}).status_code == 415
    assert visitor.post(FILE, data={}, files={"foto": ("a.jpg", b"x")}).status_code in (400, 403, 404)
    assert changes(cases) == []
