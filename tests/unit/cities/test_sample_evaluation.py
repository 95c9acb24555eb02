"""The sample's performance periods and trainings: possible under the rules, and all there that has to be."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from evaluation.city import CityRules, load_city
from evaluation.domain import evaluations as workflow
from evaluation.domain import objections
from evaluation.domain.enrolments import POSSIBLE, read_offer
from evaluation.domain.entries import read_claim
from evaluation.domain.evaluations import Evaluation, Predikat
from evaluation.domain.jp import Activity, convert
from evaluation.domain.matrix import predikat
from evaluation.domain.staff import Staff, read_row
from tanggap import staff as staff_files
from tanggap.sample.calendar import Quarter

Document = dict[str, Any]
TODAY = date(2026, 11, 24)
NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)
STAGES = {"opened", "agreed", "rated", "issued", "imported", "read", "objected", "decided"}


@pytest.fixture(scope="module")
def sample(folder: Path) -> Path:
    return folder / "sawahlunto" / "sample"


@pytest.fixture(scope="module")
def rules(folder: Path) -> CityRules:
    return load_city(folder / "sawahlunto", sample=True)


@pytest.fixture(scope="module")
def people(sample: Path) -> dict[str, Document]:
    document = yaml.safe_load((sample / "staff.yaml").read_text(encoding="utf-8"))
    return {person["ref"]: person for person in document["staff"]}


@pytest.fixture(scope="module")
def records(sample: Path) -> dict[str, Staff]:
    read = [read_row(row) for row in staff_files.read((sample / "staff-evaluation.csv").read_bytes()).rows]
    assert [faults for _, faults in read if faults] == []
    return {person.staff_ref: person for person, _ in read if person is not None}


@pytest.fixture(scope="module")
def periods(sample: Path) -> Document:
    found: Document = yaml.safe_load((sample / "evaluation.yaml").read_text(encoding="utf-8"))
    return found


@pytest.fixture(scope="module")
def trainings(sample: Path) -> Document:
    found: Document = yaml.safe_load((sample / "trainings.yaml").read_text(encoding="utf-8"))
    return found


def test_records_are_of_the_sample_s_staff_in_their_units(
    records: dict[str, Staff], people: dict[str, Document], sawahlunto: Document
) -> None:
    kinds = {service["kind"] for service in sawahlunto["services"]}
    for ref, person in records.items():
        assert people[ref]["unit"] == person.unit, ref
        assert set(person.service_types) <= kinds, ref


def test_whoever_rates_or_decides_is_somebody_with_that_role(
    records: dict[str, Staff], people: dict[str, Document]
) -> None:
    for person in records.values():
        for ref in (person.rater_ref, person.superior_ref):
            assert ref is None or {"rater", "unit_head", "leader"} & set(people[ref]["roles"]), (
                person.staff_ref
            )
        assert person.rater_ref is not None


def test_some_staff_are_no_civil_servants(records: dict[str, Staff]) -> None:
    assert len([person for person in records.values() if not person.is_asn]) >= 2


def test_a_period_is_in_every_stage(periods: Document, people: dict[str, Document]) -> None:
    assert STAGES - {what for one in periods["evaluations"] for what in one["shows"]} == set()
    assert "hr" in people[periods["opened_by"]]["roles"]
    staff = [one["staff_ref"] for one in periods["evaluations"]]
    assert len(set(staff)) == len(staff)
    # Her rating is for whoever takes the tour.
    assert "dukcapil-1" not in staff


def test_every_step_is_possible_and_ends_in_the_stage_it_is_there_for(
    periods: Document, records: dict[str, Staff], rules: CityRules
) -> None:
    quarter = Quarter.of(TODAY, periods["quarter"])
    for one in periods["evaluations"]:
        person = records[one["staff_ref"]]
        now = workflow.open_new(one["key"], person, quarter.starts_on, quarter.ends_on, one["record"], NOW)
        for step in one["steps"]:
            workflow.check_state(now, step["action"])
            assert step["by"] == actor_of(step["action"], person), (one["key"], step["action"])
            now = stepped(now, step, rules)
        assert now.state == one["state"], one["key"]


def actor_of(action: str, person: Staff) -> str | None:
    if action in ("agree", "read", "object"):
        return person.staff_ref
    return person.superior_ref if action == "decide" else person.rater_ref


def stepped(now: Evaluation, step: Document, rules: CityRules) -> Evaluation:
    table, payload = rules.matrix(now.end), step["payload"]
    labels = {key: label.to_data() for key, label in table.labels.items()}
    until = TODAY + timedelta(days=14)

    def issued(results: str, behaviour: str) -> Predikat:
        found = predikat(table, results, behaviour)
        return Predikat(found.key, found.label.to_data(), found.matrix_version, workflow.ISSUED)

    match step["action"]:
        case "expect":
            return workflow.expect(now, payload).evaluation
        case "agree":
            return workflow.agree(now).evaluation
        case "rate":
            return workflow.rate(now, payload, (), NOW).evaluation
        case "finalise":
            return workflow.finalise(now, issued, payload.get("organisation"), (), NOW).evaluation
        case "import":
            return workflow.import_result(now, payload, labels, table.version, NOW).evaluation
        case "read":
            started = workflow.start_clock(now, "read", NOW, until)
            assert started is not None
            return started.evaluation
        case "object":
            return objections.file_objection(now, payload, "objection", NOW, TODAY, until).evaluation
        case "decide":
            return objections.decide(
                now, payload, predikat_of=issued, labels=labels, warnings_for=lambda _: (), at=NOW
            ).evaluation
        case _:
            return workflow.follow_up(now, payload, NOW).evaluation


def days(document: Document) -> Document:
    """The document with days instead of numbers of days from the day of loading."""
    names = {"start_in_days": "start", "end_in_days": "end"}
    return {
        names.get(name, name): (TODAY + timedelta(days=value)).isoformat() if name in names else value
        for name, value in document.items()
    }


def test_offers_can_be_made_and_are_of_all_three_kinds(trainings: Document, rules: CityRules) -> None:
    offers = [
        read_offer(days(offer), offer["offer_id"], rules.jp.forms, frozenset({"magang"}))
        for offer in trainings["offers"]
    ]

    assert {"workshop", "pelatihan_teknis", "magang"} <= {offer.form for offer in offers}
    assert len({offer.offer_id for offer in offers}) == len(offers)
    # What a recommendation for a low figure can name: it has not begun yet.
    assert any("kompetensi" in offer.elements and offer.start > TODAY for offer in offers)


def test_an_internship_counts_by_a_rule_that_is_marked_as_an_example(
    trainings: Document, rules: CityRules
) -> None:
    for offer in trainings["offers"]:
        if offer["form"] == "magang":
            end = TODAY + timedelta(days=offer["end_in_days"])
            found = convert(rules.jp.rules, Activity("magang", end), sample=True)
            assert (found.jp, found.example) == (20, True)
            assert convert(rules.jp.rules, Activity("magang", end), sample=False).jp is None


def test_an_enrolment_is_in_every_state(
    trainings: Document, records: dict[str, Staff], people: dict[str, Document]
) -> None:
    offers = {offer["offer_id"]: offer for offer in trainings["offers"]}
    taken: dict[str, int] = {}
    for one in trainings["enrolments"]:
        offer, person, state = offers[one["offer"]], records[one["staff_ref"]], "requested"
        assert offer["end_in_days"] >= 0
        for step in one["steps"]:
            assert state in POSSIBLE[step["action"]], one
            expected = {"approve": person.rater_ref, "withdraw": person.staff_ref}
            assert step["by"] == expected.get(step["action"], trainings["offered_by"]), one
            state = {"approve": "approved", "complete": "completed", "withdraw": "withdrawn"}.get(
                step["action"], "confirmed"
            )
            if step["action"] == "confirm":
                full = taken.get(one["offer"], 0) >= offer.get("capacity", 1000)
                state = "waiting" if full else "confirmed"
                taken[one["offer"]] = taken.get(one["offer"], 0) + 1
        assert state == one["state"], one
    states = {one["state"] for one in trainings["enrolments"]}
    assert states == {"requested", "approved", "confirmed", "waiting", "completed", "withdrawn"}
    assert "hr" in people[trainings["offered_by"]]["roles"]


def test_an_internship_is_completed(trainings: Document) -> None:
    forms = {offer["offer_id"]: offer["form"] for offer in trainings["offers"]}

    assert "magang" in {forms[o["offer"]] for o in trainings["enrolments"] if o["state"] == "completed"}


def test_claims_can_be_read_and_are_in_every_state(
    trainings: Document, records: dict[str, Staff], rules: CityRules
) -> None:
    for claim in trainings["claims"]:
        entry = read_claim(days(claim["entry"]), claim["staff_ref"], rules.jp.forms, NOW, TODAY)
        found = convert(rules.jp.rules, entry.activity, sample=True)
        assert claim["staff_ref"] in records
        if claim["status"] in ("verified", "awaiting_rule"):
            assert (found.jp is None) == (claim["status"] == "awaiting_rule"), claim
    assert [claim["status"] for claim in trainings["claims"]] == [
        "claimed",
        "verified",
        "rejected",
        "awaiting_rule",
    ]


def test_everything_that_is_shown_of_trainings_is_marked_as_sample_data(trainings: Document) -> None:
    titles: Iterable[str] = [offer["title"] for offer in trainings["offers"]]

    assert all("data contoh" in title for title in titles)
    assert all("data contoh" in claim["entry"]["title"] for claim in trainings["claims"])
