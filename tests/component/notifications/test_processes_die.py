import signal
import subprocess
from collections.abc import Callable
from typing import Any

import amqp
from component.notifications.chain import STAFF, TOKEN, chain_event, invited, refused, visitor
from component.notifications.world import (
    CODE,
    NAMES,
    SmtpServer,
    case_event,
    filed,
    log_lines,
    staff_contact,
)
from pymongo import MongoClient

from servicekit.envelope import CONTENT_TYPE, Event
from support.waiting import eventually

Start = Callable[..., subprocess.Popen[bytes]]
EXCHANGES = {
    "/complaints": ("complaints", "complaints.events"),
    "/gateway": ("gateway", "gateway.intake"),
    "/surveys": ("surveys", "surveys.events"),
    "/evaluation": ("evaluation", "evaluation.events"),
}


def publish(vhost: Any, *events: Event) -> None:
    """Publish as the event's own producer does, with the broker's user of that producer."""
    for source, (user, exchange) in EXCHANGES.items():
        mine = [event for event in events if event.source == source]
        if not mine:
            continue
        login = f"{vhost.prefix}{user}"
        with amqp.Connection(
            vhost.host,
            userid=login,
            password=vhost.passwords[user],
            virtual_host=vhost.name,
            # Without a confirm a quorum queue may drop what its publisher's closing overtakes.
            confirm_publish=True,
        ) as connection:
            channel = connection.channel()
            for event in mine:
                message = amqp.Message(
                    event.to_bytes(),
                    content_type=CONTENT_TYPE,
                    content_encoding="utf-8",
                    delivery_mode=2,
                    message_id=event.id,
                    type=event.type,
                    user_id=login,
                )
                channel.basic_publish(message, exchange=exchange, routing_key=event.type, mandatory=True)


def intents(database: Any, **query: Any) -> list[dict[str, Any]]:
    with MongoClient(database.url, tz_aware=True) as client:
        return list(client[database.name]["intents"].find(query))


def test_events_from_the_broker_become_mails_and_published_outcomes(
    vhost: Any, database: Any, smtp: SmtpServer, service_process: Start
) -> None:
    service_process()
    publish(vhost, *NAMES, staff_contact("kord-1", ["coordinator"]))
    with MongoClient(database.url) as client:
        own = client[database.name]
        eventually(
            lambda: own["services"].count_documents({}) and own["contacts"].count_documents({}), within=30
        )
    event = filed()
    publish(vhost, *[event] * 200, case_event("complaint.verified.v1", contact_ref=event.data["contact_ref"]))

    eventually(lambda: len(smtp.mails()) == 2, within=30)
    eventually(lambda: vhost.queue_length("evt-complaints-on_message_outcome") == 2, within=30)

    assert sorted(mail["subject"][:25] for mail in smtp.mails()) == [
        "Pengaduan Anda sudah kami",
        "Pengaduan Anda sudah kami",
    ]
    assert vhost.queue_length("evt-notifications-on_case_event") == 0
    assert {intent["status"] for intent in intents(database)} == {"sent", "delivered"}


def test_the_chain_comes_over_the_broker_and_no_log_knows_a_link(
    vhost: Any, database: Any, smtp: SmtpServer, service_process: Start
) -> None:
    process = service_process()
    publish(vhost, *NAMES, *STAFF, visitor("ref"))
    with MongoClient(database.url) as client:
        own = client[database.name]
        eventually(
            lambda: own["services"].count_documents({}) and own["contacts"].count_documents({}) > 5, within=30
        )

    publish(
        vhost,
        invited("ref"),
        chain_event("evaluation.finalised.v1"),
        *(refused(owner=owner) for owner in ("complaints", "surveys", "evaluation")),
    )
    eventually(lambda: len(smtp.mails()) == 2, within=60)
    eventually(lambda: len(intents(database)) == 6, within=30)

    assert sorted("/survei/" in mail["text"] for mail in smtp.mails()) == [False, True]
    eventually(lambda: {one["status"] for one in intents(database)} == {"sent", "delivered"}, within=30)
    assert vhost.queue_length("evt-complaints-on_message_outcome") == 0
    logged = process.log_path.read_text()  # type: ignore[attr-defined]
    assert TOKEN not in logged
    assert "/survei" not in logged


def test_a_kill_in_the_smtp_window_repeats_the_mail_with_its_message_id_and_says_so(
    vhost: Any, database: Any, smtp: SmtpServer, service_process: Start
) -> None:
    first = service_process(TANGGAP_SEND_LEASE_SECONDS="2", TANGGAP_SMTP_TIMEOUT="60")
    publish(vhost, *NAMES)
    publish(vhost, filed(email="hang@example.invalid"))
    eventually(lambda: len(smtp.mails()) == 1, within=30)

    first.send_signal(signal.SIGKILL)
    first.wait(10)
    second = service_process(TANGGAP_SEND_LEASE_SECONDS="2", TANGGAP_SMTP_TIMEOUT="60")
    eventually(lambda: len(smtp.mails()) == 2, within=40)

    ids = {mail["message_id"] for mail in smtp.mails()}
    assert len(ids) == 1
    warnings = [line for line in log_lines(second) if line["msg"] == "mail may be sent a second time"]
    assert {f"<{line['intent_id']}@sawahlunto.example>" for line in warnings} == ids
    assert "hang@" not in second.log_path.read_text()  # type: ignore[attr-defined]


def test_a_kill_before_sending_loses_no_mail_and_doubles_none(
    vhost: Any, database: Any, smtp: SmtpServer, service_process: Start
) -> None:
    smtp.stop()
    # A kill in the middle of a claim leaves it until the lease ends.
    first = service_process(TANGGAP_SEND_LEASE_SECONDS="2")
    publish(vhost, *NAMES)
    codes = [f"7K3M9QXD4T{one}{two}H" for one in "ABCDE" for two in "ABCDEFGHJK"]
    publish(vhost, *[filed(code) for code in codes])
    # A name that arrives after its filing costs the filing two retries, of 5 and of 30 seconds.
    eventually(lambda: len(intents(database, rule="receipt")) == 50, within=60)

    first.kill()
    first.wait(10)
    smtp.start()
    service_process(TANGGAP_SEND_LEASE_SECONDS="2")

    eventually(lambda: len(smtp.mails()) == 50, within=60)
    assert len({mail["message_id"] for mail in smtp.mails()}) == 50


def test_a_stop_under_load_exits_cleanly_and_the_next_process_finishes(
    vhost: Any, database: Any, smtp: SmtpServer, service_process: Start
) -> None:
    first = service_process()
    publish(vhost, *NAMES)
    codes = [f"7K3M9QX{one}4T{two}{three}H" for one in "ABCD" for two in "ABCDE" for three in "ABCDEFGHJK"]
    publish(vhost, *[filed(code) for code in codes])
    eventually(lambda: len(smtp.mails()) > 10, within=30)

    first.send_signal(signal.SIGTERM)
    assert first.wait(30) == 0
    service_process()

    eventually(lambda: len(intents(database, rule="receipt", status="sent")) == len(codes), within=60)
    assert len(smtp.mails()) == len(codes)
    assert [line for line in log_lines(first) if line.get("level") == "error"] == []


def test_no_log_line_holds_anything_of_a_recipient(
    vhost: Any, database: Any, smtp: SmtpServer, service_process: Start
) -> None:
    process = service_process(TANGGAP_LOG_LEVEL="DEBUG")
    publish(vhost, *NAMES, staff_contact("kord-1", ["coordinator"]))
    publish(
        vhost,
        filed(email="tempfail+rahasia@example.invalid"),
        filed("2N8PFA6Y0KVCJ", email="permfail+rahasia@example.invalid"),
        filed("2N8PFA6Y0KVC9", email="rahasia@example.invalid"),
    )
    eventually(lambda: len(intents(database, rule="receipt", attempt={"$gte": 1})) == 3, within=30)

    process.send_signal(signal.SIGTERM)
    process.wait(30)

    text = process.log_path.read_text()  # type: ignore[attr-defined]
    for word in ("rahasia", "Siti", "@example.invalid", CODE + "/"):
        assert word not in text


def test_a_city_with_faults_stops_the_process_with_code_two(
    vhost: Any, smtp: SmtpServer, service_process: Start, tmp_path: Any
) -> None:
    (tmp_path / "kota").mkdir()

    process = service_process(TANGGAP_CITY_DIR=str(tmp_path / "kota"))

    assert process.wait(30) == 2


def test_a_missing_setting_is_named_and_exits_with_code_two(service_process: Start, smtp: SmtpServer) -> None:
    process = service_process(TANGGAP_SEAL_KEYS_NOTIFICATIONS="nonsense", TANGGAP_MAIL_FROM="nobody")

    assert process.wait(30) == 2
    text = process.log_path.read_text()  # type: ignore[attr-defined]
    assert "TANGGAP_SEAL_KEYS_NOTIFICATIONS" in text
    assert "TANGGAP_MAIL_FROM" in text
