"""What can be asked of notifications: a member of staff's inbox, deliveries, and dry runs of rules."""

from __future__ import annotations

import re
from typing import Any

from gateway import calls
from gateway.access import Access
from gateway.callers import Caller
from gateway.codes import Codes
from gateway.intake import Intake, NotConfirmed
from gateway.messages import field_error
from gateway.problems import Problem
from gateway.rpc import Rpc
from gateway.schemas import Contact, load
from servicekit.contracts import Contracts
from servicekit.envelope import Event
from servicekit.ids import Clock
from servicekit.sealing import KeyRing
from servicekit.tracing import current_traceparent

SERVICE = "notifications"
TYPE = "contact.submitted.v1"
SCHEMA = "https://tanggap.id/contracts/gateway/contact.submitted.v1.json"
_CONTACT = Contact()
_LINK = re.compile(r"[0-9a-z]{44}")


class Notices:
    def __init__(
        self,
        *,
        intake: Intake,
        rpc: Rpc,
        access: Access,
        codes: Codes,
        seals: KeyRing,
        clock: Clock,
        contracts: Contracts | None = None,
    ) -> None:
        self._intake = intake
        self._rpc = rpc
        self._access = access
        self._codes = codes
        self._seals = seals
        self._clock = clock
        self._contracts = contracts

    async def inbox(
        self, caller: Caller, cursor: str | None = None, limit: int = 20, unread_only: bool = False
    ) -> dict[str, Any]:
        self._access.require(caller, SERVICE, "inbox")
        return await calls.ask(
            self._rpc, SERVICE, "inbox", caller, cursor=cursor, limit=limit, unread_only=unread_only
        )

    async def mark_read(
        self, caller: Caller, ids: list[str] | None, key: str | None = None
    ) -> dict[str, Any]:
        """Mark the caller's own messages as read; without ids all of them."""
        self._access.require(caller, SERVICE, "mark_read")
        return await calls.act(self._rpc, SERVICE, "mark_read", caller, calls.known_key(key), ids=ids)

    async def deliveries(self, caller: Caller, filters: dict[str, Any]) -> dict[str, Any]:
        """What was sent, to whom in masked form, and why not otherwise."""
        self._access.require(caller, SERVICE, "deliveries")
        return await calls.ask(self._rpc, SERVICE, "deliveries", caller, **filters)

    async def dry_run(self, caller: Caller, event: dict[str, Any]) -> dict[str, Any]:
        """What an event would send, without sending it."""
        self._access.require(caller, SERVICE, "dry_run")
        return await calls.ask(self._rpc, SERVICE, "dry_run", caller, event=event)

    async def reload_city(self, caller: Caller, key: str | None = None) -> dict[str, Any]:
        self._access.require(caller, SERVICE, "reload_city")
        return await calls.act(self._rpc, SERVICE, "reload_city", caller, calls.known_key(key))

    async def survey_choice(self, caller: Caller, token: str) -> dict[str, Any]:
        """Whether the address behind a mail's link is asked about services: {asked}. Raises not-found."""
        self._access.require(caller, SERVICE, "choose_surveys")
        return await calls.ask(self._rpc, SERVICE, "survey_choice", caller, token=_link(token))

    async def choose_surveys(self, caller: Caller, token: str, asked: bool) -> dict[str, Any]:
        """Keep what the holder of a mail's link wants: {asked}. The same again changes nothing."""
        self._access.require(caller, SERVICE, "choose_surveys")
        return await calls.act(
            self._rpc,
            SERVICE,
            "choose_surveys",
            caller,
            calls.known_key(None),
            token=_link(token),
            asked=asked,
        )

    async def submit_contact(self, body: dict[str, Any], caller: Caller, key: str | None) -> dict[str, Any]:
        """Hand a contact to notifications, durably. A citizen gets a reference, derived like a case's."""
        self._access.require(caller, SERVICE, "submit_contact")
        key = calls.known_key(key)
        contact, errors = load(_CONTACT, body, caller.language)
        staff = contact.get("audience") == "staff"
        if caller.kind == "department":
            if staff:
                errors.append(field_error("/audience", "citizen_only", caller.language))
            if contact.get("roles"):
                errors.append(field_error("/roles", "citizen_only", caller.language))
        if staff and not contact.get("contact_ref"):
            errors.append(field_error("/contact_ref", "required", caller.language))
        if contact.get("audience") == "citizen" and contact.get("contact_ref"):
            errors.append(field_error("/contact_ref", "unknown_field", caller.language))
        if not errors and contact["active"] and not (contact.get("email") or contact.get("phone")):
            errors.append(field_error("/email", "contact_required", caller.language))
        if errors:
            raise Problem("invalid-input", errors=errors)
        event = self._event(contact, self._codes.identify_contact(f"{caller.kind}:{caller.ref}", key, body))
        if self._contracts is not None:
            self._contracts.validate(event)
        try:
            await self._intake.publish(event)
        except NotConfirmed:
            raise Problem(
                "intake-unavailable", headers={"Idempotency-Key": key}, idempotency_key=key
            ) from None
        return {"contact_ref": event.subject, "idempotency_key": key}

    def _event(self, contact: dict[str, Any], ids: tuple[str, str]) -> Event:
        event_id, fresh_ref = ids
        ref = contact.get("contact_ref") or fresh_ref
        sealed = {name: contact.get(name) or None for name in ("name", "email", "phone", "language")}
        return Event(
            id=event_id,
            source="/gateway",
            type=TYPE,
            subject=ref,
            time=self._clock.now(),
            dataschema=SCHEMA,
            correlationid=event_id,
            traceparent=current_traceparent(),
            data={
                "contact_ref": ref,
                "audience": contact["audience"],
                "roles": contact["roles"],
                "unit": contact.get("unit"),
                "language": contact["language"],
                "active": contact["active"],
                "contact_sealed": self._seals.seal(sealed, recipient=SERVICE, context=ref),
            },
        )


def _link(token: str) -> str:
    """The token of a link in the form that a service is asked about; nonsense stops here."""
    if not _LINK.fullmatch(token.lower()):
        raise Problem("not-found")
    return token.lower()
