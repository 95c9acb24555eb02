from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from component.notifications.world import CITY, CODE, World, case_event, filed, staff_contact

from notifications.cityload import CityLoader
from servicekit.errors import Forbidden, Invalid

COORDINATOR = {"ref": "kord-1", "roles": ["coordinator"], "unit": None}
ADMIN = {"ref": "adm-1", "roles": ["admin"], "unit": None}
OTHER = "2N8PFA6Y0KVCJ"


@pytest.fixture
def told(world: World) -> World:
    world.app.registry.on_contact_submitted(
        [staff_contact("kord-1", ["coordinator"]), staff_contact("insp-1", ["inspector"], "inspektorat")]
    )
    codes = [f"7K3M9QXD4TR{letter}H" for letter in "ABCDE"]
    world.handle(*[filed(code) for code in codes])
    world.handle(filed(OTHER, inspectorate=True, unit="inspektorat"))
    return world


def test_an_inbox_is_paged_newest_first_and_marked_read(told: World) -> None:
    queries = told.app.queries

    first = queries.inbox(COORDINATOR, None, 3, False)
    rest = queries.inbox(COORDINATOR, first["next_cursor"], 3, False)

    assert [len(first["items"]), len(rest["items"]), first["unread"], rest["next_cursor"]] == [3, 2, 5, None]
    ids = [item["id"] for item in first["items"] + rest["items"]]
    assert ids == sorted(ids, reverse=True)
    assert first["items"][0]["link"] == "/petugas/7K3M-9QXD-4TRE-H"
    assert "http" not in first["items"][0]["text"]
    assert queries.mark_read(COORDINATOR, ids[:2]) == {"marked": 2, "unread": 3}
    assert len(queries.inbox(COORDINATOR, None, 10, True)["items"]) == 3
    assert queries.mark_read(COORDINATOR, None) == {"marked": 3, "unread": 0}


def test_nobody_reads_or_marks_the_inbox_of_another(told: World) -> None:
    queries = told.app.queries
    mine = queries.inbox(COORDINATOR, None, 10, False)["items"]

    assert (
        queries.mark_read({"ref": "insp-1", "roles": ["inspector"]}, [item["id"] for item in mine])["marked"]
        == 0
    )
    for actor in (None, {"ref": None, "roles": ["reporter"]}, {"ref": None, "roles": ["coordinator"]}):
        with pytest.raises(Forbidden):
            queries.inbox(actor, None, 10, False)


def test_deliveries_are_masked_and_hide_inspectorate_cases_from_the_coordinator(told: World) -> None:
    filters: dict[str, Any] = {"complaint_id": None, "channel": "email"}

    seen = told.app.queries.deliveries(COORDINATOR, filters, True, None, 50)
    all_of_them = told.app.queries.deliveries(ADMIN, filters, True, None, 50)

    assert {item["recipient"] for item in seen["items"]} == {"s***@example.invalid"}
    assert OTHER not in {item["complaint_id"] for item in seen["items"]}
    assert OTHER in {item["complaint_id"] for item in all_of_them["items"]}
    assert sum(count["count"] for count in seen["counts"]) == 5
    assert "Siti" not in str(all_of_them)
    with pytest.raises(Forbidden):
        told.app.queries.deliveries(
            {"ref": "s", "roles": ["officer"], "unit": "dpupr"}, filters, False, None, 5
        )


def test_an_anonymous_reporter_is_not_even_shown_masked(world: World) -> None:
    world.handle(filed(anonymous=True))

    (item,) = world.app.queries.deliveries(ADMIN, {"channel": "email"}, False, None, 5)["items"]

    assert (item["audience"], item["recipient"]) == ("reporter", None)


def test_deliveries_of_one_case_carry_their_attempts(world: World) -> None:
    world.handle(filed())
    world.send()

    found = world.app.queries.deliveries(ADMIN, {"complaint_id": CODE, "channel": "email"}, False, None, 5)

    (attempt,) = found["items"][0]["attempt_log"]
    assert (attempt["n"], attempt["outcome"], attempt["code"]) == (1, "sent", "250")


@pytest.mark.parametrize("value", [{"$ne": None}, ["x"], 5])
def test_a_filter_that_is_no_text_is_refused(world: World, value: Any) -> None:
    with pytest.raises(Invalid):
        world.app.queries.deliveries(ADMIN, {"complaint_id": value}, False, None, 5)


def test_a_dry_run_stores_nothing_and_shows_nothing_private(told: World) -> None:
    before = {name: told.mongo.database[name].count_documents({}) for name in ("intents", "outbox", "inbox")}
    event = case_event("complaint.resolved.v1", "7K3M9QXD4TRAH", contact_ref="ref-7K3M9QXD4TRAH")

    found = told.app.queries.dry_run(COORDINATOR, event.to_dict())

    (intent,) = found["intents"]
    assert (intent["rule"], intent["outcome"], intent["recipient_ref"]) == (
        "resolved",
        "send",
        "ref-7K3M9QXD4TRAH",
    )
    assert "Siti" not in intent["text"]
    assert "rahasia" not in intent["text"]
    assert before == {name: told.mongo.database[name].count_documents({}) for name in before}
    with pytest.raises(Invalid):
        told.app.queries.dry_run(ADMIN, {"type": "x"})


def test_reloading_makes_new_versions_and_pins_the_old_ones(world: World, tmp_path: Path) -> None:
    world.handle(filed())
    copied_city(tmp_path)
    template = tmp_path / "notifications" / "templates" / "receipt.id.txt"
    template.write_text(template.read_text().replace("sudah kami terima pada", "kami terima pada"))
    loader(world, tmp_path)

    found = world.app.queries.reload_city(ADMIN)

    assert found["changed"] is True
    world.handle(filed(OTHER))
    versions = {
        intent["complaint_id"]: intent["template_version"] for intent in world.intents(rule="receipt")
    }
    assert versions == {CODE: 1, OTHER: 2}
    stored = list(
        world.mongo.database["templates"].find({"key": "receipt", "language": "id"}).sort("version", 1)
    )
    assert [row["version"] for row in stored] == [1, 2]
    assert "sudah kami terima pada" in stored[0]["body"]
    assert world.app.queries.reload_city(ADMIN)["changed"] is False


def test_processes_that_start_together_agree_on_one_set(world_of: Callable[..., World]) -> None:
    import eventlet

    worlds = [world_of() for _ in range(6)]

    loads = [eventlet.spawn(one.app.cities.load) for one in worlds for _ in range(2)]
    revisions = {load.wait()[1].revision for load in loads}

    database = worlds[0].mongo.database
    assert revisions == {1}
    assert {row["version"] for name in ("templates", "rules") for row in database[name].find()} == {1}


def test_a_set_with_faults_is_refused_as_a_whole_and_the_old_one_stays(world: World, tmp_path: Path) -> None:
    copied_city(tmp_path)
    templates = tmp_path / "notifications" / "templates"
    (templates / "receipt.en.txt").unlink()
    (templates / "verified.id.txt").write_text("---\nsubject: ((unknown_word))\n---\n((due")
    loader(world, tmp_path)

    with pytest.raises(Invalid) as refused:
        world.app.queries.reload_city(ADMIN)

    details = " ".join(error.detail for error in refused.value.errors)
    assert "template receipt has no usable text in en" in details
    assert "template verified.id" in details
    world.handle(filed())
    assert world.intent(rule="receipt")["template_version"] == 1
    with pytest.raises(Forbidden):
        world.app.queries.reload_city(COORDINATOR)


def copied_city(target: Path) -> None:
    for path in [CITY / "city.yaml", CITY / "wording.yaml", *(CITY / "notifications").rglob("*.*")]:
        copy = target / path.relative_to(CITY)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())


def loader(world: World, folder: Path) -> None:
    """Point the service at another folder, as an administrator does who edits the files."""
    own: CityLoader = world.app.cities
    own._folder = folder


def test_a_contact_under_a_new_key_is_moved_and_still_opens(world: World) -> None:
    from notifications.recipients import RECIPIENT
    from servicekit.sealing import KeyRing, generate_key

    world.handle(filed())
    assert world.config.seal_keys is not None
    rotated = KeyRing((*KeyRing.parse(generate_key("k2")).keys, *world.config.seal_keys.keys))
    registry = world.app.registry
    registry._ring = rotated

    assert registry.reseal() == 1
    assert registry.reseal() == 0

    row = world.mongo.database["contacts"].find_one({"_id": f"ref-{CODE}"})
    assert row is not None
    assert row["kid"] == "k2"
    assert rotated.open(row["sealed"], recipient=RECIPIENT, context=row["_id"])["name"] == "Siti Rahma"


def test_an_older_name_does_not_replace_a_newer_one(world: World) -> None:
    newer = case_event("complaint.verified.v1")
    unit = {"city": "sawahlunto", "unit": "dlh", "version": 3, "name": {"id": "Baru", "en": "New"}}
    older = {**unit, "version": 2, "name": {"id": "Lama", "en": "Old"}}
    event = replace(newer, type="unit.changed.v1", subject="dlh", data=unit)

    world.app.registry.on_catalogue_changed([event])
    world.app.registry.on_catalogue_changed([replace(event, id="x", data=older)])

    row = world.mongo.database["units"].find_one({"_id": "dlh"})
    assert row is not None
    assert row["name"]["id"] == "Baru"
