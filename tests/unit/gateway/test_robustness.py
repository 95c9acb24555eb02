"""Whatever is sent, the answer is an accepted filing or a clear 4xx; never a 5xx, never an echo."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from unit.gateway.harness import App, bearer, filing

APP = App(rate_address=None, rate_staff=None, rate_case=None, rate_contact=None)
ENOUGH = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=40)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
FIELDS = [
    "service_code", "title", "description", "location", "attributes", "reporter",
    "anonymous", "confidential", "channel", "received_at", "unknown",
]  # fmt: skip
JSON = {"Content-Type": "application/json"}


def acceptable(answer: Any) -> bool:
    if answer.status_code == 202:
        return True
    problem = answer.json()
    return (
        400 <= answer.status_code < 500
        and answer.headers["content-type"] == "application/problem+json"
        and problem["status"] == answer.status_code
        and (answer.status_code != 422 or bool(problem["errors"]))
    )


@ENOUGH
@given(values)
def test_any_json_value_as_the_body(value: Any) -> None:
    assert acceptable(APP.post("/v1/complaints", content=json.dumps(value), headers=JSON))


@ENOUGH
@given(st.sampled_from(FIELDS), values, st.booleans())
def test_any_json_value_in_any_field(name: str, value: Any, desk: bool) -> None:
    headers = {**JSON, **(bearer("desk") if desk else {})}

    assert acceptable(
        APP.post("/v1/complaints", content=json.dumps({**filing(), name: value}), headers=headers)
    )


@ENOUGH
@given(
    st.sampled_from(["location", "reporter", "attributes"]),
    st.sampled_from(
        ["lat", "lon", "address", "name", "email", "phone", "nik", "language", "ukuran", "lebar", "sejak"]
    ),
    values,
)
def test_any_json_value_in_any_inner_field(name: str, inner: str, value: Any) -> None:
    document = filing()
    document[name] = {**document.get(name, {}), inner: value}

    assert acceptable(APP.post("/v1/complaints", content=json.dumps(document), headers=JSON))


@ENOUGH
@given(st.binary(max_size=200))
def test_any_bytes_as_the_body(raw: bytes) -> None:
    assert acceptable(APP.post("/v1/complaints", content=raw, headers=JSON))


@ENOUGH
@given(st.text(max_size=30), st.text(max_size=30))
def test_any_query(name: str, value: str) -> None:
    APP.rpc.answers["list_cases"] = lambda **_: {"items": [], "next_cursor": None, "counts": {}}

    answer = APP.get(
        "/v1/complaints", params={name.encode("utf-8", "replace"): value.encode("utf-8", "replace")}
    )

    assert answer.status_code in (200, 400)


@ENOUGH
@given(values)
def test_any_json_value_as_an_action(value: Any) -> None:
    APP.rpc.answers["act"] = lambda **_: {"status": "closed", "version": 2}
    code = APP.codes.identify("public", "k", b"")[0].code

    answer = APP.post(
        f"/v1/complaints/{code}/verify", content=json.dumps(value), headers={**JSON, **bearer("coordinator")}
    )

    assert answer.status_code in (200, 400, 422)


def test_the_place_of_a_syntax_error_is_named_but_not_its_text() -> None:
    answer = APP.post("/v1/complaints", content=b'{\n  "title": RAHASIA\n}', headers=JSON)

    assert answer.status_code == 400
    assert (answer.json()["line"], answer.json()["column"]) == (2, 12)
    assert "RAHASIA" not in answer.text


@pytest.mark.parametrize(
    "content_type",
    ["", "text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin-1"],
)
def test_other_media_types_are_refused(content_type: str) -> None:
    answer = APP.post("/v1/complaints", content=b"{}", headers={"Content-Type": content_type})

    assert answer.status_code == 415


def test_a_body_over_the_limit_is_refused() -> None:
    answer = APP.post("/v1/complaints", content=b'{"a":"' + b"x" * 262_144 + b'"}', headers=JSON)

    assert answer.status_code == 413
    assert answer.json()["limit_bytes"] == 262_144


def test_a_body_over_the_limit_is_refused_while_it_streams() -> None:
    async def chunks() -> Any:
        for _ in range(40):
            yield b"x" * 8192

    answer = APP.post("/v1/complaints", content=chunks(), headers=JSON)

    assert answer.status_code == 413


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/nothing", 404),
        ("DELETE", "/v1/complaints", 405),
        ("GET", "/v1/complaints/7K3M-9QXD-4TRW-Z", 404),
        ("POST", "/v1/complaints/7K3M-9QXD-4TRW-Z/fly", 404),
        ("GET", "/v1/complaints/%00%ff", 404),
        ("GET", "/problems/none", 404),
    ],
)
def test_starlettes_own_refusals_are_problems_too(method: str, path: str, status: int) -> None:
    answer = APP.request(method, path)

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_fault_of_ours_is_a_500_that_says_nothing() -> None:
    def broken(**_: Any) -> Any:
        raise RuntimeError("MARK of a citizen")

    APP.rpc.answers["list_cases"] = broken

    answer = APP.get("/v1/complaints")

    assert answer.status_code == 500
    assert answer.json()["type"] == "/problems/internal-error"
    assert "MARK" not in answer.text
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
