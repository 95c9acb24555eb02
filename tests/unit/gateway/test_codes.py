import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.codes import (
    ALPHABET,
    Codes,
    body_hash,
    canonical,
    check_character,
    is_unguessable,
    secret_digest,
    shown,
)
from servicekit.sealing import KeyRing, generate_key

digits = st.text(ALPHABET, min_size=12, max_size=12)


def ring(*kids: str) -> KeyRing:
    return KeyRing.parse(",".join(generate_key(kid) for kid in kids))


@given(digits)
def test_a_code_is_read_back_in_every_way_it_may_be_written(text: str) -> None:
    code = text + check_character(text)

    for written in (
        code,
        shown(code),
        code.lower(),
        f"  {shown(code).lower()} ",
        shown(code).replace("-", " "),
    ):
        assert canonical(written) == code
    assert canonical(code.replace("0", "O").replace("1", "l")) == code


@given(digits, st.integers(0, 12), st.sampled_from(ALPHABET))
def test_every_single_wrong_character_is_caught(text: str, place: int, wrong: str) -> None:
    code = text + check_character(text)
    changed = code[:place] + wrong + code[place + 1 :]

    assert (canonical(changed) == code) if changed == code else (canonical(changed) is None)


@given(digits, st.integers(0, 12), st.integers(0, 12))
def test_every_swap_of_two_characters_is_caught(text: str, one: int, other: int) -> None:
    letters = list(text + check_character(text))
    letters[one], letters[other] = letters[other], letters[one]
    changed = "".join(letters)

    assert changed == text + check_character(text) or canonical(changed) is None


@given(st.text(max_size=60))
def test_any_text_is_a_code_or_none(text: str) -> None:
    code = canonical(text)

    assert code is None or (len(code) == 13 and check_character(code[:12]) == code[12])


def test_the_same_request_derives_the_same_identity_in_every_replica() -> None:
    shared = ring("h1")
    body = body_hash({"a": 1, "b": [1, 2]})

    assert Codes(shared).identify("public", "k", body) == Codes(shared).identify("public", "k", body)


def test_order_and_spacing_of_the_body_do_not_matter() -> None:
    assert body_hash({"a": 1, "b": {"c": 2, "d": 3}}) == body_hash({"b": {"d": 3, "c": 2}, "a": 1})


@pytest.mark.parametrize(
    ("caller", "key", "body"),
    [("public", "k", {"a": 2}), ("public", "other", {"a": 1}), ("staff:x", "k", {"a": 1})],
)
def test_caller_key_and_body_each_make_another_case(caller: str, key: str, body: dict[str, int]) -> None:
    codes = Codes(ring("h1"))
    (first,) = codes.identify("public", "k", body_hash({"a": 1}))

    (other,) = codes.identify(caller, key, body_hash(body))

    assert {first.code, first.secret, first.event_id, first.contact_ref}.isdisjoint(
        {other.code, other.secret, other.event_id, other.contact_ref}
    )


def test_event_ids_are_uuid_version_8_and_unlike_contact_references() -> None:
    (identity,) = Codes(ring("h1")).identify("public", "k", body_hash({}))

    assert uuid.UUID(identity.event_id).version == 8
    assert identity.event_id != identity.contact_ref


def test_a_secret_is_128_bits_and_proves_its_own_code_alone() -> None:
    codes = Codes(ring("h1"))
    one, other = (codes.identify("public", key, body_hash({}))[0] for key in ("a", "b"))

    assert len(one.secret) == 26
    assert codes.proves(one.code, one.secret)
    assert not codes.proves(other.code, one.secret)
    assert not codes.proves(one.code, "")
    assert not codes.proves(one.code, "é" * 26)


def test_secrets_of_a_rotated_key_are_still_proved_until_it_leaves_the_ring() -> None:
    old = generate_key("h1")
    (identity,) = Codes(KeyRing.parse(old)).identify("public", "k", body_hash({}))

    rotated = Codes(KeyRing.parse(f"{generate_key('h2')},{old}"))

    assert rotated.proves(identity.code, identity.secret)
    assert identity in rotated.identify("public", "k", body_hash({}))[1:]
    assert not Codes(ring("h3")).proves(identity.code, identity.secret)


@pytest.mark.parametrize(
    ("key", "accepted"),
    [
        (str(uuid.uuid4()), True),
        (uuid.uuid4().hex, True),
        ("qk3Jd8sLw0PzXn5VbTfRy7UaHe2Mc9GiOo1Q", True),
        ("short", False),
        ("a" * 40, False),
        ("order-1", False),
        ("{" + str(uuid.uuid4()) + "}", False),
    ],
)
def test_strangers_need_keys_that_cannot_be_guessed(key: str, accepted: bool) -> None:
    assert is_unguessable(key) is accepted


def test_complaints_keeps_a_digest_of_the_secret() -> None:
    assert secret_digest("a") == "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"
