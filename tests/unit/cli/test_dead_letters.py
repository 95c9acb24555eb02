"""`tanggap dlq`: what is shown of a dead letter, how it goes back, and what has to be said to lose it."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from servicekit.testing import make_event
from servicekit.topology import OPERATOR, Topology
from servicekit.verdicts import Accepts
from tanggap.dlq import parked, post
from tanggap.dlq.command import dlq
from tanggap.dlq.letters import HIDDEN, Letter, shown
from tanggap.errors import CliError

TOPOLOGY = Topology.load(Path(__file__).resolve().parents[3] / "contracts")
CONSUMER = TOPOLOGY.consumer("surveys", "on_case_event")
BELIEVED = ("surveys", OPERATOR)
QUEUE = CONSUMER.dead_letter_queue
EVENT = make_event(
    "complaint.closed.v1", {"reason": "Ibu Contoh tidak dapat dihubungi", "sealed": "v1.k.n.c"}
)


def letter(
    body: bytes | None = None, headers: Mapping[str, Any] | None = None, tag: int = 1, **properties: Any
) -> Letter:
    usual = {"content_type": "application/cloudevents+json", "message_id": EVENT.id, "user_id": "surveys"}
    told = {"x-origin-user": "complaints", "x-reason": "failed:KeyError", "x-attempt": 4, "x-failure": 4}
    return Letter(
        EVENT.to_bytes() if body is None else body,
        usual | properties,
        told if headers is None else headers,
        tag,
        BELIEVED,
    )


# What is shown


def test_the_envelope_names_the_event_and_the_reason_and_nothing_that_somebody_wrote() -> None:
    envelope = letter().envelope()

    assert envelope["id"] == EVENT.id
    assert envelope["type"] == "complaint.closed.v1"
    assert envelope["reason"] == "failed:KeyError"
    assert envelope["publisher"] == "complaints"
    assert envelope["attempts"] == "4"
    assert "Contoh" not in str(envelope)
    assert "v1.k.n.c" not in str(envelope)
    assert "Contoh" not in repr(letter())


@pytest.mark.parametrize("value", ["complaint.filed.v1", EVENT.id, "7K3M9QXD4TRWH", "/departments/pdam", ""])
def test_codes_and_ids_are_shown(value: str) -> None:
    assert shown(value) == value


@pytest.mark.parametrize(
    "value", ["Ibu Contoh", "1373012345670001", "+6281234567890", "ibu@example.invalid", "x" * 100]
)
def test_what_may_be_a_name_a_number_or_an_address_is_not(value: str) -> None:
    assert shown(value) == HIDDEN


def test_a_body_that_is_no_event_is_said_to_be_none_and_gets_a_name_of_its_own() -> None:
    broken = letter(b"NIK 1373012345670001", message_id="1373012345670001")

    assert broken.id.startswith("body-")
    assert broken.envelope()["event"] == "the body is no event"
    assert "1373" not in str(broken.envelope())


def test_the_brokers_own_reason_stands_where_nobody_gave_one() -> None:
    assert letter(headers={"x-death": [{"reason": "delivery_limit"}]}).reason == "delivery_limit"
    assert letter(headers={}).reason == "unknown"


# How it goes back


class Arrived:
    """A message as the consumer's side sees it."""

    def __init__(self, body: bytes, properties: Mapping[str, Any], headers: Mapping[str, Any]) -> None:
        self.body = body
        self.properties = {**properties, "application_headers": headers}
        self.delivery_info = {
            "exchange": CONSUMER.dead_letter_exchange,
            "routing_key": CONSUMER.queue,
            "delivery_tag": 1,
        }


@pytest.mark.parametrize(
    "dead",
    [letter(), letter(headers={"x-death": [{"reason": "delivery_limit"}]}, user_id="complaints")],
    ids=["set aside by the consumer", "set aside by the broker"],
)
def test_a_replayed_letter_is_accepted_by_its_consumer_as_its_publishers(dead: Letter) -> None:
    taken = Accepts(CONSUMER).read(Arrived(dead.body, *dead.replayed(OPERATOR)))

    assert taken.refusal is None
    assert taken.event is not None and taken.event.id == EVENT.id


def test_a_letter_of_a_foreign_publisher_stays_refused_however_often_it_is_replayed() -> None:
    forged = letter(headers={}, user_id="notifications")

    assert Accepts(CONSUMER).read(Arrived(forged.body, *forged.replayed(OPERATOR))).refusal == "wrong_user"


def test_a_publisher_whom_the_broker_set_aside_cannot_name_another_one_as_himself() -> None:
    forged = {"x-origin-user": "complaints", "x-death": [{"reason": "delivery_limit"}]}

    for sent in (letter(headers=forged, user_id="notifications"), letter(headers=forged, user_id=None)):
        assert Accepts(CONSUMER).read(Arrived(sent.body, *sent.replayed(OPERATOR))).refusal == "wrong_user"


def test_a_replayed_letter_has_all_its_attempts_before_it_and_counts_its_replays() -> None:
    _, headers = letter().replayed(OPERATOR)

    assert headers == {"x-origin-user": "complaints", "x-replayed": 1}
    assert letter(headers={"x-replayed": 2}).replayed(OPERATOR)[1]["x-replayed"] == 3


def test_a_renewed_letter_keeps_its_reason_and_begins_its_deliveries_anew() -> None:
    dead = letter(
        headers={"x-death": [{"reason": "delivery_limit"}], "x-delivery-count": 9}, user_id="complaints"
    )
    _, headers = dead.renewed(OPERATOR)

    assert headers == {"x-origin-user": "complaints", "x-reason": "delivery_limit"}


class Channel:
    """What the broker is told, in order."""

    def __init__(self, *, routed: bool = True, confirmed: bool = True) -> None:
        self.events: dict[str, set[Any]] = {"basic_return": set()}
        self.told: list[tuple[Any, ...]] = []
        self.routed, self.confirmed = routed, confirmed

    def basic_publish_confirm(self, message: Any, exchange: str, key: str, **options: Any) -> None:
        assert options["mandatory"] and options["confirm_timeout"]
        self.told.append(("publish", exchange, key))
        if not self.routed:
            for callback in self.events["basic_return"]:
                callback(312, "NO_ROUTE", exchange, key, message)
        if not self.confirmed:
            raise TimeoutError

    def basic_ack(self, tag: int) -> None:
        self.told.append(("ack", tag))


def test_a_letter_leaves_its_queue_only_after_the_broker_has_confirmed_it_elsewhere() -> None:
    channel = Channel()

    post.Post(channel, CONSUMER, OPERATOR, BELIEVED).replay(letter(tag=7))

    assert channel.told == [("publish", "surveys.dlx", "evt-surveys-on_case_event"), ("ack", 7)]


def test_without_a_confirm_or_a_queue_it_stays() -> None:
    silent, nowhere = Channel(confirmed=False), Channel(routed=False)

    with pytest.raises(TimeoutError):
        post.Post(silent, CONSUMER, OPERATOR, BELIEVED).replay(letter())
    with pytest.raises(CliError, match=r"no queue evt-surveys.*run the topology job"):
        post.Post(nowhere, CONSUMER, OPERATOR, BELIEVED).replay(letter())
    assert not [one for one in silent.told + nowhere.told if one[0] == "ack"]


def test_looking_never_wears_a_letter_out() -> None:
    channel = Channel()
    box = post.Post(channel, CONSUMER, OPERATOR, BELIEVED)

    box.put_back(letter(headers={"x-delivery-count": 3}))
    assert channel.told == []
    box.put_back(letter(headers={"x-delivery-count": post.RENEW_AFTER}, tag=3))
    assert channel.told == [("publish", "surveys.dlx", QUEUE), ("ack", 3)]


# The commands


class Box:
    def __init__(self, letters: list[Letter]) -> None:
        self.held = letters
        self.replayed: list[str] = []
        self.removed: list[str] = []

    def letters(self, limit: int | None = None) -> Iterator[Letter]:
        yield from self.held[:limit]

    def put_back(self, letter: Letter) -> None:
        """It lies there already."""

    def replay(self, letter: Letter) -> None:
        self.replayed.append(letter.id)

    def remove(self, letter: Letter) -> None:
        self.removed.append(letter.id)


OTHER = make_event("complaint.closed.v1", {})


@pytest.fixture
def box(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Box:
    box = Box(
        [
            letter(),
            letter(OTHER.to_bytes(), {"x-reason": "malformed"}, message_id=OTHER.id),
        ]
    )

    @contextmanager
    def opened(_known: Any, _consumer: Any) -> Iterator[Box]:
        yield box

    monkeypatch.setattr(post, "opened", opened)
    monkeypatch.setenv("TANGGAP_OPERATOR_LOG", str(tmp_path / "operator.log"))
    return box


def run(*arguments: str, answer: str | None = None) -> Result:
    return CliRunner().invoke(dlq, arguments, input=answer)


def logged(folder: Path) -> list[dict[str, Any]]:
    file = folder / "operator.log"
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


@pytest.mark.usefixtures("box")
def test_a_list_names_every_letter() -> None:
    listed = run("list", QUEUE).output

    assert EVENT.id in listed and OTHER.id in listed
    assert "failed:KeyError" in listed
    assert "Contoh" not in listed


@pytest.mark.usefixtures("box")
def test_content_is_shown_on_an_explicit_wish_with_a_note_that_is_logged(tmp_path: Path) -> None:
    assert "Contoh" not in run("show", QUEUE, EVENT.id).output
    assert isinstance(run("show", QUEUE, EVENT.id, "--data").exception, CliError)
    assert logged(tmp_path) == []

    assert "Ibu Contoh" in run("show", QUEUE, EVENT.id, "--data", "--note", "tiket 17").output
    (line,) = logged(tmp_path)
    assert (line["id"], line["note"]) == (EVENT.id, "tiket 17")
    assert "Contoh" not in str(line)


def test_letters_are_replayed_by_id_by_reason_or_all(box: Box) -> None:
    run("replay", QUEUE, OTHER.id)
    assert box.replayed == [OTHER.id]
    run("replay", QUEUE, "--reason", "failed:KeyError")
    assert box.replayed[1:] == [EVENT.id]
    run("replay", QUEUE, "--all")
    assert box.replayed[2:] == [EVENT.id, OTHER.id]


@pytest.mark.parametrize("arguments", [(), (EVENT.id, "--all"), (EVENT.id, "--reason", "x")])
def test_which_letters_are_meant_has_to_be_said_in_one_way(box: Box, arguments: tuple[str, ...]) -> None:
    assert isinstance(run("replay", QUEUE, *arguments).exception, CliError)
    assert box.replayed == []


def test_a_letter_that_is_not_there_is_an_error_that_names_it(box: Box) -> None:
    answer = run("replay", QUEUE, EVENT.id, "bukan-ini")

    assert "bukan-ini" in str(answer.exception)
    assert box.replayed == [EVENT.id]


def test_nothing_is_discarded_without_a_reason_and_a_yes(box: Box, tmp_path: Path) -> None:
    assert run("discard", QUEUE, EVENT.id).exit_code != 0
    assert run("discard", QUEUE, EVENT.id, "--because", "uji", answer="n\n").exit_code != 0
    assert box.removed == [] and logged(tmp_path) == []

    run("discard", QUEUE, EVENT.id, "--because", "kiriman uji", answer="y\n")
    run("discard", QUEUE, "--reason", "malformed", "--because", "kiriman uji", "--yes")
    assert box.removed == [EVENT.id, OTHER.id]
    assert [(line["id"], line["because"]) for line in logged(tmp_path)] == [
        (EVENT.id, "kiriman uji"),
        (OTHER.id, "kiriman uji"),
    ]


def test_what_cannot_be_logged_is_not_done(box: Box, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TANGGAP_OPERATOR_LOG", str(tmp_path / "nowhere" / "operator.log"))

    assert isinstance(run("discard", QUEUE, "--all", "--because", "uji", "--yes").exception, CliError)
    assert box.removed == []


@pytest.mark.usefixtures("box")
def test_a_queue_that_holds_no_dead_letters_is_refused() -> None:
    assert "evt-surveys-on_case_event is no dead-letter queue" in str(
        run("list", "evt-surveys-on_case_event").exception
    )


# Parked events


class Rows:
    def distinct(self, _field: str, query: Mapping[str, Any]) -> list[str]:
        assert query == {"state": "parked"}
        return ["a", "b"]


class OutboxOfSurveys:
    def __init__(self) -> None:
        self.rows = Rows()
        self.unparked: list[list[str]] = []

    def unpark(self, ids: Any) -> int:
        self.unparked.append(list(ids))
        return len(ids)


@pytest.fixture
def outbox(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> OutboxOfSurveys:
    outbox = OutboxOfSurveys()
    monkeypatch.setattr(parked, "connect", lambda place, _stack, _program: place.service)
    monkeypatch.setattr(parked, "Outbox", lambda database: outbox if database == "surveys" else None)
    monkeypatch.setenv("TANGGAP_LOCAL_DIR", str(tmp_path))
    monkeypatch.setenv("TANGGAP_OPERATOR_LOG", str(tmp_path / "operator.log"))
    monkeypatch.setenv("MONGODB_URL", "mongodb://h/")
    return outbox


def test_parked_events_are_given_back_to_the_relay_of_their_service(
    outbox: OutboxOfSurveys, tmp_path: Path
) -> None:
    run("unpark", "surveys", "a")
    run("unpark", "surveys", "--all")

    assert outbox.unparked == [["a"], ["a", "b"]]
    assert [line["ids"] for line in logged(tmp_path)] == [["a"], []]


def test_which_events_and_whose_has_to_be_said(outbox: OutboxOfSurveys) -> None:
    assert isinstance(run("unpark", "surveys").exception, CliError)
    assert isinstance(run("unpark", "surveys", "a", "--all").exception, CliError)
    assert "no service gateway" in str(run("unpark", "gateway", "--all").exception)
    assert outbox.unparked == []
