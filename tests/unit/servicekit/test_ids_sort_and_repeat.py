import hashlib
import time
import uuid
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from servicekit.ids import FrozenClock, SystemClock, uuid7, uuid8


def test_ids_sort_as_they_were_made():
    ids = [uuid7() for _ in range(5000)]

    assert ids == sorted(ids)
    assert len(set(ids)) == 5000


def test_an_id_is_a_version_7_uuid_of_now():
    made = uuid.UUID(uuid7())

    assert made.version == 7
    assert made.variant == uuid.RFC_4122
    assert abs((made.int >> 80) / 1000 - time.time()) < 5


@given(st.binary(min_size=1, max_size=50))
def test_the_same_digest_gives_the_same_id(message):
    digest = hashlib.sha256(message).digest()

    made = uuid.UUID(uuid8(digest))

    assert made.version == 8
    assert made.variant == uuid.RFC_4122
    assert uuid8(digest) == str(made)


def test_different_digests_give_different_ids():
    assert len({uuid8(hashlib.sha256(bytes([n])).digest()) for n in range(200)}) == 200


def test_a_frozen_clock_moves_only_when_told():
    clock = FrozenClock(datetime(2026, 3, 1, tzinfo=UTC))

    clock.advance(hours=2)

    assert clock.now() == datetime(2026, 3, 1, 2, tzinfo=UTC)
    assert SystemClock().now().tzinfo is UTC
