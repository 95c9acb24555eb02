import pytest

from servicekit.errors import DuplicateEvent
from servicekit.inbox import Inbox
from servicekit.mongo import MongoHandle
from servicekit.outbox import Outbox
from servicekit.testing import MemoryInbox, MemoryOutbox, make_event


class Session:
    """Runs a callback as a handler would; the fakes need no transaction."""

    def __init__(self, mongo=None):
        self.mongo = mongo

    def transact(self, callback):
        return self.mongo.transact(callback) if self.mongo else callback(None)


@pytest.fixture
def mongo(database):
    handle = MongoHandle(database.url, service="keeper")
    handle.prepared.set()
    yield handle
    handle.client.close()


@pytest.fixture(params=["memory", "real"])
def inbox(request, mongo):
    real = Inbox(mongo.database)
    real.ensure_indexes()
    return (MemoryInbox(), Session()) if request.param == "memory" else (real, Session(mongo))


@pytest.fixture(params=["memory", "real"])
def outbox(request, mongo):
    real = Outbox(mongo.database)
    real.ensure_indexes()
    return (MemoryOutbox(), Session()) if request.param == "memory" else (real, Session(mongo))


def test_unseen_keeps_order_and_gives_each_id_once(inbox):
    box, session = inbox
    first, second, third = (make_event() for _ in range(3))

    fresh = session.transact(lambda s: box.unseen(s, "h", [second, first, second, third, first]))

    assert fresh == [second, first, third]


def test_what_was_recorded_is_not_unseen_for_that_handler(inbox):
    box, session = inbox
    first, second = make_event(), make_event()
    session.transact(lambda s: box.record(s, "h", [first.id]))

    assert session.transact(lambda s: box.unseen(s, "h", [first, second])) == [second]
    assert session.transact(lambda s: box.unseen(s, "other", [first])) == [first]


def test_recording_nothing_is_allowed(inbox):
    box, session = inbox

    session.transact(lambda s: box.record(s, "h", []))


def test_the_outbox_refuses_an_id_twice(outbox):
    box, session = outbox
    event = make_event()
    session.transact(lambda s: box.append(s, [event]))

    with pytest.raises(DuplicateEvent):
        session.transact(lambda s: box.append(s, [make_event(), event]))


def test_appending_nothing_is_allowed(outbox):
    box, session = outbox

    session.transact(lambda s: box.append(s, []))


def test_two_transactions_that_race_for_one_event_apply_it_once(mongo):
    import eventlet

    box, event = Inbox(mongo.database), make_event()
    box.ensure_indexes()
    applied = mongo.database["applied"]
    mongo.database.create_collection("applied")

    def apply(session):
        for fresh in box.unseen(session, "h", [event]):
            eventlet.sleep(0.05)
            applied.insert_one({"event": fresh.id}, session=session)
            box.record(session, "h", [fresh.id])

    racers = [eventlet.spawn(mongo.transact, apply) for _ in range(4)]
    for racer in racers:
        racer.wait()

    assert applied.count_documents({}) == 1


def test_a_transaction_ends_within_its_deadline(mongo):
    import time

    from pymongo.errors import OperationFailure, PyMongoError

    def conflicts_for_ever(session):
        mongo.database["rows"].insert_one({}, session=session)
        raise OperationFailure("conflict", 112, {"errorLabels": ["TransientTransactionError"]})

    began = time.monotonic()
    # The conflict, or the driver's own timeout where the deadline came in the middle of an attempt.
    with pytest.raises(PyMongoError):
        mongo.transact(conflicts_for_ever, timeout=1)

    assert time.monotonic() - began < 2
    assert mongo.database["rows"].count_documents({}) == 0
