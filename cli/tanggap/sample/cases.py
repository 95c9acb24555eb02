"""The sample's cases, filed and worked on through the public interface."""

from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from time import monotonic, sleep
from typing import Any

from tanggap.client import Gateway
from tanggap.errors import CliError, GatewayError
from tanggap.journal import Filing, Journal, StepRecord
from tanggap.sample.calendar import Calendar
from tanggap.sample.people import People

STORED_SECONDS = 60.0
MESSAGES_SECONDS = 20.0
MESSAGES_QUIET_SECONDS = 2.0


@dataclass(frozen=True)
class Loaded:
    code: str
    status: str
    shows: str


@dataclass
class Loader:
    """Acts as each sample person in turn, with a token of her own."""

    people: People
    calendar: Calendar
    now: datetime
    journal: Journal
    clients: dict[str, Gateway] = field(default_factory=dict)
    codes: dict[str, str] = field(default_factory=dict)

    def client(self, ref: str | None) -> Gateway:
        """The gateway as this person; None is somebody without an account."""
        name = ref or ""
        if name not in self.clients:
            token = None if ref is None else self.people.token(ref)
            self.clients[name] = Gateway(self.people.url, token)
        return self.clients[name]

    def load_case(self, case: dict[str, Any]) -> Loaded:
        name = case["key"]
        try:
            day = self.calendar.move(self.now.date(), -case["filed"]["working_days_ago"])
            received_at = self.past(self.calendar.at(day, case["filed"]["at"]))
            filing = self.journal.filings().get(name) or self.file(case, received_at)
            code = self.codes[name] = filing.code or ""
            if not filing.settled:
                self.carry_out(case, filing, day, received_at)
                self.journal.settled(name)
            status = self.seen_by_staff(code)["status"]
        except GatewayError as error:
            raise CliError(f"Sample case {name}: {error}") from error
        return Loaded(code, status, ", ".join(case.get("shows", [])))

    def carry_out(self, case: dict[str, Any], filing: Filing, day: date, received_at: datetime) -> None:
        """The case's actions in their order; what was done before an interruption is not done again."""
        name, code = filing.row, filing.code or ""
        self.until_stored(code, filing.secret or "")
        records = self.journal.steps(name)
        last = received_at
        for number, action in enumerate(case.get("actions", []), start=1):
            at = self.moment(day, action, last)
            last = at or last
            record = records.get(number)
            if record is not None and record.state == "done":
                continue
            if record is None:
                record = StepRecord(number, 1, self.seen_by_staff(code)["version"], None, "sent", None)
                self.journal.step(name, record)
            self.act(filing, action, at, record)
            self.journal.step(name, replace(record, state="done"))
        if case.get("then", {}).get("sweep"):
            self.sweep(code, self.journal.key(name, "sweep"))

    def past(self, moment: datetime) -> datetime:
        """What would lie in the future becomes a minute ago."""
        return min(moment, self.now - timedelta(minutes=1))

    def moment(self, filed_on: date, action: dict[str, Any], not_before: datetime) -> datetime | None:
        """When the action counts as having happened; None: now."""
        if "day" not in action:
            return None
        day = self.calendar.move(filed_on, action["day"])
        return max(self.past(self.calendar.at(day, action["at"])), not_before)

    def file(self, case: dict[str, Any], received_at: datetime) -> Filing:
        names = (
            "service_code",
            "title",
            "description",
            "location",
            "reporter",
            "anonymous",
            "confidential",
            "channel",
        )
        body = {name: case[name] for name in names if case.get(name) is not None}
        attributes = {code: self.attribute(value) for code, value in (case.get("attributes") or {}).items()}
        if attributes:
            body["attributes"] = attributes
        if "reporter" in body:
            body["reporter"] = {name: value for name, value in body["reporter"].items() if value is not None}
        body["received_at"] = received_at.isoformat()
        name = case["key"]
        desk = self.client(case["filed"]["by"])
        receipt = desk.call("POST", "/v1/complaints", body, key=self.journal.key(name, "file"))
        self.journal.filed(name, receipt["tracking_code"], receipt["secret"])
        return self.journal.filings()[name]

    def attribute(self, value: Any) -> Any:
        if isinstance(value, dict) and "days_ago" in value:
            day = self.now.date() - timedelta(days=value["days_ago"])
            return self.calendar.at(day, value["at"]).isoformat()
        return value

    def until_stored(self, code: str, secret: str) -> None:
        deadline = monotonic() + STORED_SECONDS
        reporter = self.client(None)
        while reporter.call("GET", f"/v1/complaints/{code}", secret=secret)["status"] == "received":
            if monotonic() > deadline:
                raise CliError(f"Case {code} was accepted but not stored within {STORED_SECONDS:.0f} s.")
            sleep(0.05)

    def seen_by_staff(self, code: str) -> dict[str, Any]:
        """The case now. Not with its secret: that would count as the reporter having read the answer."""
        view: dict[str, Any] = self.client(self.people.with_role("admin")).get(f"/v1/complaints/{code}")
        return view

    def act(self, filing: Filing, action: dict[str, Any], at: datetime | None, record: StepRecord) -> None:
        by = action["by"]
        payload = {name: self.reference(value) for name, value in (action.get("payload") or {}).items()}
        if at is not None:
            payload["as_of"] = at.isoformat()
        payload["version"] = record.version
        path = f"/v1/complaints/{filing.code}/{action['action'].replace('_', '-')}"
        client = self.client(None if by in ("reporter", "public") else by)
        secret = filing.secret if by == "reporter" else None
        for repetition in range(action.get("times", 1)):
            key = self.journal.key(filing.row, record.number, repetition)
            client.call("POST", path, payload, key=key, secret=secret)

    def reference(self, value: Any) -> Any:
        if isinstance(value, str) and value.startswith("case:"):
            name = value.removeprefix("case:")
            if name not in self.codes:
                raise CliError(f"sample/cases.yaml refers to {name!r} before that case.")
            return self.codes[name]
        return value

    def sweep(self, code: str, key: str) -> None:
        """Let the timers look at this case once its messages have an outcome, as they would later."""
        self.until_messages_rest(code)
        body = {"as_of": datetime.now(self.calendar.timezone).isoformat(), "codes": [code]}
        self.client(self.people.with_role("admin")).call("POST", "/v1/sweep", body, key=key)

    def until_messages_rest(self, code: str) -> None:
        """Wait until the timeline has had no new message for a while; a case without any does not hold us."""
        deadline = monotonic() + MESSAGES_SECONDS
        number, since = -1, monotonic()
        while monotonic() < deadline and monotonic() - since < MESSAGES_QUIET_SECONDS:
            timeline = self.seen_by_staff(code)["timeline"]
            now_there = sum(entry["type"] == "message" for entry in timeline)
            if now_there != number:
                number, since = now_there, monotonic()
            sleep(0.2)
