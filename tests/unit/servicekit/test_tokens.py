from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servicekit.sealing import KeyRing, generate_key
from servicekit.tokens import BadToken, mint, read

TODAY = date(2026, 11, 24)
OLD, NEW = generate_key("k1"), generate_key("k2")
RING = KeyRing.parse(OLD)


def test_a_token_is_read_until_its_last_day_and_no_longer() -> None:
    token = mint(RING, "i", TODAY)

    assert read(RING, token.text, TODAY) == token
    with pytest.raises(BadToken, match="expired"):
        read(RING, token.text, TODAY + timedelta(days=1))


def test_capitals_and_letters_that_look_alike_are_forgiven() -> None:
    token = mint(RING, "q", TODAY)
    as_typed = token.text.upper().replace("0", "O").replace("1", "L")

    assert read(RING, f" {as_typed} ", TODAY) == token


@given(st.integers(0, 43), st.sampled_from("0123456789abcdefghjkmnpqrstvwxyz"))
def test_no_other_letter_anywhere_makes_another_good_token(place: int, letter: str) -> None:
    token = mint(RING, "i", TODAY)
    changed = token.text[:place] + letter + token.text[place + 1 :]
    if changed == token.text:
        return

    with pytest.raises(BadToken, match="forged|malformed"):
        read(RING, changed, TODAY)


@given(st.text(max_size=60))
def test_nonsense_is_malformed_or_forged_and_never_quoted(text: str) -> None:
    with pytest.raises(BadToken) as refused:
        read(RING, text, TODAY)

    assert str(refused.value) in ("malformed", "forged")


def test_a_rotated_key_still_reads_and_a_foreign_one_does_not() -> None:
    token = mint(RING, "i", TODAY)

    assert read(KeyRing.parse(f"{NEW},{OLD}"), token.text, TODAY) == token
    with pytest.raises(BadToken, match="forged"):
        read(KeyRing.parse(NEW), token.text, TODAY)


def test_two_tokens_differ_and_so_do_their_fingerprints() -> None:
    first, second = mint(RING, "i", TODAY), mint(RING, "i", TODAY)

    assert first.text != second.text
    assert first.fingerprint != second.fingerprint
    assert first.text not in first.fingerprint
