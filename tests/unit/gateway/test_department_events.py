"""Events of departments over HTTP: the three modes, a verdict an event, and what is not theirs."""

import uuid
from datetime import timedelta
from typing import Any

import orjson
import pytest
from unit.gateway.harness import App, bearer

from support.gateway_inputs import KEY, OLD_KEY, delivered, department, digest, registry

STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
PATH = "/v1/events"


@pytest.fixture
def app() -> App:
    return App(rate_address=None, rate_staff=None)


def key(text: str = KEY) -> dict[str, str]:
    return {"Authorization": f"Bearer {text}"}


def sent(app: App, body: Any, media_type: str = STRUCTURED, **headers: str) -> Any:
    content = body if isinstance(body, bytes) else orjson.dumps(body)
    return app.post(PATH, content=content, headers={"Content-Type": media_type, **key(), **headers})


def binary(event: dict[str, Any]) -> dict[str, str]:
    return {f"ce-{name}": value for name, value in event.items() if name != "data"}


def test_a_structured_event_is_accepted(app: App) -> None:
    event = delivered()

    answer = sent(app, event)

    assert (answer.status_code, answer.json()) == (202, {"id": event["id"], "status": "accepted"})
    (published,) = app.intake.events
    assert app.intake.routes == [("departments.events", "antrian.service.delivered.v1")]
    assert (published.id, published.source, published.subject) == (
        event["id"], "/departments/antrian", "kunjungan-1",
    )  # fmt: skip
    assert published.dataschema == "https://tanggap.id/contracts/departments/service.delivered.v1.json"
    assert published.data == event["data"]


def test_a_binary_event_is_the_same_event(app: App) -> None:
    event = delivered()

    answer = sent(app, event["data"], "application/json; charset=UTF-8", **binary(event))
    sent(app, event)

    assert answer.status_code == 202
    first, second = app.intake.events
    assert first.to_dict() | {"traceparent": ""} == second.to_dict() | {"traceparent": ""}


@pytest.mark.parametrize(
    ("header", "subject"),
    [
        ("Kantor%20%E2%82%AC%25", "Kantor €%"),
        ('"Kantor \\"satu\\" %41"', 'Kantor "satu" A'),
        ("%4bantor", "Kantor"),
    ],
)
def test_headers_are_unquoted_and_percent_decoded_once(app: App, header: str, subject: str) -> None:
    event = delivered()

    sent(app, event["data"], "application/json", **{**binary(event), "ce-subject": header})

    (published,) = app.intake.events
    assert published.subject == subject


@pytest.mark.parametrize("header", ["%C0%A0", "%ff", "%e2%82"])
def test_a_header_that_is_no_utf8_is_refused(app: App, header: str) -> None:
    event = delivered()

    answer = sent(app, event["data"], "application/json", **{**binary(event), "ce-subject": header})

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/subject"


@pytest.mark.parametrize(
    ("media_type", "status"),
    [
        ("application/cloudevents+avro", 415),
        ("application/cloudevents", 415),
        ("text/plain", 415),
        ("", 415),
        ("application/json", 415),
        ("application/cloudevents+json; charset=utf-16", 415),
        ("APPLICATION/CloudEvents+JSON; charset=UTF-8", 202),
        ('application/cloudevents+json;v=1; charset="utf-8"', 202),
    ],
)
def test_the_media_type_says_which_mode_it_is(app: App, media_type: str, status: int) -> None:
    assert sent(app, delivered(), media_type).status_code == status


def test_a_batch_is_judged_event_by_event(app: App) -> None:
    good, other = delivered(), delivered()
    foreign = delivered(source="/departments/dinkes")
    bad = delivered(data={"date": "kemarin", "unit": 7})

    answer = sent(app, [good, foreign, "bukan", bad, other], BATCH)

    assert answer.status_code == 200
    items = answer.json()["items"]
    assert [item["status"] for item in items] == ["accepted", "refused", "refused", "refused", "accepted"]
    assert [item["id"] for item in items] == [good["id"], foreign["id"], None, bad["id"], other["id"]]
    assert items[1]["problem"]["type"] == "/problems/event-not-yours"
    assert {error["pointer"] for error in items[3]["problem"]["errors"]} == {"/data/date", "/data/unit"}
    assert "kemarin" not in answer.text
    assert [event.id for event in app.intake.events] == [good["id"], other["id"]]


def test_a_batch_of_good_events_is_accepted(app: App) -> None:
    assert sent(app, [delivered(), delivered()], BATCH).status_code == 202
    assert sent(app, [], BATCH).json() == {"items": []}


def test_the_same_event_twice_in_a_batch_is_one(app: App) -> None:
    event = delivered()
    another = {**delivered(), "id": event["id"], "subject": "lain"}

    items = sent(app, [event, event, another], BATCH).json()["items"]

    assert [item["status"] for item in items] == ["accepted", "accepted", "refused"]
    assert items[2]["problem"]["errors"][0]["code"] == "id_twice"
    assert len(app.intake.events) == 1


def test_a_batch_has_its_limits(app: App) -> None:
    long = sent(app, [delivered() for _ in range(101)], BATCH)
    no_list = sent(app, delivered(), BATCH)
    large = sent(app, b" " * (1024 * 1024 + 1), BATCH)

    assert [answer.status_code for answer in (long, no_list, large)] == [422, 422, 413]
    assert app.intake.events == []


def test_what_is_not_confirmed_is_to_be_repeated_with_the_same_ids(app: App) -> None:
    app.intake.refuses = "timeout"
    event = delivered()

    single, batch = sent(app, event), sent(app, [event, delivered(source="/x")], BATCH)

    assert (single.status_code, batch.status_code) == (503, 503)
    assert single.json()["type"] == "/problems/event-not-confirmed"
    assert "id yang sama" in single.json()["detail"]
    assert [item["status"] for item in batch.json()["items"]] == ["unavailable", "refused"]


@pytest.mark.parametrize(
    ("changes", "pointer", "code"),
    [
        ({"specversion": "0.3"}, "/specversion", "not_a_choice"),
        ({"id": None}, "/id", "required"),
        ({"id": "kunjungan-1"}, "/id", "not_a_uuid"),
        ({"id": 7}, "/id", "required"),
        ({"time": None}, "/time", "required"),
        ({"time": "2026-01-05T08:00:00"}, "/time", "not_a_time"),
        ({"time": "tadi"}, "/time", "not_a_time"),
        ({"type": None}, "/type", "required"),
        ({"source": None}, "/source", "required"),
        ({"datacontenttype": "text/xml"}, "/datacontenttype", "not_a_choice"),
        ({"data_base64": "e30="}, "/data_base64", "unknown_field"),
        ({"Huruf": "x"}, "/Huruf", "bad_attribute"),
        ({"subject": "x" * 201}, "/subject", "too_long"),
        ({"correlationid": 7}, "/correlationid", "invalid"),
        ({"time": "2026-01-05T08:06:00+07:00"}, "/time", "in_the_future"),
    ],
)
def test_an_envelope_at_fault_is_named(app: App, changes: dict[str, Any], pointer: str, code: str) -> None:
    answer = sent(app, delivered(**changes))

    assert answer.status_code == 422
    assert answer.json()["type"] == "/problems/event-invalid"
    assert [(error["pointer"], error["code"]) for error in answer.json()["errors"]] == [(pointer, code)]


def test_data_is_held_against_the_contract(app: App) -> None:
    event = delivered()
    event["data"] = {
        "unit": "DPUPR!",
        "service_code": "",
        "date": "2026-02-30",
        "channel": "counter",
        "hp": "08",
    }

    answer = sent(app, event)

    assert {(error["pointer"], error["code"]) for error in answer.json()["errors"]} == {
        ("/data/hp", "unknown_field"),
        ("/data/visit_ref", "required"),
        ("/data/date", "not_a_day"),
        ("/data/service_code", "blank"),
        ("/data/unit", "not_of_the_form"),
    }
    assert "DPUPR!" not in answer.text


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"source": "/departments/dinkes"}, "/source"),
        ({"source": "/complaints"}, "/source"),
        ({"type": "staff.changed.v1"}, "/type"),
        ({"type": "complaint.closed.v1"}, "/type"),
        ({"type": "tidak.ada.v1"}, "/type"),
        ({"data": {"unit": "dinkes"}}, "/data/unit"),
    ],
)
def test_what_is_not_theirs_is_refused_with_what_is(app: App, changes: dict[str, Any], pointer: str) -> None:
    answer = sent(app, delivered(**changes))

    assert answer.status_code == 403
    assert answer.json()["type"] == "/problems/event-not-yours"
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert app.intake.events == []


def test_what_happened_too_long_ago_is_too_late(app: App) -> None:
    at = app.clock.now() - timedelta(days=45)
    in_time, late = (
        sent(app, delivered(time=(at + delta).isoformat())) for delta in (timedelta(), -timedelta(seconds=1))
    )

    assert (in_time.status_code, late.status_code) == (202, 422)
    assert late.json()["type"] == "/problems/event-too-late"


def test_a_missing_subject_is_taken_from_the_data(app: App) -> None:
    assert sent(app, delivered(subject=None)).status_code == 202
    assert app.intake.events[0].subject == "kunjungan-1"


def test_a_strangers_trace_is_not_continued(app: App) -> None:
    theirs = f"00-{'a' * 32}-{'b' * 16}-01"

    sent(app, delivered(traceparent=theirs))

    assert app.intake.events[0].traceparent not in (None, theirs)


def test_broken_json_is_named_by_line_and_column(app: App) -> None:
    answer = sent(app, b'{"id":')

    assert (answer.status_code, answer.json()["type"]) == (400, "/problems/malformed-json")


@pytest.mark.parametrize(
    "credential", [f"tgd_antrian_{'x' * 43}", f"tgd_dinkes_{'k' * 43}", "tgd_", KEY[:-1], KEY.upper()]
)
def test_an_unknown_key_is_told_what_to_do(app: App, credential: str) -> None:
    answer = app.post(PATH, content=b"{}", headers={"Content-Type": STRUCTURED, **key(credential)})

    assert answer.status_code == 401
    assert "kunci baru" in answer.json()["detail"]
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_rotated_key_works_until_its_hour(app: App) -> None:
    until = app.clock.now() + timedelta(hours=24)
    keys = [{"hash": digest(KEY), "until": None}, {"hash": digest(OLD_KEY), "until": until.isoformat()}]
    app.registry.current = registry(department(keys=keys))

    before = [sent(app, delivered(), **key(text)).status_code for text in (KEY, OLD_KEY)]
    app.clock.set(until)
    after = [sent(app, delivered(time=until.isoformat()), **key(text)).status_code for text in (KEY, OLD_KEY)]

    assert (before, after) == ([202, 202], [202, 401])


def test_a_revoked_department_is_out_with_key_and_token(app: App) -> None:
    app.registry.current = registry(department(active=False))

    with_key = sent(app, delivered())
    with_token = sent(app, delivered(), **bearer("department", sub="dept-antrian"))

    assert (with_key.status_code, with_token.status_code) == (401, 403)
    assert "pendaftarannya sudah dicabut" in with_token.json()["detail"]


def test_keys_wait_for_the_first_snapshot(app: App) -> None:
    app.registry.current = None

    assert sent(app, delivered()).status_code == 503


def test_a_token_of_the_role_department_is_a_key_as_well(app: App) -> None:
    accepted = sent(app, delivered(), **bearer("department", sub="dept-antrian"))
    stranger = sent(app, delivered(), **bearer("department", sub="antrian"))

    assert (accepted.status_code, stranger.status_code) == (202, 403)


def test_rejections_are_the_departments_own(app: App) -> None:
    app.rpc.answers["rejections"] = lambda **_: {
        "items": [{"event_id": "x", "message": {"id": "Terlambat.", "en": "Too late."}}],
        "next_cursor": "c2",
    }

    answer = app.get("/v1/events/rejections?limit=5", headers={**key(), "Accept-Language": "en"})

    assert answer.json()["items"][0]["message"] == "Too late."
    assert 'rel="next"' in answer.headers["Link"]
    assert app.rpc.calls[-1][2] == {"ref": "dept-antrian", "roles": ["department"], "unit": "dpupr"}


def test_a_department_hands_in_contacts_of_citizens_alone(app: App) -> None:
    citizen = {"audience": "citizen", "email": "warga@example.invalid"}
    answers = [
        app.post("/v1/contacts", json=body, headers=key())
        for body in (
            citizen,
            {**citizen, "roles": ["officer"]},
            {**citizen, "audience": "staff", "contact_ref": "staf-9"},
        )
    ]

    assert [answer.status_code for answer in answers] == [202, 422, 422]
    assert uuid.UUID(answers[0].json()["contact_ref"])
    assert {error["pointer"] for error in answers[2].json()["errors"]} == {"/audience"}


def test_the_registry_is_kept_by_admins_and_shows_no_digest(app: App) -> None:
    entry = {
        "name": {"id": "Antrean", "en": "Queue"}, "unit": "dpupr", "types": ["service.delivered.v1"],
        "key_hash": digest(KEY),
    }  # fmt: skip
    app.rpc.answers["put_department"] = app.rpc.answers["act_on_department"] = lambda **_: department()
    app.rpc.answers["departments"] = lambda **_: {"version": 4, "departments": [department()]}

    stored = app.put("/v1/departments/antrian", json=entry, headers=bearer("admin"))
    rotated = app.post(
        "/v1/departments/antrian/rotate", json={"key_hash": digest(OLD_KEY)}, headers=bearer("admin")
    )
    listed = app.get("/v1/departments", headers=bearer("admin"))

    assert app.rpc.calls[0][4] == {**entry, "code": "antrian", "units": [], "active": True}
    assert app.rpc.calls[1][4] == {"code": "antrian", "action": "rotate", "key_hash": digest(OLD_KEY)}
    assert app.registry.refreshed == 2
    assert listed.json()["version"] == 4
    for answer in (stored, rotated, listed):
        assert answer.status_code == 200
        assert digest(KEY) not in answer.text


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"name": "Antrean"}, "/name"),
        ({"types": ["apa saja"]}, "/types/0"),
        ({"key_hash": "abc"}, "/key_hash"),
        ({"key": KEY}, "/key"),
        ({"unit": None}, "/unit"),
    ],
)
def test_a_registration_at_fault_is_named(app: App, changes: dict[str, Any], pointer: str) -> None:
    entry = {"name": {"id": "A", "en": "A"}, "unit": "dpupr", "types": ["service.delivered.v1"], **changes}

    answer = app.put("/v1/departments/antrian", json=entry, headers=bearer("admin"))

    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert app.rpc.calls == []
