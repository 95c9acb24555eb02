from dataclasses import replace
from typing import Any

import pytest
from unit.complaints.factories import did, filed, local, stepped

from complaints.domain.actions import Comment, Verify
from complaints.domain.case import Case
from complaints.domain.history import Link, extend, verifies
from complaints.store.documents import link_from_document, link_to_document


def chain() -> tuple[Case, list[Link]]:
    case = replace(filed(), history_length=0, history_digest="")
    links = []
    for action in (Verify("Teks."), Comment("Nomor saya 0812"), Comment("Terima kasih")):
        step = stepped(case, action, local(3))
        case, link = extend(step.case, step.record, local(3))
        links.append(link)
    return case, links


def check(case: Case, links: list[Link]) -> bool:
    return verifies(links, case.history_length, case.history_digest)


def test_an_untouched_chain_verifies_also_after_storage() -> None:
    case, links = chain()

    assert check(case, links)
    assert check(case, [link_from_document(link_to_document(case.code, link)) for link in links])


@pytest.mark.parametrize(
    "change",
    [
        {"actor_ref": "staf-999"},
        {"to_status": "closed"},
        {"at": local(4)},
        {"details": {"text": "Lain", "internal": False}},
        {"version": 9},
        {"details": {"text": "Nomor saya 0812", "internal": False, "added": 1}},
    ],
)
def test_any_change_of_a_link_is_found(change: dict[str, Any]) -> None:
    case, links = chain()
    links[1] = replace(links[1], **change)

    assert not check(case, links)


def test_a_missing_repeated_or_moved_link_is_found() -> None:
    case, links = chain()

    assert not check(case, links[:-1])
    assert not check(case, links[1:])
    assert not check(case, [links[0], links[2], links[1]])
    assert not check(case, [*links, links[-1]])


def test_a_value_can_be_erased_and_the_chain_still_verifies() -> None:
    case, links = chain()
    links[1] = replace(links[1], details={}, salt=None)

    assert check(case, links)
    assert "Nomor saya" not in str(links)


def test_equal_values_have_different_digests() -> None:
    first = did(filed(), Comment("sama"), local(3))
    _, one = extend(first, stepped(first, Comment("sama"), local(3)).record, local(3))
    _, two = extend(first, stepped(first, Comment("sama"), local(3)).record, local(3))

    assert one.sealed["text"] != two.sealed["text"]
