from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from complaints.domain.workflow import TRANSITIONS
from tanggap import city as cities

City = dict[str, Any]

STATES = {
    "received",
    "filed",
    "verified",
    "assigned",
    "in_progress",
    "info_requested",
    "resolved",
    "closed",
    "rejected",
    "merged",
}


def test_complaints_takes_the_bundle(folder: Path, faults_of: Callable[[City], list[Any]]) -> None:
    assert faults_of(cities.bundle(folder / "sawahlunto")) == []


def test_there_are_enough_units_and_services_of_every_kind(sawahlunto: City) -> None:
    kinds = Counter(service["kind"] for service in sawahlunto["services"])

    assert len(sawahlunto["units"]) >= 12
    assert len(sawahlunto["services"]) >= 40
    assert min(kinds[kind] for kind in ("complaint", "aspiration", "information", "document")) >= 5


def test_every_datatype_is_asked_for_somewhere(sawahlunto: City) -> None:
    asked = {question["datatype"] for service in sawahlunto["services"] for question in service["attributes"]}

    assert asked == {"string", "number", "datetime", "text", "singlevaluelist", "multivaluelist"}


def test_oversight_goes_to_the_inspectorate_and_nothing_else_does(sawahlunto: City) -> None:
    inspectorate = sawahlunto["city"]["inspectorate_unit"]

    for service in sawahlunto["services"]:
        assert service["supervisory"] == (service["unit"] == inspectorate), service["code"]
    assert {"pungutan-liar", "penyalahgunaan-wewenang", "perilaku-petugas"} <= {
        service["code"] for service in sawahlunto["services"] if service["supervisory"]
    }


def test_legal_bases_of_the_city_itself_are_left_to_the_city(sawahlunto: City) -> None:
    invented = [
        (service["code"], law)
        for service in sawahlunto["services"]
        for law in service["standard"]["legal_basis"]
        if law.startswith(("Perda", "Perwako", "Peraturan Wali Kota", "Peraturan Daerah"))
    ]

    assert invented == []


def test_the_four_districts_have_their_villages_and_lie_inside(
    sawahlunto: City, contains: Callable[[City, float, float], bool]
) -> None:
    districts = sawahlunto["city"]["districts"]

    assert [district["name"] for district in districts] == [
        "Lembah Segar",
        "Barangin",
        "Silungkang",
        "Talawi",
    ]
    assert [len(district["villages"]) for district in districts] == [11, 10, 5, 11]
    for district in districts:
        assert all(village["code"].startswith(district["code"]) for village in district["villages"])
        assert contains(sawahlunto["boundary"], district["centre"]["lat"], district["centre"]["lon"])


def test_neighbouring_cities_lie_outside(
    sawahlunto: City, contains: Callable[[City, float, float], bool]
) -> None:
    elsewhere = {"Padang": (-0.947, 100.417), "Solok": (-0.799, 100.655), "Batusangkar": (-0.454, 100.590)}

    assert [name for name, point in elsewhere.items() if contains(sawahlunto["boundary"], *point)] == []


def test_wording_has_both_languages_for_every_code(folder: Path) -> None:
    wording = yaml.safe_load((folder / "sawahlunto" / "wording.yaml").read_text(encoding="utf-8"))

    for name, codes in wording.items():
        for code, text in codes.items():
            assert isinstance(code, str), (name, code)
            assert text["id"].strip() and text["en"].strip(), (name, code)
    assert all(
        {"id", "en"} <= set(text["text"]) for part in ("ground", "reason") for text in wording[part].values()
    )


def test_wording_knows_every_status_action_and_stage(sawahlunto: City, folder: Path) -> None:
    wording = yaml.safe_load((folder / "sawahlunto" / "wording.yaml").read_text(encoding="utf-8"))

    assert set(wording["status"]) == STATES
    assert set(TRANSITIONS) <= set(wording["action"])
    counted = {"max_bounces", "max_pauses"}
    assert {row["stage"] for row in sawahlunto["deadlines"]} - counted <= set(wording["stage"])
