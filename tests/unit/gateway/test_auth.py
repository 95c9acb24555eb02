"""Tokens, secrets and sessions."""

import asyncio
import time
from pathlib import Path
from typing import Any

import orjson
import pytest
from joserfc.jwk import ECKey, OctKey
from unit.gateway.harness import KEY, App, bearer, token

from gateway.auth import BadToken, KeySource, reporter
from gateway.callers import Caller


@pytest.fixture(scope="module")
def app() -> App:
    return App(rate_address=None)


def verify(app: App, text: str) -> Caller:
    caller: Caller = app.run(app.app.app.state.authenticator.verify(text))
    return caller


def test_a_good_token_names_the_caller(app: App) -> None:
    caller = verify(app, token("officer", "unit_head", sub="staf-7", unit="dpupr"))

    assert caller == Caller("staff", "staf-7", ("officer", "unit_head"), "dpupr")
    assert caller.actor() == {"ref": "staf-7", "roles": ["officer", "unit_head"], "unit": "dpupr"}


def test_a_department_is_no_staff(app: App) -> None:
    assert verify(app, token("department", sub="dept-pdam")).kind == "department"


def test_roles_that_we_do_not_know_are_not_taken_over(app: App) -> None:
    assert verify(app, token("officer", "superuser")).roles == ("officer",)


@pytest.mark.parametrize(
    ("roles", "claims"),
    [
        (("officer",), {"iss": "urn:somebody:else"}),
        (("officer",), {"aud": "other"}),
        (("officer",), {"exp": int(time.time()) - 120}),
        (("officer",), {"exp": None}),
        (("officer",), {"sub": ""}),
        (("officer",), {"sub": 7}),
        (("officer",), {"unit": "../x"}),
        (("officer",), {"roles": "officer"}),
        (("superuser",), {}),
        ((), {}),
        (("officer",), {"header": {"typ": "JWT"}}),
        (("officer",), {"header": {"kid": "unknown"}}),
        (("officer",), {"key": ECKey.generate_key("P-256", {"kid": "t1"})}),
    ],
)
def test_a_token_that_is_wrong_in_any_part_is_refused(
    app: App, roles: tuple[str, ...], claims: dict[str, Any]
) -> None:
    with pytest.raises(BadToken):
        verify(app, token(*roles, **claims))


def test_a_public_key_is_no_shared_secret(app: App) -> None:
    forged = token("admin", key=OctKey.import_key(orjson.dumps(KEY.as_dict(private=False)), {"kid": "t1"}),
                   header={"alg": "HS256"})  # fmt: skip

    with pytest.raises(BadToken):
        verify(app, forged)


@pytest.mark.parametrize("text", ["", "a", "a.b.c", "....", "e30.e30.", "x" * 9000, "é.é.é"])
def test_text_that_is_no_token_is_refused(app: App, text: str) -> None:
    with pytest.raises(BadToken):
        verify(app, text)


@pytest.mark.parametrize("header", ["Bearer nonsense", "Basic eDp5", "Bearer", "Bearer  "])
def test_a_bad_token_is_refused_even_where_none_is_needed(app: App, header: str) -> None:
    answer = app.get("/v1/services", headers={"Authorization": header})

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_two_identities_are_one_too_many(app: App) -> None:
    answer = app.get("/v1/services", headers={**bearer("officer"), "Tanggap-Secret": "a" * 26})

    assert answer.status_code == 400


def test_cookies_mean_nothing_to_json_routes(app: App) -> None:
    authenticator = app.app.app.state.authenticator
    cookie = f"{authenticator.cookie_name}={authenticator.seal_session(token('admin'))}"

    assert app.get("/v1/figures", headers={"Cookie": cookie}).status_code == 401


def test_a_session_opens_only_here_and_not_for_ever(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    authenticator = app.app.app.state.authenticator
    sealed = authenticator.seal_session("t")
    assert authenticator.open_session(sealed) == "t"
    assert App().app.app.state.authenticator.open_session(sealed) is None

    now = time.time()
    monkeypatch.setattr("gateway.auth.time.time", lambda: now + 10 * 3600 + 1)

    assert authenticator.open_session(sealed) is None


def test_text_that_cannot_be_a_secret_belongs_to_nobody() -> None:
    assert reporter("A" * 26).secret == "a" * 26
    assert reporter("../../etc").secret == "-"


def test_unknown_key_ids_ask_the_issuer_once_a_minute(tmp_path: Any) -> None:
    now = [0.0]
    path = tmp_path / "jwks.json"
    path.write_text('{"keys": []}')
    source = KeySource(str(path), clock=lambda: now[0])
    app = App()
    app.run(source.keys())
    path.write_bytes(orjson.dumps({"keys": [KEY.as_dict(private=False)]}))

    now[0] = 59.0
    assert app.run(source.keys(unknown_kid=True)) is None
    now[0] = 61.0

    assert app.run(source.keys(unknown_kid=True)) is not None


def test_who_comes_while_the_first_keys_are_read_is_not_refused(tmp_path: Path) -> None:
    path = tmp_path / "jwks.json"
    path.write_bytes(orjson.dumps({"keys": [KEY.as_dict(private=False)]}))
    source = KeySource(str(path))

    async def at_once() -> list[object]:
        return await asyncio.gather(*(source.keys() for _ in range(3)))

    assert None not in asyncio.run(at_once())
