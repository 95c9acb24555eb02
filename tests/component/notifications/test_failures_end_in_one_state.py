from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from component.notifications.world import CODE, SmtpServer, World, case_event, filed

from notifications.channels import Mail
from notifications.domain.smtp_replies import Outcome, classify

OTHER = "2N8PFA6Y0KVCJ"


def receipt(world: World) -> dict[str, Any]:
    return world.intent(rule="receipt")


@pytest.mark.parametrize(
    ("address", "state", "code"),
    [
        ("permfail@example.invalid", "permanent_failure", "550 5.1.1"),
        ("datafail@example.invalid", "permanent_failure", "554"),
        ("policy@example.invalid", "technical_failure", "554 5.7.1"),
    ],
)
def test_a_refusal_for_good_ends_at_once_with_its_code(
    world: World, address: str, state: str, code: str
) -> None:
    world.handle(filed(email=address))

    world.send()

    intent = receipt(world)
    assert (intent["status"], intent["code"], intent["attempt"]) == (state, code, 1)
    (failed,) = world.published("notification.failed.v1")
    assert (failed.data["reason"], failed.data["code"]) == (state, code)
    world.clock.advance(days=1)
    assert world.send() == 0


def test_an_address_that_refused_for_good_is_not_dialled_again(world: World) -> None:
    world.handle(filed(email="permfail@example.invalid"))
    world.send()

    world.handle(filed(OTHER, email="PERMFAIL@example.invalid"))

    assert world.intent(rule="receipt", complaint_id=OTHER)["reason"] == "suppressed"


def test_a_fault_of_ours_does_not_suppress_the_address(world: World) -> None:
    world.handle(filed(email="policy@example.invalid"))
    world.send()

    world.handle(filed(OTHER, email="policy@example.invalid"))

    assert world.intent(rule="receipt", complaint_id=OTHER)["status"] == "queued"


def test_a_temporary_refusal_is_retried_on_schedule_and_then_given_up(world: World) -> None:
    world.handle(filed(email="tempfail@example.invalid"))
    waits = []

    for _ in range(8):
        world.send()
        intent = receipt(world)
        if intent["status"] != "queued":
            break
        waits.append((intent["due_at"] - world.clock.now()).total_seconds())
        assert world.send() == 0
        world.clock.set(intent["due_at"] + timedelta(seconds=1))

    intent = receipt(world)
    assert (intent["status"], intent["attempt"]) == ("temporary_failure", 8)
    schedule = [30, 120, 600, 1800, 3600, 10800, 21600]
    assert len(waits) == len(schedule)
    assert all(0.79 * base <= wait <= 1.21 * base for wait, base in zip(waits, schedule, strict=True))
    attempts = list(world.mongo.database["attempts"].find({"intent_id": intent["_id"]}).sort("n", 1))
    assert [attempt["n"] for attempt in attempts] == list(range(1, 9))
    assert world.published("notification.failed.v1")[0].data["attempts"] == 8


def test_retries_survive_a_restart(world: World, world_of: Callable[..., World]) -> None:
    world.handle(filed(email="tempfail@example.invalid"))
    world.send()

    later = world_of(clock=world.clock)
    world.clock.advance(minutes=1)
    later.send()

    assert (receipt(world)["status"], receipt(world)["attempt"]) == ("queued", 2)


def test_while_the_server_is_away_no_mail_loses_an_attempt(world: World, smtp: SmtpServer) -> None:
    codes = [f"7K3M9QXD4TR{letter}H" for letter in "ABCDEFGHJK"]
    world.handle(*[filed(code) for code in codes])
    smtp.stop()

    world.send()

    attempts = sorted(intent["attempt"] for intent in world.intents(rule="receipt"))
    assert attempts == [0] * 10
    smtp.start()
    world.clock.advance(minutes=1)
    world.send()
    assert len(smtp.mails()) == 10


def test_a_mail_past_its_lifetime_expires_instead_of_arriving_late(world: World, smtp: SmtpServer) -> None:
    world.handle(filed())
    world.clock.advance(hours=25)

    world.send()

    assert receipt(world)["status"] == "expired"
    assert smtp.mails() == []
    assert world.published("notification.failed.v1")[0].data["reason"] == "expired"


def test_a_server_that_never_answers_times_out_and_is_retried(world: World, smtp: SmtpServer) -> None:
    world.handle(filed(email="hang@example.invalid"), filed(OTHER))

    world.send()

    hanging = world.intent(rule="receipt", complaint_id=CODE)
    assert (hanging["status"], hanging["code"]) == ("queued", "lost_in_data")
    world.clock.advance(seconds=10)
    world.send()
    assert world.intent(rule="receipt", complaint_id=OTHER)["status"] == "sent"


def test_a_line_lost_without_an_answer_repeats_with_the_same_message_id(
    world: World, smtp: SmtpServer
) -> None:
    world.handle(filed(email="drop@example.invalid"))

    world.send()
    world.clock.advance(minutes=1)
    world.send()

    first, second = smtp.mails()
    assert first["message_id"] == second["message_id"]


def test_a_connection_closed_while_idle_costs_no_attempt(
    world: World, world_of: Callable[..., World], smtp: SmtpServer
) -> None:
    from notifications.wiring import new_line

    line = new_line(world.config)
    world.handle(filed())
    world.app.sender.round(line)
    smtp.stop()
    smtp.start()

    world.handle(filed(OTHER))
    world.app.sender.round(line)

    again = world.intent(rule="receipt", complaint_id=OTHER)
    assert (again["status"], again["attempt"]) == ("sent", 1)


def test_a_sender_that_lost_its_lease_records_nothing(
    world: World, world_of: Callable[..., World], smtp: SmtpServer
) -> None:
    other = world_of(clock=world.clock)
    world.handle(filed())

    class Overtaken:
        """While this sender is busy its lease ends and the other one takes over."""

        def send(self, mail: Mail) -> Outcome:
            world.clock.advance(minutes=3)
            other.app.sender.sweep()
            other.send()
            return classify(550, b"5.1.1 no such user")

        def close(self) -> None:
            pass

    world.app.sender.round(Overtaken())

    intent = receipt(world)
    assert (intent["status"], intent["attempt"]) == ("sent", 2)
    assert len(world.published("notification.sent.v1")) == 1
    assert world.published("notification.failed.v1") == []
    attempts = list(world.mongo.database["attempts"].find({"intent_id": intent["_id"]}))
    assert [(attempt["n"], attempt["outcome"]) for attempt in attempts] == [(2, "sent")]


def test_results_wait_for_a_database_that_went_away_and_nothing_is_sent_twice(
    world: World, world_of: Callable[..., World], smtp: SmtpServer
) -> None:
    from pymongo.errors import AutoReconnect

    from notifications.wiring import new_line

    world.handle(filed())
    real, refused = world.app.sender._transact, []

    def away_twice(callback: Any) -> Any:
        if len(refused) < 2:
            refused.append(callback)
            # Meanwhile the lease runs out, and this process looks for leases that ran out.
            world.clock.advance(minutes=5)
            world.app.sender.sweep()
            raise AutoReconnect("away")
        return real(callback)

    world.app.sender._transact = away_twice
    world.app.sender.round(new_line(world.config))
    world.app.sender._transact = real
    world.send()

    assert len(smtp.mails()) == 1
    assert (receipt(world)["status"], receipt(world)["attempt"]) == ("sent", 1)


def test_a_database_that_goes_away_in_the_middle_of_a_batch_makes_nobody_get_a_mail_twice(
    world: World, smtp: SmtpServer
) -> None:
    from dataclasses import replace

    from pymongo.errors import AutoReconnect

    from notifications.wiring import new_line

    world.handle(*[filed(code) for code in ("7K3M9QXD4TRAH", "7K3M9QXD4TRBH", "7K3M9QXD4TRCH")])
    sender = world.app.sender
    # So short a lease is extended before every mail.
    sender._settings = replace(sender._settings, lease=timedelta(seconds=5))
    real, asked = sender._messages.extend, []

    def away_at_the_second(*arguments: Any) -> bool:
        asked.append(arguments)
        if len(asked) == 2:
            raise AutoReconnect("away")
        return bool(real(*arguments))

    sender._messages.extend = away_at_the_second
    sender.round(new_line(world.config))
    assert len(smtp.mails()) == 1
    sender._messages.extend = real
    world.send()

    assert len(smtp.mails()) == 3
    assert len({mail["message_id"] for mail in smtp.mails()}) == 3


def test_a_stop_gives_the_rest_of_the_batch_back_without_an_attempt(world: World, smtp: SmtpServer) -> None:
    codes = [f"7K3M9QXD4TR{letter}H" for letter in "ABCDE"]
    world.handle(*[filed(code) for code in codes])
    sent = []

    class StopsAfterTwo:
        def send(self, mail: Mail) -> Outcome:
            sent.append(mail.intent_id)
            if len(sent) == 2:
                world.app.sender.stop()
            return classify(250)

        def close(self) -> None:
            pass

    world.app.sender.round(StopsAfterTwo())

    states = sorted((intent["status"], intent["attempt"]) for intent in world.intents(rule="receipt"))
    assert states == [("queued", 0)] * 3 + [("sent", 1)] * 2


def test_a_purged_payload_is_a_technical_failure_and_not_an_endless_retry(world: World) -> None:
    world.handle(filed())
    world.mongo.database["payloads"].delete_many({})

    world.send()

    assert (receipt(world)["status"], receipt(world)["code"]) == ("technical_failure", "not_built")


def test_the_sandbox_sends_nothing_and_plays_the_simulated_recipients(
    world_of: Callable[..., World], smtp: SmtpServer
) -> None:
    world = world_of(mode="sandbox")
    world.clock.advance(minutes=2)
    world.handle(
        filed(), filed(OTHER, email="permfail@simulator.tanggap.invalid"), case_event("complaint.merged.v1")
    )

    world.send()

    assert smtp.mails() == []
    states = {intent["complaint_id"]: intent["status"] for intent in world.intents(rule="receipt")}
    assert states == {CODE: "sent", OTHER: "permanent_failure"}
