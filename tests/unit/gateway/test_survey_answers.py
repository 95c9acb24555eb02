"""An answer on its way in: what is refused and how, and that what is accepted leads nowhere."""

import uuid
from datetime import UTC, date, datetime
from typing import Any

import pytest
from unit.gateway.harness import App, bearer

from gateway.callers import Caller
from gateway.rpc import ServiceAway, ServiceBroken
from servicekit.envelope import Event
from servicekit.errors import Refused
from servicekit.sealing import KeyRing, generate_key
from support.gateway_inputs import answered, link

PATH = "/v1/survey-responses"


@pytest.fixture
def app() -> App:
    app = App(rate_address=None)
    app.rpc.answers["check_submission"] = lambda **_: {"state": "open"}
    return app


def opened(app: App, event: Event) -> dict[str, Any]:
    block: dict[str, Any] = app.surveys_ring.open(
        event.data["answer_sealed"], recipient="surveys", context=event.id
    )
    return block


def sent(app: App, body: dict[str, Any], **headers: str) -> Any:
    return app.post(PATH, json=body, headers=headers)


def test_an_answer_is_received_with_a_receipt(app: App) -> None:
    body = answered(token=link(app.survey_keys), comment="Cepat.", respondent={"sex": "P"})

    answer = sent(app, body)

    assert answer.status_code == 202
    assert answer.json()["submission_id"] == body["submission_id"]
    assert answer.json()["status"] == "received"
    (event,) = app.intake.events
    block = opened(app, event)
    assert block["answers"] == {"waktu": 3, "pengaduan": 4, "sarana": 2}
    assert (block["mode"], block["date"], block["comment"]) == ("invite_link", "2026-01-05", "Cepat.")
    assert block["consents"] == {
        "process": True, "contact": False, "publish_comment": False, "text_version": "2026-1",
    }  # fmt: skip
    assert (block["questionnaire_version"], block["assisted_by"], block["unit"]) == ("1", None, None)


def test_the_same_submission_has_the_same_receipt_and_event(app: App) -> None:
    body = answered(token=link(app.survey_keys))

    first, again = sent(app, body), sent(app, body)

    assert first.content == again.content
    assert len({event.id for event in app.intake.events}) == 1


def test_another_body_under_the_same_id_is_another_receipt(app: App) -> None:
    body = answered(token=link(app.survey_keys))

    receipts = {sent(app, {**body, "comment": comment}).json()["receipt"] for comment in ("a", "b")}

    assert len(receipts) == 2
    hashes = {opened(app, event)["body_hash"] for event in app.intake.events}
    assert len(hashes) == 2


def test_nothing_on_the_envelope_joins_an_answer_to_its_request(app: App) -> None:
    body = answered(token=link(app.survey_keys))

    sent(app, body)

    (event,) = app.intake.events
    assert uuid.UUID(event.id).version == 8
    assert event.subject == event.id
    assert event.time == datetime(2026, 1, 4, 17, tzinfo=UTC)  # midnight in Asia/Jakarta
    assert (event.correlationid, event.causationid, event.traceparent) == (None, None, None)
    assert body["submission_id"].encode() not in event.to_bytes()


def test_every_answer_has_the_length_of_others(app: App) -> None:
    for comment in (None, "x", "y" * 1000):
        sent(app, answered(token=link(app.survey_keys), comment=comment))

    lengths = {len(event.to_bytes()) for event in app.intake.events}
    assert len(lengths) == 1
    (event, *_) = app.intake.events
    plain = app.surveys_ring.open_bytes(event.data["answer_sealed"], recipient="surveys", context=event.id)
    assert len(plain) % 2048 == 0


def test_surveys_is_asked_about_the_link_in_no_trace_and_by_nobody(app: App) -> None:
    text = link(app.survey_keys, "q")

    sent(app, answered(token=text.upper()))

    ((service, method, actor, key, args),) = app.rpc.calls
    assert (service, method, actor, key) == ("surveys", "check_submission", None, None)
    assert args["token"] == text
    (event,) = app.intake.events
    assert args["submission_key"] == event.id
    assert args["body_hash"] == opened(app, event)["body_hash"]
    assert opened(app, event)["mode"] == "qr_counter"
    assert opened(app, event)["token"] == text


@pytest.mark.parametrize("failure", [ServiceAway("surveys"), ServiceBroken("surveys"), Refused("internal")])
def test_an_answer_is_taken_while_surveys_is_away(app: App, failure: Exception) -> None:
    def unreachable(**_: Any) -> Any:
        raise failure

    app.rpc.answers["check_submission"] = unreachable

    assert sent(app, answered(token=link(app.survey_keys))).status_code == 202
    assert len(app.intake.events) == 1


@pytest.mark.parametrize(
    ("state", "status", "slug"),
    [
        ("known", 202, None),
        ("conflict", 409, "submission-conflict"),
        ("spent", 409, "already-answered"),
        ("revoked", 410, "link-revoked"),
        ("expired", 410, "link-expired"),
        ("closed", 410, "period-closed"),
        ("unknown", 404, "link-unknown"),
    ],
)
def test_what_surveys_says_of_a_link_is_told(app: App, state: str, status: int, slug: str | None) -> None:
    app.rpc.answers["check_submission"] = lambda **_: {"state": state}

    answer = sent(app, answered(token=link(app.survey_keys)))

    assert answer.status_code == status
    assert answer.json().get("type") == (f"/problems/{slug}" if slug else None)
    assert len(app.intake.events) == (0 if slug else 1)


def test_forged_and_expired_links_stop_before_surveys_is_asked(app: App) -> None:
    forged = link(KeyRing.parse(generate_key("k9")))
    expired = link(app.survey_keys, expires_on=date(2026, 1, 4))
    foreign = link(app.survey_keys, "z")

    answers = [sent(app, answered(token=text)) for text in (forged, expired, foreign, "x" * 44, "kurang")]

    assert [answer.status_code for answer in answers] == [404, 410, 404, 404, 404]
    assert answers[0].json()["type"] == "/problems/link-unknown"
    assert answers[1].json()["type"] == "/problems/link-expired"
    assert app.rpc.calls == []


@pytest.mark.parametrize(
    ("changes", "pointer", "code"),
    [
        ({"submission_id": "1"}, "/submission_id", "not_a_uuid"),
        ({"submission_id": None}, "/submission_id", "required"),
        ({"answers": None}, "/answers", "required"),
        ({"answers": {}}, "/answers", "no_answer"),
        ({"answers": {"waktu": None}}, "/answers", "no_answer"),
        ({"answers": {"waktu": 5}}, "/answers/waktu", "not_a_score"),
        ({"answers": {"waktu": 0}}, "/answers/waktu", "not_a_score"),
        ({"answers": {"waktu": 3.0}}, "/answers/waktu", "not_a_score"),
        ({"answers": {"waktu": "3"}}, "/answers/waktu", "not_a_score"),
        ({"answers": {"waktu": True}}, "/answers/waktu", "not_a_score"),
        ({"answers": {"u9": 3}}, "/answers/u9", "unknown_element"),
        ({"answers": [3]}, "/answers", "not_an_object"),
        ({"consents": None}, "/consents", "required"),
        ({"consents": {"process": False}}, "/consents/process", "consent_required"),
        ({"consents": {}}, "/consents/process", "required"),
        ({"comment": "x" * 2001}, "/comment", "too_long"),
        ({"respondent": {"sex": "x"}}, "/respondent/sex", "not_a_choice"),
        ({"respondent": {"nik": "1"}}, "/respondent/nik", "unknown_field"),
        ({"service_code": "tidak-ada"}, "/service_code", "unknown_service"),
        ({"date": "2026-01-04"}, "/date", "desk_only"),
        ({"date": "kemarin"}, "/date", "not_a_day"),
        ({"unit": "dpupr"}, "/unit", "unit_by_link"),
        ({"channel": "qr_counter"}, "/channel", "other_channel"),
        ({"name": "Siti"}, "/name", "unknown_field"),
        ({"questionnaire_version": "9"}, "/questionnaire_version", "unknown_version"),
    ],
)
def test_a_field_at_fault_is_named_and_nothing_is_sent(
    app: App, changes: dict[str, Any], pointer: str, code: str
) -> None:
    answer = sent(app, answered(token=link(app.survey_keys), **changes))

    assert answer.status_code == 422
    assert (pointer, code) in {(error["pointer"], error["code"]) for error in answer.json()["errors"]}
    assert app.intake.events == []


def test_an_answer_without_link_or_unit_is_told_of_the_link(app: App) -> None:
    answer = sent(app, answered())

    assert [error["code"] for error in answer.json()["errors"]] == ["link_required"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [({}, 401), (bearer("auditor"), 403), (bearer("officer", unit="dinkes"), 403)],
)
def test_only_staff_who_assist_name_a_unit(app: App, headers: dict[str, str], status: int) -> None:
    answer = sent(app, answered(unit="dpupr"), **headers)

    assert answer.status_code == status
    assert "kode QR" in answer.json()["detail"]
    assert app.intake.events == []


def test_assisted_entry_is_marked_with_who_assisted(app: App) -> None:
    body = answered(unit="dpupr", date="2026-01-02", channel="assisted", service_code="info")

    answer = sent(app, body, **bearer("officer", unit="dpupr"))

    (event,) = app.intake.events
    block = opened(app, event)
    assert answer.status_code == 202
    assert (block["mode"], block["unit"], block["assisted_by"]) == ("assisted", "dpupr", "staf-1")
    assert (block["date"], block["token"], block["service_code"]) == ("2026-01-02", None, "info")
    assert event.time == datetime(2026, 1, 4, 17, tzinfo=UTC)


def test_staff_who_type_in_for_a_citizen_with_a_link_are_marked_too(app: App) -> None:
    sent(app, answered(token=link(app.survey_keys)), **bearer("desk"))

    (event,) = app.intake.events
    assert (opened(app, event)["mode"], opened(app, event)["assisted_by"]) == ("assisted", "staf-1")


@pytest.mark.parametrize("day", ["2026-01-06", "2023-01-01"])
def test_assisted_entry_is_for_days_that_count(app: App, day: str) -> None:
    answer = sent(app, answered(unit="dpupr", date=day), **bearer("desk"))

    assert [error["pointer"] for error in answer.json()["errors"]] == ["/date"]


def test_a_unit_that_does_not_exist_is_named(app: App) -> None:
    answer = sent(app, answered(unit="tidak-ada"), **bearer("desk"))

    assert [error["code"] for error in answer.json()["errors"]] == ["unknown_unit"]


def test_an_unconfirmed_answer_is_to_be_sent_again(app: App) -> None:
    app.intake.refuses = "timeout"

    answer = sent(app, answered(token=link(app.survey_keys)))

    assert answer.status_code == 503
    assert "submission_id" in answer.json()["detail"]


def test_the_device_is_handed_on_as_a_stand_in_of_its_day(app: App) -> None:
    surveys = app.app.app.state.surveys  # type: ignore[attr-defined]

    def submit() -> str:
        app.run(surveys.submit(answered(token=link(app.survey_keys, "q")), Caller(), device="keping"))
        return str(opened(app, app.intake.events[-1])["device"])

    same = {submit(), submit()}
    app.clock.advance(days=1)

    assert len(same) == 1
    assert submit() not in same
    assert "keping" not in same


def test_after_a_rotation_a_repeat_keeps_its_identity(app: App) -> None:
    old = generate_key("k1")
    before, after = App(survey_keys=old), App(survey_keys=f"{generate_key('k2')},{old}")
    body = answered(token=link(KeyRing.parse(old)))
    before.rpc.answers["check_submission"] = lambda **_: {"state": "open"}
    sent(before, body)
    (first,) = before.intake.events
    after.rpc.answers["check_submission"] = lambda submission_key, **_: {
        "state": "known" if submission_key == first.id else "spent"
    }

    assert sent(after, body).status_code == 202
    assert after.intake.events[0].id == first.id


def test_the_questionnaire_is_shown_in_the_callers_language(app: App) -> None:
    indonesian = app.get("/v1/questionnaire").json()
    english = app.get("/v1/questionnaire?version=1", headers={"Accept-Language": "en"}).json()

    assert [element["key"] for element in indonesian["elements"]] == ["waktu", "sarana", "pengaduan"]
    assert indonesian["elements"][0]["question"] == "Bagaimana waktu?"
    assert english["elements"][0]["labels"][0] == "waktu 1 en"
    assert english["respondent"][0]["options"][1] == {"key": "P", "name": "Female"}
    assert app.get("/v1/questionnaire?version=9").status_code == 404


def test_without_a_questionnaire_nothing_can_be_answered_yet(app: App) -> None:
    app.questionnaires.current = None

    answers = [app.get("/v1/questionnaire"), sent(app, answered(token=link(app.survey_keys)))]

    assert [answer.status_code for answer in answers] == [503, 503]
    assert answers[0].json()["type"] == "/problems/questionnaire-unavailable"


def test_a_link_is_looked_at_without_spending_it(app: App) -> None:
    app.rpc.answers["invitation"] = lambda token: {
        "state": "open", "kind": "counter", "unit": "dpupr", "service_code": "jalan",
    }  # fmt: skip

    view = app.get(f"/v1/invitations/{link(app.survey_keys, 'q')}").json()

    assert (view["checked"], view["unit_name"], view["service_name"]) == (True, "Dinas PU", "Layanan jalan")


def test_a_link_is_open_while_surveys_is_away(app: App) -> None:
    view = app.get(f"/v1/invitations/{link(app.survey_keys, 'q')}").json()

    assert (view["state"], view["checked"], view["kind"]) == ("open", False, "counter")
    assert (view["unit"], view["questionnaire_version"], view["expires_on"]) == (None, "1", "2026-01-20")


@pytest.mark.parametrize(
    ("state", "status"),
    [("spent", 409), ("expired", 410), ("revoked", 410), ("closed", 410), ("unknown", 404)],
)
def test_a_link_that_opens_nothing_says_why(app: App, state: str, status: int) -> None:
    app.rpc.answers["invitation"] = lambda token: {"state": state, "unit": "dpupr"}

    answer = app.get(f"/v1/invitations/{link(app.survey_keys)}")

    assert answer.status_code == status
    assert answer.json()["invitation"]["unit_name"] == "Dinas PU"
