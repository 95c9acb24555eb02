"""A citizen files, is answered, and is told: the main job, over HTTP and mail alone."""

from __future__ import annotations

import uuid
from email.message import EmailMessage

import httpx
import pytest

from support.city import RELEASED, City, links, plain_text, pothole
from support.waiting import eventually


def reporter(address: str) -> dict[str, str]:
    return {"name": "Ibu Contoh Pelapor", "email": address, "language": "id"}


def subjects(city: City, address: str) -> list[str]:
    return [str(mail["Subject"]) for mail in city.mails(address)]


def at_least(count: int, city: City, address: str) -> list[EmailMessage]:
    """The mails of one reporter, once there are so many."""
    return eventually(lambda: mails if len(mails := city.mails(address)) >= count else [], within=20)


@pytest.fixture
def address() -> str:
    return f"pelapor-{uuid.uuid4().hex[:12]}@example.invalid"


def test_a_complaint_is_triaged_worked_on_answered_and_confirmed_and_every_step_is_told(
    city: City, address: str
) -> None:
    receipt = city.filed(pothole(reporter=reporter(address)))
    code, secret = receipt["tracking_code"], receipt["secret"]

    city.acted(code, "verify", RELEASED, role="coordinator")
    city.acted(code, "assign", {"unit": "dpupr"}, role="coordinator")
    city.acted(code, "progress", {"note": "Tim ke lokasi."}, role="officer", unit="dpupr")
    city.acted(
        code,
        "resolve",
        {"outcome": "granted", "answer": "Lubang sudah ditambal."},
        role="officer",
        unit="dpupr",
    )
    view = city.acted(code, "confirm", secret=secret)

    assert view["status"] == "closed"
    assert view["closed_by"] == "reporter"
    mails = at_least(6, city, address)
    # An invitation to the survey says nothing of the case, so that no mailbox joins the two.
    about_it = [mail for mail in mails if "/survei/" not in plain_text(mail)]
    assert len(about_it) >= 5
    for mail in about_it:
        assert code in plain_text(mail)

    def told() -> bool:
        timeline = city.view(code, secret)["timeline"]
        mailed = [one for one in timeline if one["type"] == "message" and one["channel"] == "email"]
        return [one["state"] for one in mailed].count("sent") >= 5

    # The case learns from an event that a mail was sent, after the mail.
    eventually(told)


def test_every_link_in_every_mail_opens_a_page_that_needs_no_script(city: City, address: str) -> None:
    receipt = city.filed(pothole(reporter=reporter(address)))
    city.acted(receipt["tracking_code"], "verify", RELEASED, role="coordinator")
    mails = at_least(2, city, address)

    pages = {link for mail in mails for link in links(mail)}

    assert pages
    for page in pages:
        answer = httpx.get(page, follow_redirects=True, timeout=10)
        assert answer.status_code == 200, page
        assert receipt["tracking_code"] in answer.text
        assert "<script" not in answer.text


def test_a_disputed_answer_goes_back_to_the_same_unit_and_can_be_answered_again(
    city: City, address: str
) -> None:
    receipt = city.filed(pothole(reporter=reporter(address)))
    code, secret = receipt["tracking_code"], receipt["secret"]
    city.acted(code, "verify", RELEASED, role="coordinator")
    city.acted(code, "assign", {"unit": "dpupr"}, role="coordinator")
    city.acted(code, "resolve", {"outcome": "granted", "answer": "Sudah."}, role="officer", unit="dpupr")

    view = city.acted(code, "dispute", {"reason": "Lubangnya masih ada."}, secret=secret)

    assert (view["status"], view["unit"], view["disputes"]) == ("assigned", "dpupr", 1)
    again = city.acted(
        code, "resolve", {"outcome": "granted", "answer": "Kini ditambal."}, role="officer", unit="dpupr"
    )
    assert again["status"] == "resolved"


def test_the_loser_of_a_race_is_told_what_changed(city: City) -> None:
    code = city.filed()["tracking_code"]
    seen = city.view(code, role="coordinator")["version"]
    city.acted(code, "verify", RELEASED, role="coordinator", version=seen)

    late = city.act(
        code, "reject", {"ground": "tidak_jelas", "explanation": "-"}, role="coordinator", version=seen
    )

    assert late.status_code == 409
    problem = late.json()
    assert problem["current"]["status"] == "verified"
    assert [change["action"] for change in problem["current"]["changes"]] == ["verify"]


def test_an_action_repeated_with_its_key_happens_once(city: City) -> None:
    code = city.filed()["tracking_code"]
    key = str(uuid.uuid4())
    version = city.view(code, role="coordinator")["version"]

    first = city.act(code, "verify", RELEASED, role="coordinator", version=version, key=key)
    second = city.act(code, "verify", RELEASED, role="coordinator", version=version, key=key)

    assert (first.status_code, second.status_code) == (200, 200)
    assert first.json()["version"] == second.json()["version"] == version + 1


def test_two_bodies_under_one_key_are_two_cases_and_the_same_body_is_one(city: City) -> None:
    key = str(uuid.uuid4())

    first = city.file(pothole(), key).json()["tracking_code"]
    same = city.file(pothole(), key).json()["tracking_code"]
    other = city.file(pothole(description="Lubang lain, di jalan lain."), key).json()["tracking_code"]

    assert first == same
    assert other != first


def test_a_case_of_a_supervisory_service_is_invisible_to_everyone_but_the_inspector(city: City) -> None:
    marked = f"pungli{uuid.uuid4().hex[:10]}"
    body = {
        "service_code": "pungutan-liar",
        "title": marked,
        "description": f"Diminta uang di loket {marked}.",
        "attributes": {"unit_terlapor": "loket"},
    }
    receipt = city.filed(body)
    code = receipt["tracking_code"]
    before = {
        role: city.client.get("/v1/figures", headers=city.bearer(role, unit="dpupr")).json()
        for role in ("coordinator", "officer")
    }

    assert city.get_case(code, role="inspector").status_code == 200
    for role, unit in (
        ("coordinator", None),
        ("desk", None),
        ("officer", "inspektorat"),
        ("officer", "dpupr"),
        ("unit_head", "dpupr"),
    ):
        assert city.get_case(code, role=role, unit=unit).status_code == 404, role
        listed = city.client.get(
            "/v1/complaints", params={"text": marked}, headers=city.bearer(role, unit=unit)
        ).json()
        assert listed["items"] == [], role
    assert city.get_case(code).status_code == 404
    assert city.view(code, receipt["secret"])["status"] == "filed"
    city.filed({**body, "title": "lagi"})
    after = {
        role: city.client.get("/v1/figures", headers=city.bearer(role, unit="dpupr")).json()
        for role in ("coordinator", "officer")
    }
    assert before == after


def test_nothing_is_public_before_verification_and_only_released_text_afterwards(city: City) -> None:
    marked = f"kata{uuid.uuid4().hex[:10]}"
    code = city.filed(pothole(description=f"Telepon saya 0812-0000-1111, {marked}."))["tracking_code"]
    assert marked not in city.get_case(code).text

    city.acted(
        code,
        "verify",
        {"public_title": "Lubang di pasar", "public_text": "Ada lubang di tikungan."},
        role="coordinator",
    )

    public = city.view(code)
    assert public["title"] == "Lubang di pasar"
    assert marked not in str(public)
    assert round(public["location"]["lat"], 3) == public["location"]["lat"]


def test_a_case_refers_the_citizen_to_the_new_owner_by_name(city: City, address: str) -> None:
    receipt = city.filed(pothole(reporter=reporter(address)))
    owner = "Balai Pelaksanaan Jalan Nasional Sumatera Barat"

    refused = city.act(
        receipt["tracking_code"],
        "reject",
        {"ground": "bukan_wewenang", "explanation": "Jalan nasional."},
        role="coordinator",
    )
    city.acted(
        receipt["tracking_code"],
        "reject",
        {"ground": "bukan_wewenang", "explanation": "Jalan nasional.", "referred_to": owner},
        role="coordinator",
    )

    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == "/referred_to"
    told = eventually(lambda: [mail for mail in city.mails(address) if owner in plain_text(mail)], within=20)
    assert len(told) == 1
