"""Coming in: sample people in development, the city's identity provider elsewhere."""

import base64
import hashlib
import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from starlette.testclient import TestClient

from gateway.pages.settings import OidcSettings
from support.html import form_to

ISSUER = "https://masuk.example"


class Provider:
    """An identity provider that checks the proof key and answers as the standard says."""

    def __init__(self) -> None:
        self.nonce = ""
        self.challenge = ""
        self.issuer = ISSUER
        self.answer: httpx.Response | None = None

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if self.answer is not None:
            return self.answer
        if request.url.path == "/.well-known/openid-configuration":
            return httpx.Response(
                200,
                json={
                    "issuer": self.issuer,
                    "authorization_endpoint": f"{ISSUER}/auth",
                    "token_endpoint": f"{ISSUER}/token",
                },
            )
        form = {name: values[0] for name, values in parse_qs(request.content.decode()).items()}
        proof = (
            base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest())
            .rstrip(b"=")
            .decode()
        )
        if proof != self.challenge or form["code"] != "kode":
            return httpx.Response(400, json={"error": "invalid_grant"})
        claims = base64.urlsafe_b64encode(
            json.dumps({"iss": ISSUER, "aud": "tanggap-web", "nonce": self.nonce}).encode()
        )
        return httpx.Response(
            200,
            json={"access_token": "p-1|officer|dpupr", "id_token": f"e30.{claims.decode().rstrip('=')}.x"},
        )


@pytest.fixture
def provider() -> Provider:
    return Provider()


@pytest.fixture
def production(open_pages: Any, provider: Provider) -> TestClient:
    oidc = OidcSettings(ISSUER, "tanggap-web", "rahasia", transport=httpx.MockTransport(provider))
    client: TestClient = open_pages(development=False, sample_staff=(), local_token=None, oidc=oidc)
    return client


def begin(client: TestClient, provider: Provider) -> str:
    """Start a login and return the state that the provider gives back."""
    query = parse_qs(urlsplit(client.get("/masuk/mulai").headers["location"]).query)
    provider.nonce, provider.challenge = query["nonce"][0], query["code_challenge"][0]
    assert query["code_challenge_method"] == ["S256"] and query["response_type"] == ["code"]
    assert query["redirect_uri"] == ["http://testserver/masuk/kembali"]
    return query["state"][0]


def test_in_development_one_becomes_a_sample_person(visitor: TestClient) -> None:
    form = form_to(visitor.get("/masuk").text, "/masuk")
    answer = visitor.post("/masuk", data=form.fields | {"ref": "petugas-1"})

    assert answer.status_code == 303 and answer.headers["location"] == "/petugas"
    assert "Petugas unit" in visitor.get("/petugas").text


def test_one_becomes_nobody_who_is_not_a_sample(visitor: TestClient) -> None:
    form = form_to(visitor.get("/masuk").text, "/masuk")

    assert visitor.post("/masuk", data=form.fields | {"ref": "wali-kota"}).status_code == 404
    assert visitor.get("/petugas").status_code == 303


def test_logging_out_ends_the_session(coordinator: TestClient) -> None:
    form = form_to(coordinator.get("/petugas").text, "/keluar")
    answer = coordinator.post("/keluar", data=form.fields)

    assert answer.status_code == 303
    assert 'tanggap_session=""' in answer.headers["set-cookie"]


def test_sample_people_do_not_exist_in_production(production: TestClient) -> None:
    text = production.get("/masuk").text

    assert "Rina Contoh" not in text and "/masuk/mulai" in text
    assert production.post("/masuk", data={"ref": "koordinator"}).status_code == 404


def test_without_provider_the_page_says_what_is_missing(open_pages: Any) -> None:
    client = open_pages(development=False, sample_staff=(), local_token=None)

    assert "belum diatur" in client.get("/masuk").text
    assert client.get("/masuk/mulai").status_code == 404


def test_the_identity_provider_lets_staff_in(production: TestClient, provider: Provider) -> None:
    state = begin(production, provider)
    answer = production.get("/masuk/kembali", params={"code": "kode", "state": state})

    assert answer.status_code == 303 and answer.headers["location"] == "/petugas"
    assert "Dinas Pekerjaan Umum" in production.get("/petugas").text


@pytest.mark.parametrize(
    ("query", "nonce"),
    [
        ({"code": "kode", "state": "lain"}, None),
        ({"code": "lain"}, None),
        ({}, None),
        ({"error": "access_denied"}, None),
        ({"code": "kode"}, "nonce-lain"),
    ],
)
def test_anything_unexpected_opens_no_session(
    query: dict[str, str], nonce: str | None, production: TestClient, provider: Provider
) -> None:
    state = begin(production, provider)
    provider.nonce = nonce or provider.nonce
    answer = production.get("/masuk/kembali", params={"state": state} | query)

    assert answer.status_code == 401
    assert "tanggap_session" not in production.cookies


def test_a_login_that_this_browser_did_not_begin_is_refused(production: TestClient) -> None:
    assert production.get("/masuk/kembali", params={"code": "kode", "state": "x"}).status_code == 401


def test_a_provider_that_is_down_or_another_one_is_a_503(production: TestClient, provider: Provider) -> None:
    provider.issuer = "https://lain.example"
    assert production.get("/masuk/mulai").status_code == 503
    provider.answer = httpx.Response(502)
    assert production.get("/masuk/mulai").status_code == 503
