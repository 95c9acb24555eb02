"""Request, answer, survey, evidence, evaluation, training: the whole chain, over HTTP and mail alone."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from support.city import City, plain_text
from support.counter import (
    ELEMENTS,
    Counter,
    act_on_period,
    addresses,
    import_staff,
    invitations,
    period,
    quarter,
    respond,
    scores,
    today,
)
from support.waiting import eventually

UNIT, SERVICE = "dukcapil", "ktp-elektronik"
OFFICERS = ("dukcapil-1", "dukcapil-2", "dukcapil-3")
HEAD, SUPERIOR = "dukcapil-kepala", "sekda-1"


def staff_rows() -> list[dict[str, Any]]:
    common = {"unit": UNIT, "status": "asn_pns", "service_types": ["document"], "active": True}
    rows = [
        {
            "staff_ref": ref,
            "position": "Petugas pelayanan",
            "rater_ref": HEAD,
            "superior_ref": SUPERIOR,
            **common,
        }
        for ref in OFFICERS
    ]
    return [*rows, {"staff_ref": HEAD, "position": "Kepala dinas", "rater_ref": SUPERIOR, **common}]


def call(city: City, method: str, path: str, ref: str, role: str, body: Any = None) -> Any:
    """Act as one member of staff; answers the document."""
    headers = {**city.bearer(role, unit=UNIT, ref=ref), "Idempotency-Key": str(uuid.uuid4())}
    answer = city.client.request(method, path, json=body, headers=headers)
    assert answer.status_code < 300, f"{method} {path}: {answer.status_code} {answer.text}"
    return answer.json()


def a_closed_case(city: City, address: str, officer: str) -> str:
    """A citizen's application, worked on by the officer, confirmed by the citizen."""
    receipt = city.filed(
        {
            "service_code": SERVICE,
            "description": "KTP saya rusak terkena air.",
            "attributes": {"alasan": "rusak", "sudah_rekam": "ya"},
            "reporter": {"name": "Ibu Contoh", "email": address, "language": "id"},
        }
    )
    code, secret = receipt["tracking_code"], receipt["secret"]
    city.acted(code, "verify", {"public_text": "Permohonan KTP pengganti."}, role="coordinator")
    city.acted(code, "assign", {"unit": UNIT, "officer": officer}, role="coordinator")
    who = {"role": "officer", "unit": UNIT, "ref": officer}
    city.acted(code, "progress", {"note": "Diproses."}, **who)
    city.acted(code, "resolve", {"outcome": "granted", "answer": "KTP dapat diambil."}, **who)
    city.acted(code, "confirm", secret=secret)
    return str(code)


def known_answers(city: City, unit: str, code: str) -> int:
    """How many answers an open period has; none while there is no such period yet."""
    path = f"/v1/surveys/results/{unit}/{code}"
    answer = city.client.get(path, headers=city.bearer("coordinator"))
    return int(answer.json()["progress"]["n"]) if answer.status_code == 200 else 0


def answer_all(city: City, tokens: dict[str, str], answers: dict[str, int]) -> None:
    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda token: respond(city, token, answers).status_code, tokens.values()))
    assert set(statuses) == {202}


@pytest.fixture(scope="module")
def counter(city: City) -> Counter:
    return Counter.registered(city, "antrean-dukcapil", UNIT, ["service.delivered.v1"])


@pytest.mark.timeout(300)
def test_an_answer_of_a_citizen_becomes_evidence_a_rating_and_a_training(
    city: City, counter: Counter
) -> None:
    # A unit is known to evaluation a moment after the catalogue was loaded.
    eventually(lambda: import_staff(city, staff_rows())["counts"]["refused"] == 0, within=30)

    # Request and answer: a case of the officer's, and visits of others to all three.
    mine = addresses(1, "pemohon")
    a_closed_case(city, mine[0], OFFICERS[0])
    visits = {
        OFFICERS[0]: (addresses(33), scores(3, kompetensi=2)),
        OFFICERS[1]: (addresses(40), scores(4)),
        OFFICERS[2]: (addresses(40), scores(4)),
    }
    for officer, (people, _) in visits.items():
        counter.visits(people, officer, SERVICE)

    # Survey: everybody is asked once, and answers on the page behind the link.
    for people, answers in visits.values():
        answer_all(city, invitations(city, people, within=120), answers)
    (token,) = invitations(city, mine).values()
    assert respond(city, token, scores(3, kompetensi=2)).status_code == 202
    here = quarter()
    assert act_on_period(city, UNIT, here, "population", population=300, origin="antrean").status_code == 200
    eventually(lambda: period(city, UNIT, here)["progress"]["n"] == 114, within=60)
    closed = act_on_period(city, UNIT, here, "close")
    assert closed.status_code == 200, closed.text
    before = city.client.get(f"/v1/surveys/results/{UNIT}/{here}").json()
    assert (before["ikm"], before["missing"]) == (None, ["period_closed_not_published"])
    assert act_on_period(city, UNIT, here, "publish").status_code == 200
    result = city.client.get(f"/v1/surveys/results/{UNIT}/{here}").json()
    assert (result["n"], result["target"]) == (114, 169)
    assert result["lowest"][0] == "kompetensi"
    exact = (34 * (8 * 3 + 2) + 80 * 9 * 4) * 25 / (9 * 114)
    assert result["ikm"] == f"{exact:.2f}"
    plan = {
        "unit": UNIT,
        "period": here,
        "element": "kompetensi",
        "action": "Pelatihan di loket",
        "owner_ref": HEAD,
        "due_on": "2027-03-31",
    }
    planned = call(city, "POST", "/v1/surveys/improvements", HEAD, "unit_head", plan)
    assert planned["state"] == "planned"

    # Evidence: with 34 answers, what people say of the officer is compared with what they say of her peers.
    def evidence() -> list[dict[str, Any]]:
        items = call(city, "GET", f"/v1/evaluation/evidence?subject={OFFICERS[0]}", OFFICERS[0], "officer")
        return [item for item in items["items"] if item["kind"] == "staff_survey" and item["n"]]

    shown = {item["measure"]: item for item in eventually(evidence, within=30)}
    assert shown["kompetensi"]["n"] == 34
    assert shown["kompetensi"]["peer_comparison"] is True

    # Rating: a person rates a person, with reasons and evidence; the official record is elsewhere.
    opened = call(
        city,
        "POST",
        "/v1/evaluation/evaluations",
        "hr-1",
        "hr",
        {
            "staff_ref": OFFICERS[0],
            "start": "2026-10-01",
            "end": "2026-12-31",
            "official_record": {"kind": "tanggap"},
        },
    )
    path = f"/v1/evaluation/evaluations/{opened['evaluation_id']}"

    def act(action: str, ref: str, role: str, **payload: Any) -> dict[str, Any]:
        version = call(city, "GET", path, ref, role)["version"]
        done: dict[str, Any] = call(
            city, "POST", f"{path}/{action}", ref, role, {"version": version, **payload}
        )
        return done

    act(
        "expect",
        HEAD,
        "rater",
        results=[
            {
                "supports": "Pelayanan adminduk tepat waktu",
                "result": "KTP selesai sesuai standar",
                "aspect": "waktu",
                "indicator": "hari kerja",
                "target": "14",
                "kind": "utama",
            }
        ],
        behaviours={"pelayanan": "Ramah dan jelas"},
    )
    act("agree", OFFICERS[0], "officer")
    act(
        "rate",
        HEAD,
        "rater",
        results="sesuai",
        behaviour="sesuai",
        reasons={"results": "Target tercapai.", "behaviour": "Ramah."},
        evidence_ids=[shown["kompetensi"]["evidence_id"]],
    )
    final = act("finalise", HEAD, "rater")
    assert final["predikat"]["key"] == "baik"
    stranger = city.client.get(path, headers=city.bearer("officer", unit=UNIT, ref=OFFICERS[1]))
    assert stranger.status_code == 404
    read = act("read", OFFICERS[0], "officer")
    assert read["clock"]["by"] == "read"

    # Training: recommended for a reason, approved by a person, enrolled, completed, credited.
    def recommended() -> list[dict[str, Any]]:
        found = call(city, "GET", f"/v1/evaluation/recommendations?staff_ref={OFFICERS[0]}", HEAD, "rater")
        return [one for one in found["items"] if "low_kompetensi" in one["reason_codes"]]

    offer_id = f"bimtek-{uuid.uuid4().hex[:6]}"
    offer = {
        "form": "workshop",
        "title": "Pelayanan adminduk di loket",
        "elements": ["kompetensi"],
        "competencies": [],
        "service_types": ["document"],
        "organiser": "BKPSDM",
        "place": "Sawahlunto",
        "start": today().isoformat(),
        "end": (today() + timedelta(days=1)).isoformat(),
        "days": 2,
        "location": "national",
        "capacity": 10,
    }
    call(city, "PUT", f"/v1/evaluation/trainings/{offer_id}", "hr-1", "hr", offer)
    (reason,) = eventually(recommended, within=60)
    call(
        city,
        "POST",
        f"/v1/evaluation/recommendations/{reason['recommendation_id']}/approve",
        HEAD,
        "rater",
        {"offer_ids": [offer_id]},
    )
    enrolment = call(
        city,
        "POST",
        f"/v1/evaluation/trainings/{offer_id}/enrol",
        OFFICERS[0],
        "officer",
        {"recommendation_id": reason["recommendation_id"]},
    )
    step = f"/v1/evaluation/enrolments/{enrolment['enrolment_id']}"
    call(city, "POST", f"{step}/approve", HEAD, "rater", {})
    call(city, "POST", f"{step}/confirm", "hr-1", "hr", {})
    call(city, "POST", f"{step}/complete", "hr-1", "hr", {"evidence_ref": "sertifikat-1"})
    ledger = call(
        city,
        "GET",
        f"/v1/evaluation/ledger?staff_ref={OFFICERS[0]}&year={today().year}",
        OFFICERS[0],
        "officer",
    )
    assert (ledger["verified_jp"], ledger["gap_jp"]) == (10, 10)


def test_no_mail_about_an_evaluation_says_how_it_went(city: City) -> None:
    words = ("baik", "sesuai ekspektasi", "di bawah", "di atas", "predikat")
    about = [mail for mail in city.all_mails() if "/evaluasi" in plain_text(mail)]

    for mail in about:
        assert not any(word in plain_text(mail).lower() for word in words), mail["Subject"]


def test_a_unit_with_nine_answers_shows_no_figure_anywhere(city: City) -> None:
    unit, here = "bpkad", quarter()
    head = ",".join(ELEMENTS)
    rows = "\n".join(",".join("4" for _ in ELEMENTS) for _ in range(9))
    sent = city.client.post(
        f"/v1/surveys/paper?unit={unit}",
        content=f"{head}\n{rows}\n".encode(),
        headers={**city.bearer("desk"), "Content-Type": "text/csv", "Idempotency-Key": str(uuid.uuid4())},
    )
    assert sent.status_code < 300, sent.text
    eventually(lambda: known_answers(city, unit, here) == 9, within=60)
    assert act_on_period(city, unit, here, "close").status_code == 200

    refused = act_on_period(city, unit, here, "publish")
    shown = period(city, unit, here)

    assert refused.status_code == 409
    assert (shown["ikm"], shown["n"], shown["n_shown"]) == (None, None, "<10")
    assert "below_minimum_n" in shown["missing"]
    assert all(element["sum"] is None for element in shown["elements"])
    seen = city.client.get(f"/v1/surveys/results/{unit}/{here}").json()
    assert (seen["ikm"], seen["n"]) == (None, None)
    units = [item["unit"] for item in city.client.get("/v1/surveys/results").json()["items"]]
    assert unit not in units


def test_the_same_answer_sent_twice_is_one_and_another_one_on_the_same_link_is_refused(city: City) -> None:
    people = addresses(1)
    counter = Counter.registered(city, "antrean-dpmptsp", "dpmptsp", ["service.delivered.v1"])
    counter.visits(people, None, "pendampingan-nib")
    (token,) = invitations(city, people).values()
    body = {
        "submission_id": str(uuid.uuid4()),
        "token": token,
        "answers": scores(4),
        "consents": {"process": True},
    }

    first = city.client.post("/v1/survey-responses", json=body)
    again = city.client.post("/v1/survey-responses", json=body)
    eventually(lambda: city.client.get(f"/v1/invitations/{token}").status_code == 409, within=30)
    other = respond(city, token, scores(1))

    assert (first.status_code, again.status_code) == (202, 202)
    assert first.json() == again.json()
    assert other.status_code == 409
