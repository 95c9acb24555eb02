import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servicekit.errors import ConfigurationError
from servicekit.sealing import KeyRing, SealError, generate_key

OLD, NEW = generate_key("old"), generate_key("new")
RING = KeyRing.parse(f"{NEW},{OLD}")


@given(st.dictionaries(st.text(max_size=10), st.text(max_size=50) | st.none() | st.booleans(), max_size=5))
def test_a_block_opens_for_its_recipient_and_context(value):
    token = RING.seal(value, recipient="here", context="thing-1")

    assert RING.open(token, recipient="here", context="thing-1") == value


@pytest.mark.parametrize(
    ("recipient", "context"), [("there", "thing-1"), ("here", "thing-2"), ("", "here|thing-1")]
)
def test_a_block_opens_nowhere_else(recipient, context):
    token = RING.seal({"name": "Budi"}, recipient="here", context="thing-1")

    with pytest.raises(SealError):
        RING.open(token, recipient=recipient, context=context)


def test_a_rotated_ring_opens_what_the_old_key_sealed():
    token = KeyRing.parse(OLD).seal("secret", recipient="here", context="c")

    assert RING.open(token, recipient="here", context="c") == "secret"
    assert not RING.is_current(token)
    assert RING.is_current(RING.seal("x", recipient="here", context="c"))


def test_a_key_that_left_the_ring_opens_nothing():
    token = RING.seal("secret", recipient="here", context="c")

    with pytest.raises(SealError):
        KeyRing.parse(OLD).open(token, recipient="here", context="c")


@given(st.integers(min_value=0), st.integers(min_value=1, max_value=255))
def test_one_changed_byte_is_noticed(position, flip):
    version, kid, nonce, sealed = RING.seal("secret", recipient="here", context="c").split(".")
    raw = bytearray(base64.urlsafe_b64decode(sealed + "=" * (-len(sealed) % 4)))
    raw[position % len(raw)] ^= flip
    damaged = base64.urlsafe_b64encode(raw).rstrip(b"=").decode()

    with pytest.raises(SealError):
        RING.open(f"{version}.{kid}.{nonce}.{damaged}", recipient="here", context="c")


@given(st.text(max_size=60))
def test_any_text_is_a_block_or_refused(token):
    with pytest.raises(SealError):
        RING.open(token, recipient="here", context="c")


def test_the_same_value_never_seals_alike():
    assert len({RING.seal("x", recipient="here", context="c") for _ in range(50)}) == 50


def test_raw_bytes_can_be_wrapped():
    wrapped = RING.seal_bytes(b"\x00\xff", recipient="vault", context="r-1")

    assert RING.open_bytes(wrapped, recipient="vault", context="r-1") == b"\x00\xff"


@pytest.mark.parametrize("text", ["", "k1", "k1:short", "k 1:" + "A" * 43, f"{NEW},{NEW}", "k1:" + "*" * 43])
def test_a_wrong_ring_is_refused_without_quoting_it(text):
    with pytest.raises(ConfigurationError) as caught:
        KeyRing.parse(text)

    assert "A" * 10 not in str(caught.value)
    assert NEW.partition(":")[2] not in str(caught.value)


def test_digests_come_from_every_key_with_the_current_first():
    current, old = RING.digests(b"message")

    assert [current] == KeyRing.parse(NEW).digests(b"message")
    assert [old] == KeyRing.parse(OLD).digests(b"message")


def test_keys_do_not_show_in_a_representation():
    assert NEW.partition(":")[2] not in repr(RING)
    assert "old" not in repr(RING)
