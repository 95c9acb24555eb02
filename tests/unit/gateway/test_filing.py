"""What may be filed, and what becomes of it."""

import json
import uuid
from datetime import timedelta
from typing import Any

import pytest
from unit.gateway.harness import App, bearer, filing

from servicekit.ids import FrozenClock

NOW = FrozenClock().now()


@pytest.fixture(scope="module")
def app() -> App:
    return App(rate_address=None, rate_contact=None)


def errors(app: App, document: Any, **options: Any) -> dict[str, str]:
    """Pointers and codes of a refusal; a refusal publishes nothing."""
    before = len(app.intake.events)
    answer = app.post("/v1/complaints", json=document, **options)
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert len(app.intake.events) == before
    return {error["pointer"]: error["code"] for error in answer.json()["errors"]}


def test_an_accepted_filing_becomes_one_event(app: App) -> None:
    answer = app.post("/v1/complaints", json=filing(title="Jalan"))

    receipt, event = answer.json(), app.intake.events[-1]
    assert answer.status_code == 202
    assert set(receipt) == {"tracking_code", "secret", "status", "links", "idempotency_key"}
    assert event.subject == receipt["tracking_code"].replace("-", "")
    assert event.source == "/gateway"
    assert receipt["links"]["page"].endswith(f"/lacak/{receipt['tracking_code']}/{receipt['secret']}")
    assert answer.headers["Location"] == receipt["links"]["self"]
    assert event.data["channel"] == "api"
    assert event.data["kind"] == "complaint"
    assert event.data["catalogue_version"] == 3
    assert event.data["accepted_at"] == event.data["received_at"]


def test_what_the_citizen_wrote_is_readable_only_by_its_recipients(app: App) -> None:
    document = filing(
        title="JUDUL-RAHASIA",
        description="ISI-RAHASIA",
        reporter={"name": "NAMA-RAHASIA", "email": "rahasia@example.invalid", "phone": "081234567890",
                  "nik": "1373010101010001", "language": "en"},
    )  # fmt: skip

    receipt = app.post("/v1/complaints", json=document).json()

    event = app.intake.events[-1]
    wire = event.to_bytes().decode()
    case, contact = app.opened(event)
    for mark in ("RAHASIA", "rahasia@", "81234567890", "1373010101010001", receipt["secret"]):
        assert mark not in wire
    assert case["title"] == "JUDUL-RAHASIA"
    assert case["reporter"] == {
        "name": "NAMA-RAHASIA",
        "email": "rahasia@example.invalid",
        "phone": "+6281234567890",
        "nik": "1373010101010001",
    }
    assert contact is not None
    assert contact["link"] == receipt["links"]["page"]
    assert contact["language"] == event.data["language"] == "en"
    assert "nik" not in contact


def test_without_a_way_to_reach_her_there_is_no_contact(app: App) -> None:
    app.post("/v1/complaints", json=filing(reporter={"name": "Siti"}))

    event = app.intake.events[-1]
    assert event.data["contact_ref"] is None
    assert event.data["contact_sealed"] is None


def test_two_cases_of_one_person_share_no_reference(app: App) -> None:
    reporter = {"email": "siti@example.invalid"}
    for text in ("Satu", "Dua"):
        app.post("/v1/complaints", json=filing(description=text, reporter=reporter))

    one, two = app.intake.events[-2:]
    assert one.data["contact_ref"] != two.data["contact_ref"]
    assert one.data["contact_sealed"] != two.data["contact_sealed"]


def test_the_same_body_under_a_key_is_one_case_and_another_body_another(app: App) -> None:
    headers = {"Idempotency-Key": str(uuid.uuid4())}

    first = app.post("/v1/complaints", json=filing(), headers=headers)
    again = app.post("/v1/complaints", json=dict(reversed(filing().items())), headers=headers)
    other = app.post("/v1/complaints", json=filing(description="Lain"), headers=headers)

    assert first.content == again.content
    assert other.json()["tracking_code"] != first.json()["tracking_code"]
    assert len({event.id for event in app.intake.events[-3:]}) == 2


def test_a_filing_without_a_key_is_never_the_same_case_twice(app: App) -> None:
    one, two = (app.post("/v1/complaints", json=filing()).json() for _ in range(2))

    assert one["tracking_code"] != two["tracking_code"]
    uuid.UUID(one["idempotency_key"])


@pytest.mark.parametrize("key", ["1", "a" * 40, "schlüssel", " "])
def test_a_guessable_key_of_a_stranger_is_refused(app: App, key: str) -> None:
    answer = app.post("/v1/complaints", json=filing(), headers={b"Idempotency-Key": key.encode()})

    assert answer.status_code == 400
    assert answer.json()["type"] == "/problems/invalid-idempotency-key"


@pytest.mark.parametrize(
    ("changes", "pointer", "code"),
    [
        ({"service_code": "tidak-ada"}, "/service_code", "unknown_service"),
        ({"service_code": "lama"}, "/service_code", "unknown_service"),
        ({"description": "  \n "}, "/description", "blank"),
        ({"description": "x" * 10_001}, "/description", "too_long"),
        ({"description": 7}, "/description", "not_text"),
        ({"title": "x" * 201}, "/title", "too_long"),
        ({"location": {"address": ""}}, "/location", "location_required"),
        ({"location": {"lat": -0.65}}, "/location", "point_incomplete"),
        ({"location": {"lat": "-0.65", "lon": 100.75}}, "/location/lat", "not_a_number"),
        ({"location": {"lat": -0.65, "lon": 1000}}, "/location/lon", "out_of_range"),
        ({"location": {"lat": -6.2, "lon": 106.8}}, "/location", "outside_boundary"),
        ({"location": {"lat": -0.65, "lon": 100.75, "village": "x"}}, "/location/village", "unknown_field"),
        ({"location": "Jalan Merdeka"}, "/location", "not_an_object"),
        ({"service_code": "info", "attributes": {}}, "/location", "location_not_taken"),
        ({"attributes": {}}, "/attributes/ukuran", "required"),
        ({"attributes": {"ukuran": "raksasa"}}, "/attributes/ukuran", "not_listed"),
        ({"attributes": {"ukuran": {}}}, "/attributes/ukuran", "not_text"),
        ({"attributes": {"ukuran": "besar", "bahaya": ["motor", "x"]}}, "/attributes/bahaya", "not_listed"),
        ({"attributes": {"ukuran": "besar", "lebar": "lebar"}}, "/attributes/lebar", "not_a_number"),
        ({"attributes": {"ukuran": "besar", "sejak": "kemarin"}}, "/attributes/sejak", "not_a_date"),
        ({"attributes": {"ukuran": "besar", "a/b~c": {}}}, "/attributes/a~1b~0c", "not_text"),
        ({"attributes": {"ukuran": "besar", **{f"x{n}": 1 for n in range(50)}}}, "/attributes", "too_many"),
        ({"attributes": []}, "/attributes", "not_an_object"),
        ({"reporter": {"email": "bukan-surel"}}, "/reporter/email", "not_an_email"),
        ({"reporter": {"phone": "0812345678 / 0813"}}, "/reporter/phone", "one_phone_only"),
        ({"reporter": {"phone": "8.12E+10"}}, "/reporter/phone", "spreadsheet_number"),
        ({"reporter": {"phone": "110"}}, "/reporter/phone", "not_a_phone"),
        ({"reporter": {"nik": "12"}}, "/reporter/nik", "not_a_nik"),
        ({"reporter": {"language": "jv"}}, "/reporter/language", "not_a_choice"),
        ({"reporter": {"name": ["x"]}}, "/reporter/name", "not_text"),
        ({"anonymous": "yes"}, "/anonymous", "not_true_or_false"),
        ({"confidential": 1}, "/confidential", "not_true_or_false"),
        ({"channel": "phone"}, "/channel", "desk_only"),
        ({"received_at": "2026-01-04T00:00:00+07:00"}, "/received_at", "desk_only"),
        ({"received_at": "2026-01-04T00:00:00"}, "/received_at", "not_a_time"),
        ({"judul": "x"}, "/judul", "unknown_field"),
    ],
)
def test_a_refused_field_is_named_by_pointer(
    app: App, changes: dict[str, Any], pointer: str, code: str
) -> None:
    assert errors(app, filing(**changes))[pointer] == code


def test_every_refused_field_is_named_at_once(app: App) -> None:
    document = filing(title="x" * 201, attributes={"lebar": "?"}, reporter={"email": "?"}, extra=1)

    assert set(errors(app, document)) == {
        "/title", "/attributes/ukuran", "/attributes/lebar", "/reporter/email", "/extra",
    }  # fmt: skip


def test_missing_required_fields_are_named(app: App) -> None:
    assert errors(app, {}) == {"/service_code": "required", "/description": "required"}


@pytest.mark.parametrize("document", [[], "teks", 7, None, True])
def test_a_body_that_is_no_object_is_refused(app: App, document: Any) -> None:
    answer = app.post(
        "/v1/complaints", content=json.dumps(document), headers={"Content-Type": "application/json"}
    )

    assert answer.status_code == 422
    assert [error["code"] for error in answer.json()["errors"]] == ["not_an_object"]


def test_refusals_speak_the_callers_language_and_repeat_nothing(app: App) -> None:
    document = filing(reporter={"email": "MARK@@MARK", "phone": "MARK"}, title="MARK" * 60)

    texts = {
        language: app.post("/v1/complaints", json=document, headers={"Accept-Language": language}).text
        for language in ("id", "en;q=0.9, id;q=0.1")
    }

    assert "surel" in texts["id"]
    assert "e-mail address" in texts["en;q=0.9, id;q=0.1"]
    assert "MARK" not in "".join(texts.values())


def test_unknown_attributes_are_kept(app: App) -> None:
    attributes = {"ukuran": "besar", "asal_tiket": "311-7", "angka": 4, "daftar": ["a", 2], "kosong": None}

    answer = app.post("/v1/complaints", json=filing(attributes=attributes))

    assert answer.status_code == 202
    case, _ = app.opened(app.intake.events[-1])
    assert case["attributes"] == {"ukuran": "besar", "asal_tiket": "311-7", "angka": 4, "daftar": ["a", 2]}


def test_known_attributes_get_their_type(app: App) -> None:
    attributes = {"ukuran": ["kecil"], "bahaya": "motor", "lebar": "2.5", "sejak": "2026-01-02"}

    app.post("/v1/complaints", json=filing(attributes=attributes))

    case, _ = app.opened(app.intake.events[-1])
    assert case["attributes"] == {"ukuran": "kecil", "bahaya": ["motor"], "lebar": 2.5, "sejak": "2026-01-02"}


def test_an_address_in_words_is_a_location(app: App) -> None:
    assert app.post("/v1/complaints", json=filing(location={"address": "Depan pasar"})).status_code == 202

    case, _ = app.opened(app.intake.events[-1])
    assert case["location"] == {"lat": None, "lon": None, "address": "Depan pasar"}


def test_long_texts_and_control_characters_pass_cleaned(app: App) -> None:
    text = "a\x00b\r\nc" + "é" * 8500

    app.post("/v1/complaints", json=filing(description=text))

    case, _ = app.opened(app.intake.events[-1])
    assert case["description"] == "ab\nc" + "é" * 8500


def test_the_desk_enters_what_a_citizen_brought(app: App) -> None:
    received = (NOW - timedelta(days=3)).isoformat()
    document = filing(channel="phone", received_at=received)

    answer = app.post("/v1/complaints", json=document, headers=bearer("desk", sub="staf-9"))

    event = app.intake.events[-1]
    case, _ = app.opened(event)
    assert answer.status_code == 202
    assert event.data["channel"] == "phone"
    assert event.data["received_at"] < event.data["accepted_at"]
    assert case["filed_by"] == "staf-9"


@pytest.mark.parametrize(
    ("offset", "code"), [(timedelta(minutes=5), "in_the_future"), (timedelta(days=-740), "too_long_ago")]
)
def test_the_desk_cannot_bend_time(app: App, offset: timedelta, code: str) -> None:
    document = filing(received_at=(NOW + offset).isoformat())

    assert errors(app, document, headers=bearer("desk")) == {"/received_at": code}


@pytest.mark.parametrize(("roles", "channel"), [(("desk",), "desk"), (("officer",), "internal")])
def test_staff_file_over_their_own_channel(app: App, roles: tuple[str, ...], channel: str) -> None:
    app.post("/v1/complaints", json=filing(), headers=bearer(*roles))

    assert app.intake.events[-1].data["channel"] == channel


def test_roles_that_do_not_file_are_refused(app: App) -> None:
    assert app.post("/v1/complaints", json=filing(), headers=bearer("leader")).status_code == 403


def test_an_unconfirmed_filing_names_the_key_to_repeat_with() -> None:
    app = App()
    app.intake.refuses = "timeout"

    answer = app.post("/v1/complaints", json=filing())

    assert answer.status_code == 503
    assert answer.json()["type"] == "/problems/intake-unavailable"
    assert answer.headers["Retry-After"] == "5"
    assert answer.headers["Idempotency-Key"] == answer.json()["idempotency_key"]


def test_repeating_with_the_named_key_gives_one_case() -> None:
    app = App()
    app.intake.refuses = "timeout"
    key = app.post("/v1/complaints", json=filing()).json()["idempotency_key"]
    app.intake.refuses = None

    codes = {
        app.post("/v1/complaints", json=filing(), headers={"Idempotency-Key": key}).json()["tracking_code"]
        for _ in range(2)
    }

    assert len(codes) == 1


def test_before_the_first_catalogue_filing_is_unavailable_not_wrong() -> None:
    app = App()
    app.snapshot.current = None

    answer = app.post("/v1/complaints", json=filing())

    assert answer.status_code == 503
    assert answer.json()["type"] == "/problems/catalogue-unavailable"
    assert answer.headers["Idempotency-Key"]


def test_a_contact_is_not_flooded_by_strangers() -> None:
    from unit.gateway.harness import NARROW

    app = App(rate_contact=NARROW)
    reporter = {"email": "siti@example.invalid"}

    statuses = [app.post("/v1/complaints", json=filing(reporter=reporter)).status_code for _ in range(3)]

    assert statuses == [202, 202, 429]
    assert app.post("/v1/complaints", json=filing()).status_code == 202


def test_after_a_key_rotation_a_repeated_request_keeps_its_case() -> None:
    from servicekit.sealing import generate_key

    old, new = generate_key("h1"), generate_key("h2")
    before, after = App(hmac_keys=old), App(hmac_keys=f"{new},{old}")
    headers = {"Idempotency-Key": str(uuid.uuid4())}
    first = before.post("/v1/complaints", json=filing(), headers=headers).json()
    held = first["tracking_code"].replace("-", "")
    after.rpc.answers["get_cases"] = lambda items: [
        {"status": "filed"} if item["code"] == held and item["actor"]["secret"] == first["secret"] else None
        for item in items
    ]

    again = after.post("/v1/complaints", json=filing(), headers=headers).json()
    fresh = after.post("/v1/complaints", json=filing()).json()

    assert again == first | {"links": again["links"]}
    assert fresh["tracking_code"] != first["tracking_code"]
