"""What can be done with cases, for JSON routes and pages alike.

Every method takes the caller, raises `Problem` and nothing else on purpose, and answers within the
deadlines of the intake (2.5 s) and of RPC (2 s for queries, 5 s for actions).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from gateway import calls, filing, labels
from gateway.access import Access
from gateway.callers import Caller
from gateway.catalogue import Catalogue
from gateway.coalescing import Coalesced
from gateway.codes import Codes, Identity, body_hash, canonical, fresh_key, is_key, is_unguessable, shown
from gateway.intake import Intake, NotConfirmed
from gateway.limits import Bucket
from gateway.problems import Problem
from gateway.rpc import Rpc
from gateway.schemas import Filing, load
from gateway.snapshots import Snapshot
from servicekit.contracts import Contracts
from servicekit.ids import Clock
from servicekit.sealing import KeyRing
from servicekit.tracing import current_traceparent

ACTIONS = (
    "verify", "assign", "bounce", "request_info", "provide_info", "progress", "resolve", "confirm",
    "dispute", "reject", "reopen", "merge", "comment", "support",
)  # fmt: skip
MOST_AT_ONCE = 100
_FILING = Filing()


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a citizen gets for a filing. The link with the secret is the only way back to it."""

    tracking_code: str  # shown form, 7K3M-9QXD-4TRW-H
    secret: str
    status: str  # always "received"
    accepted_at: datetime
    links: Mapping[str, str]  # self (API), page (/lacak/<code>/<secret>)
    idempotency_key: str


@dataclass(frozen=True)
class Seals:
    """Key rings of the two services that citizens' blocks are sealed for."""

    complaints: KeyRing
    notifications: KeyRing


class Cases:
    def __init__(
        self,
        *,
        intake: Intake,
        rpc: Rpc,
        catalogue: Snapshot[Catalogue],
        access: Access,
        codes: Codes,
        seals: Seals,
        clock: Clock,
        public_url: str,
        case_limit: Bucket,
        contact_limit: Bucket,
        contracts: Contracts | None = None,
    ) -> None:
        self._intake = intake
        self._rpc = rpc
        self._catalogue = catalogue
        self._access = access
        self._codes = codes
        self._seals = seals
        self._clock = clock
        self._public_url = public_url
        self._case_limit = case_limit
        self._contact_limit = contact_limit
        self._contracts = contracts
        self._reads = Coalesced(self._get_cases)

    @property
    def catalogue(self) -> Catalogue:
        """The newest catalogue snapshot. Raises Problem catalogue-unavailable before the first."""
        if self._catalogue.current is None:
            raise Problem("catalogue-unavailable")
        return self._catalogue.current

    async def file(
        self, submission: dict[str, Any], caller: Caller, idempotency_key: str | None, *, channel: str = "web"
    ) -> Receipt:
        """Check a filing and make it durable.

        Code, secret and event id derive from caller, key and body: the same request gives the same
        receipt, another body another case. Raises invalid-input with every field at fault, before
        anything is sent; intake-unavailable, with the key to repeat with, when the broker does not
        confirm.
        """
        self._access.require(caller, "complaints", "file")
        key = _usable_key(idempotency_key, caller)
        around = filing.Circumstances(
            catalogue=self._catalogue_for_filing(key),
            caller=caller,
            for_citizen=self._access.allows(caller, "complaints", "file_for_citizen"),
            channel=_default_channel(caller, channel),
            now=self._clock.now(),
        )
        checked, errors = load(_FILING, submission, caller.language)
        errors += filing.check(checked, around, errors)
        if errors:
            raise Problem("invalid-input", errors=errors)
        identity = await self._identify(submission, caller, key, repeatable=idempotency_key is not None)
        self._limit_contact(checked, caller)
        event = filing.event(
            checked,
            identity,
            around,
            public_url=self._public_url,
            complaints=self._seals.complaints,
            notifications=self._seals.notifications,
            traceparent=current_traceparent(),
        )
        if self._contracts is not None:
            self._contracts.validate(event)
        try:
            await self._intake.publish(event)
        except NotConfirmed:
            raise Problem(
                "intake-unavailable", headers={"Idempotency-Key": key}, idempotency_key=key
            ) from None
        return self._receipt(identity, around.now, key)

    async def view(self, code: str, caller: Caller) -> dict[str, Any]:
        """A case as this caller may see it. Unknown, invisible and wrong secret are the same not-found."""
        known = _known(code)
        self._limit_case(known, caller)
        view = await self._reads.get({"actor": caller.actor(), "code": known})
        if view is not None:
            return self._named(view, caller)
        if caller.secret is not None and self._codes.proves(known, caller.secret):
            return labels.named({**_RECEIVED, "tracking_code": shown(known)}, None, caller.language)
        raise Problem("not-found")

    async def list(
        self, caller: Caller, filters: dict[str, Any], cursor: str | None = None, limit: int = 20
    ) -> dict[str, Any]:
        """The public list, or a member of staff's inbox: {items, next_cursor, counts}."""
        page = await calls.ask(
            self._rpc,
            "complaints",
            "list_cases",
            _for_list(caller),
            filters=filters,
            cursor=cursor,
            limit=limit,
        )
        return {**page, "items": [self._named(view, caller) for view in page["items"]]}

    async def act(
        self,
        code: str,
        action: str,
        payload: dict[str, Any],
        version: int | None,
        caller: Caller,
        key: str | None,
    ) -> dict[str, Any]:
        """Run one action and return the new view. Repeating it with the same key changes nothing more."""
        if action not in ACTIONS:
            raise Problem("not-found")
        known = _known(code)
        self._access.require(caller, "complaints", action)
        self._limit_case(known, caller)
        view = await calls.act(
            self._rpc,
            "complaints",
            "act",
            caller,
            _usable_key(key, caller),
            code=known,
            action=action,
            version=version,
            payload=payload,
        )
        return self._named(view, caller)

    async def reveal(self, code: str, reason: str, caller: Caller, key: str | None = None) -> dict[str, Any]:
        """Who reported, for a stated and recorded reason."""
        known = _known(code)
        self._access.require(caller, "complaints", "reveal")
        return await calls.act(
            self._rpc, "complaints", "reveal", caller, _usable_key(key, caller), code=known, reason=reason
        )

    async def history(self, code: str, caller: Caller) -> dict[str, Any]:
        known = _known(code)
        self._access.require(caller, "complaints", "history")
        return await calls.ask(self._rpc, "complaints", "history", caller, code=known)

    async def figures(self, caller: Caller) -> dict[str, Any]:
        self._access.require(caller, "complaints", "figures")
        return await calls.ask(self._rpc, "complaints", "figures", caller)

    async def sweep(
        self, as_of: str, codes: Sequence[str] | None, caller: Caller, key: str | None
    ) -> dict[str, Any]:
        """Run the timers as of a time. Development only; the route does not exist in production."""
        self._access.require(caller, "complaints", "sweep")
        known = [_known(code) for code in codes] if codes is not None else None
        return await calls.act(
            self._rpc, "complaints", "sweep", caller, _usable_key(key, caller), as_of=as_of, codes=known
        )

    async def import_catalogue(
        self, bundle: dict[str, Any], caller: Caller, key: str | None
    ) -> dict[str, Any]:
        """Replace a city's catalogue; this gateway's snapshot follows at once, the others' in seconds."""
        self._access.require(caller, "complaints", "import_catalogue")
        outcome = await calls.act(
            self._rpc, "complaints", "import_catalogue", caller, _usable_key(key, caller), bundle=bundle
        )
        await self._catalogue.refresh()
        return outcome

    async def _get_cases(self, items: Sequence[Any]) -> Sequence[Any]:
        return cast(Sequence[Any], await calls.ask(self._rpc, "complaints", "get_cases", None, items=items))

    async def _identify(
        self, submission: dict[str, Any], caller: Caller, key: str, *, repeatable: bool
    ) -> Identity:
        """The identity of this request.

        While an old HMAC key is still in the ring, a repeated request may have been accepted under it:
        if complaints already holds that case, its identity is kept. If complaints cannot be asked, the
        current key decides, so that filing never waits for a service.
        """
        try:
            hashed = body_hash(submission)
        except TypeError:  # text that is no Unicode, or keys that are no text: only a page could send it
            raise Problem("invalid-input") from None
        current, *former = self._codes.identify(_principal(caller), key, hashed)
        if former and repeatable:
            asked = [
                {"actor": Caller("reporter", secret=old.secret).actor(), "code": old.code} for old in former
            ]
            try:
                held: Sequence[Any] = await self._get_cases(asked)
            except Problem:
                held = ()
            return next((old for old, view in zip(former, held, strict=False) if view), current)
        return current

    def _catalogue_for_filing(self, key: str) -> Catalogue:
        if self._catalogue.current is None:
            raise Problem("catalogue-unavailable", headers={"Idempotency-Key": key}, idempotency_key=key)
        return self._catalogue.current

    def _limit_case(self, code: str, caller: Caller) -> None:
        """Strict by case, for strangers: nobody tries secrets or supports without end."""
        if not caller.ref:
            self._case_limit.take(f"{code}|{caller.address}")

    def _limit_contact(self, checked: Mapping[str, Any], caller: Caller) -> None:
        """Strict by contact, for strangers: nobody's mailbox is flooded through us."""
        if caller.is_staff:
            return
        reporter = checked.get("reporter") or {}
        for contact in (reporter.get("email"), reporter.get("phone")):
            if contact:
                self._contact_limit.take(self._codes.pseudonym(contact))

    def _receipt(self, identity: Identity, accepted_at: datetime, key: str) -> Receipt:
        code = shown(identity.code)
        return Receipt(
            tracking_code=code,
            secret=identity.secret,
            status="received",
            accepted_at=accepted_at,
            links={
                "self": f"{self._public_url}/v1/complaints/{code}",
                "page": f"{self._public_url}/lacak/{code}/{identity.secret}",
            },
            idempotency_key=key,
        )

    def _named(self, view: dict[str, Any], caller: Caller) -> dict[str, Any]:
        return labels.named(view, self._catalogue.current, caller.language)


# What a reporter sees of a case that is accepted and not stored yet; the same keys as every view.
_RECEIVED: dict[str, Any] = {
    "status": "received",
    "version": 0,
    "access": "reporter",
    "kind": None,
    "service_code": None,
    "unit": None,
    "title": None,
    "description": None,
    "due": None,
    "timeline": [],
    "actions": [],
}


def _known(code: str) -> str:
    """The canonical code; what cannot be one is as unknown as any other."""
    known = canonical(code)
    if known is None:
        raise Problem("not-found")
    return known


def _usable_key(key: str | None, caller: Caller) -> str:
    """The caller's idempotency key, or a fresh one. Keys of strangers must be unguessable."""
    if key is None:
        return fresh_key()
    if not is_key(key) or (caller.kind in ("public", "reporter") and not is_unguessable(key)):
        raise Problem("invalid-idempotency-key")
    return key


def _principal(caller: Caller) -> str:
    return f"{caller.kind}:{caller.ref}" if caller.ref else "public"


def _default_channel(caller: Caller, channel: str) -> str:
    """The desk enters what citizens bring; other staff report from inside."""
    if caller.kind in ("public", "reporter"):
        return channel
    return "desk" if "desk" in caller.roles else "internal"


def _for_list(caller: Caller) -> Caller:
    """A reporter's secret opens her case, not a list: there she is the public."""
    return caller if caller.ref else Caller(address=caller.address, language=caller.language)
