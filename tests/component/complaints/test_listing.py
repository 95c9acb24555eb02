from typing import Any

import pytest
from component.complaints.world import ADMIN, COORDINATOR, OFFICER, World, as_json
from unit.complaints.factories import local

from complaints.errors import NotValid
from complaints.service import read_actor

PUBLIC = None


def codes(page: dict[str, Any]) -> list[str]:
    return [item["tracking_code"].replace("-", "") for item in page["items"]]


def listed(
    world: World, actor: object = PUBLIC, limit: int = 50, cursor: str | None = None, **filters: object
) -> dict:  # type: ignore[type-arg]
    return world.parts.reading.list(read_actor(actor), filters, cursor, limit)


def test_the_public_lists_what_was_released_and_nothing_else(world: World) -> None:
    released = world.assigned()
    world.file()
    world.assigned(confidential=True)

    page = listed(world)

    assert codes(page) == [released]
    assert page["counts"]["by_status"] == {"assigned": 1}
    shown = as_json(page)
    for private in ("depan rumah", "0812", "Jalan Contoh", "staf-", "-0.68123"):
        assert private not in shown, private


def test_lists_are_narrowed_by_text_box_month_service_and_status(world: World) -> None:
    code = world.assigned()

    for filters in (
        {"text": "lubang"},
        {"text": code},
        {"bbox": [100.7, -0.7, 100.8, -0.6]},
        {"month": "2026-11"},
        {"service_code": "jalan"},
        {"status": ["assigned", "closed"]},
        {"unit": ["dpupr"], "kind": ["complaint"]},
    ):
        assert codes(listed(world, **filters)) == [code], filters
    for filters in (
        {"text": "sampah"},
        {"bbox": [0, 0, 1, 1]},
        {"month": "2026-10"},
        {"service_code": "pungli"},
        {"status": ["closed"]},
    ):
        assert codes(listed(world, **filters)) == [], filters


def test_the_public_cannot_search_in_what_was_not_released(world: World) -> None:
    world.assigned()

    assert codes(listed(world, text="rumah")) == []
    assert codes(listed(world, COORDINATOR, text="rumah")) == []


def test_pages_follow_each_other_without_gap_or_repetition(world: World) -> None:
    expected = []
    for minute in range(7):
        world.clock.set(local(2, f"10:{minute:02d}"))
        expected.append(world.assigned())

    found: list[str] = []
    cursor = None
    while True:
        page = listed(world, limit=3, cursor=cursor)
        found += codes(page)
        cursor = page["next_cursor"]
        if cursor is None:
            break

    assert found == expected[::-1]


def test_staff_pages_end_too_when_nothing_is_due(world: World) -> None:
    for _ in range(5):
        world.act(world.file(), "reject", ground="tidak_jelas", explanation="Tidak jelas.")
    world.file()

    first = listed(world, COORDINATOR, limit=4)
    second = listed(world, COORDINATOR, limit=4, cursor=first["next_cursor"])

    assert first["items"][0]["status"] == "filed"
    assert len(set(codes(first) + codes(second))) == 6
    assert second["next_cursor"] is None


def test_staff_see_what_is_due_first_within_their_scope(world: World) -> None:
    late = world.assigned(received_at=local(2).isoformat())
    world.file()
    early = world.file(received_at="2026-10-26T02:00:00+00:00")

    assert codes(listed(world, COORDINATOR))[0] == early
    assert codes(listed(world, OFFICER)) == [late]
    assert listed(world, COORDINATOR)["counts"]["by_status"] == {"filed": 2, "assigned": 1}
    assert codes(listed(world, COORDINATOR, overdue=True)) == [early]
    assert len(codes(listed(world, ADMIN))) == 3


def test_mine_are_those_assigned_to_me(world: World) -> None:
    code = world.assigned()
    assert codes(listed(world, OFFICER, mine=True)) == []

    world.act(code, "assign", unit="dpupr", officer="staf-017")

    assert codes(listed(world, OFFICER, mine=True)) == [code]


def test_a_unit_cannot_widen_its_scope_by_a_filter(world: World) -> None:
    world.assigned()

    other = {"ref": "staf-9", "roles": ["officer"], "unit": "dlh"}
    assert codes(listed(world, other, unit=["dpupr"])) == []


@pytest.mark.parametrize(
    ("filters", "pointer"),
    [
        ({"month": "november"}, "/month"),
        ({"bbox": [1, 2, 3]}, "/bbox"),
        ({"bbox": [200, 0, 201, 1]}, "/bbox"),
        ({"bbox": ["a", "b", "c", "d"]}, "/bbox"),
    ],
)
def test_a_filter_that_cannot_be_read_is_named(world: World, filters: dict[str, Any], pointer: str) -> None:
    with pytest.raises(NotValid) as refusal:
        listed(world, **filters)
    assert refusal.value.faults[0].pointer == pointer


@pytest.mark.parametrize("cursor", ["x", "!!!", "bnVsbA", "W10", "eyJhIjoxfQ"])
def test_a_foreign_cursor_is_refused(world: World, cursor: str) -> None:
    with pytest.raises(NotValid):
        listed(world, cursor=cursor)


def test_figures_count_exactly(world: World) -> None:
    world.assigned()
    world.file()
    world.file(service_code="tidak-ada")

    figures = world.parts.reading.figures(read_actor(COORDINATOR))

    assert figures["by_status"] == {"filed": 2, "assigned": 1}
    assert (figures["total"], figures["needs_review"]) == (3, 1)
    assert world.parts.reading.figures(read_actor(OFFICER))["total"] == 1


def test_the_published_catalogue_is_what_was_sent(world: World) -> None:
    shown = world.parts.catalogue.published()

    assert shown["version"] == 1
    assert shown["city"]["code"] == "kota"
    service = next(s for s in shown["services"] if s["code"] == "jalan")
    assert (service["city"], service["version"], service["active"]) == ("kota", 1, True)
    assert service["attributes"][0]["code"] == "lebar"
    assert shown["jurisdictions"][0]["boundary"]["type"] == "Polygon"
    assert {e.type for e in world.events()} == {"unit.changed.v1", "service.changed.v1"}
