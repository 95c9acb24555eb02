"""What an external publisher is told when one of its events is refused.

A refusal is an event itself, `event.rejected.v1`, published by the service that refused, so that it can be
written in the transaction of the inbox record. Its words are the same whichever service says them; they
name places in the event and never a value from it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from servicekit import metrics
from servicekit.contracts import Contracts
from servicekit.envelope import Event
from servicekit.ids import uuid7, uuid8
from servicekit.inbox import KEEP_DAYS
from servicekit.verdicts import Delivery

TYPE = "event.rejected.v1"
DATASCHEMA = f"https://tanggap.id/contracts/common/{TYPE}.json"
MAX_ID, MAX_POINTER, SHOWN_PROBLEMS = 80, 200, 5

INVALID, NOT_YOURS, TOO_LATE, CONFLICT, NOT_ALLOWED = (
    "invalid",
    "not_yours",
    "too_late",
    "conflict",
    "not_allowed",
)
PUBLISHER_UNKNOWN = "department_unknown"
SKEW = timedelta(minutes=5)
"""So much a publisher's clock may differ from ours."""
_AHEAD = (
    "Waktu (time) peristiwa ada di masa depan; periksa jam sistem Anda.",
    "The event's time lies in the future; check your system's clock.",
)
_OLD = (
    f"Waktu (time) peristiwa lebih dari {KEEP_DAYS} hari yang lalu; peristiwa setua itu tidak dihitung lagi.",
    f"The event's time is more than {KEEP_DAYS} days ago; events that old do not count any more.",
)

# Indonesian, English.
WORDS: Mapping[str, tuple[str, str]] = {
    INVALID: (
        "Isi peristiwa tidak sesuai kontraknya. Perbaiki lalu kirim dengan id baru.",
        "The event does not match its contract. Mend it and send it with a new id.",
    ),
    NOT_YOURS: (
        "Jenis peristiwa atau unit ini tidak terdaftar untuk sistem Anda.",
        "This event type or unit is not registered for your system.",
    ),
    TOO_LATE: (
        "Peristiwa ini datang terlambat: hal yang dimaksud sudah selesai atau ditutup.",
        "This event came too late: what it is about is over or closed.",
    ),
    CONFLICT: (
        "Keadaannya sudah berubah sejak versi yang Anda sebut. Baca yang terbaru, lalu putuskan lagi.",
        "Things have changed since the version that you named. Read the current one and decide again.",
    ),
    NOT_ALLOWED: (
        "Tindakan ini tidak dapat dilakukan dalam keadaannya sekarang.",
        "This cannot be done in its present state.",
    ),
    PUBLISHER_UNKNOWN: (
        "Sistem Anda tidak terdaftar, atau pendaftarannya belum sampai. Hubungi admin.",
        "Your system is not registered, or its registration has not arrived. Ask the administrator.",
    ),
    "unknown_unit": ("Unit ini tidak ada atau tidak aktif.", "There is no such active unit."),
    "unknown_service": ("Layanan ini tidak ada atau tidak aktif.", "There is no such active service."),
    "unknown_staff": (
        "Pegawai dengan referensi ini tidak dikenal.",
        "No member of staff has this reference.",
    ),
    "unknown_case": ("Tidak ada kasus dengan kode ini.", "There is no case with this code."),
}
_KEYWORDS: Mapping[str, tuple[str, str]] = {
    "required": ("wajib diisi", "is required"),
    "additionalProperties": ("tidak dikenal", "is not known"),
    "type": ("salah jenis nilainya", "is of the wrong type"),
    "enum": ("bukan salah satu pilihan", "is none of the choices"),
    "format": ("salah bentuknya", "has the wrong format"),
    "pattern": ("salah bentuknya", "has the wrong form"),
    "maxLength": ("terlalu panjang", "is too long"),
    "minLength": ("terlalu pendek", "is too short"),
    "minimum": ("terlalu kecil", "is too small"),
    "maximum": ("terlalu besar", "is too large"),
    "depth": ("terlalu dalam susunannya", "is nested too deeply"),
}
_OTHER = ("tidak sesuai", "does not fit")
# What is wrong with a message of which no event could be made, by the consumer's phrase for it.
_UNREADABLE: Mapping[str, tuple[str, tuple[str, str]]] = {
    "wrong_content_type": (
        INVALID,
        (
            "Properti content_type harus application/cloudevents+json.",
            "The property content_type must be application/cloudevents+json.",
        ),
    ),
    "invalid_json": (INVALID, ("Isi pesan bukan JSON yang benar.", "The body is not valid JSON.")),
    "not_an_object": (INVALID, ("Isi pesan bukan objek JSON.", "The body is no JSON object.")),
    "oversize": (INVALID, ("Pesan lebih besar dari 1 MiB.", "The message is larger than 1 MiB.")),
    "unknown_specversion": (INVALID, ("specversion harus 1.0.", "specversion must be 1.0.")),
    "wrong_message_id": (
        INVALID,
        (
            "Properti message_id harus sama dengan id peristiwa.",
            "The property message_id must be the event's id.",
        ),
    ),
    "invalid_id": (INVALID, ("id harus sebuah UUID.", "id must be a UUID.")),
    "missing_user": (
        INVALID,
        (
            "Properti user_id wajib diisi dengan nama pengguna broker Anda.",
            "The property user_id must hold the name of your broker user.",
        ),
    ),
    "wrong_user": (
        NOT_YOURS,
        (
            "source harus /departments/<kode Anda>, dan user_id harus pengguna broker Anda.",
            "source must be /departments/<your code>, and user_id your own broker user.",
        ),
    ),
    "unknown_type": (
        NOT_YOURS,
        (
            "Jenis peristiwa (type) tidak sama dengan yang ada di routing key.",
            "The event's type is not the one in the routing key.",
        ),
    ),
}


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why an event is refused: a reason of WORDS, a JSON pointer into the data, and other words for it."""

    reason: str
    pointer: str | None = None
    words: tuple[str, str] | None = None


def publisher_of(event: Event, source_prefix: str) -> str:
    """The code in `<source_prefix><code>`: the consumer lets no other source of a publisher through."""
    return event.source.removeprefix(source_prefix)


def broken_contract(contracts: Contracts, event: Event) -> Rejection | None:
    """`invalid` with the first wrong place as pointer and the first few in words; None for a good event."""
    problems = contracts.problems(event)
    return described(problems) if problems else None


def untimely(event: Event, now: datetime) -> Rejection | None:
    """`too_late` for an event older than ids are remembered: nobody could tell it from a repetition.

    `invalid` for one from the future beyond what clocks may differ.
    """
    if event.time > now + SKEW:
        return Rejection(INVALID, None, _AHEAD)
    if event.time < now - timedelta(days=KEEP_DAYS):
        return Rejection(TOO_LATE, None, _OLD)
    return None


def described(problems: Sequence[tuple[str, str]]) -> Rejection:
    """`invalid` for (JSON pointer, keyword) pairs, of which there is at least one."""
    shown = problems[:SHOWN_PROBLEMS]
    indonesian, english = (
        "; ".join(
            f"{pointer or '/'} {_KEYWORDS.get(keyword, _OTHER)[language]}" for pointer, keyword in shown
        )
        for language in (0, 1)
    )
    more = len(problems) - len(shown)
    if more:
        indonesian, english = f"{indonesian}; dan {more} lagi", f"{english}; and {more} more"
    return Rejection(INVALID, problems[0][0], (f"{indonesian}.", f"{english}."))


def rejected(event: Event, publisher: str, why: Rejection, *, source: str, at: datetime) -> Event:
    """The refusal of an event, caused by it. `source` is the refusing service's, `at` when it refused."""
    return told(publisher, why, source=source, at=at, event_id=event.id, event_type=event.type, cause=event)


def told(
    publisher: str,
    why: Rejection,
    *,
    source: str,
    at: datetime,
    event_id: str | None,
    event_type: str | None,
    cause: Event | None = None,
    id: str | None = None,
) -> Event:
    """The refusal of a message of which perhaps not even an event could be read."""
    words = why.words or WORDS[why.reason]
    metrics.events_refused_total.labels(source.removeprefix("/"), why.reason).inc()
    id_ = id or uuid7()
    return Event(
        id=id_,
        source=source,
        type=TYPE,
        subject=event_id[:MAX_ID] if event_id else id_,
        time=at,
        data={
            "department": publisher,
            "event_id": event_id[:MAX_ID] if event_id else None,
            "event_type": event_type[:MAX_ID] if event_type else None,
            "reason": why.reason,
            "pointer": why.pointer[:MAX_POINTER] if why.pointer else None,
            "message": {"id": words[0], "en": words[1]},
            "received_at": at.isoformat(),
        },
        correlationid=(cause.correlationid or cause.id) if cause else None,
        causationid=cause.id if cause else None,
        traceparent=cause.traceparent if cause else None,
        dataschema=DATASCHEMA,
    )


def unreadable(phrase: str) -> Rejection:
    """Why a message could not be taken as an event, for its publisher."""
    if phrase in _UNREADABLE:
        reason, words = _UNREADABLE[phrase]
        return Rejection(reason, None, words)
    kind, _, attribute = phrase.partition("_")
    if kind == "missing":
        return Rejection(INVALID, None, (f"Atribut {attribute} wajib ada.", f"{attribute} is required."))
    if kind == "invalid" and attribute:
        return Rejection(
            INVALID, None, (f"Atribut {attribute} salah bentuknya.", f"{attribute} is malformed.")
        )
    return Rejection(INVALID)


def of_delivery(delivery: Delivery, *, service: str, at: datetime) -> Event | None:
    """The refusal of a message that is going to be dead-lettered unread, or None: nobody to tell.

    Its id follows from the message, so that the same one refused again is told once.
    """
    if delivery.refusal is None or delivery.publisher is None:
        return None
    message_id, type_ = (_whole(delivery.properties.get(name)) for name in ("message_id", "type"))
    named = f"{service}|{delivery.publisher}|{message_id}|{delivery.refusal}|".encode()
    return told(
        delivery.publisher,
        unreadable(delivery.refusal),
        source=f"/{service}",
        at=at,
        event_id=message_id,
        event_type=type_,
        id=uuid8(hashlib.sha256(named + delivery.body).digest()),
    )


def _whole(value: object) -> str | None:
    """A property that is a text, without halves of characters, which neither JSON nor a database can hold."""
    return (value.encode("utf-8", "ignore").decode() or None) if isinstance(value, str) else None
