"""`tanggap department`: what it asks of the gateway and the broker, and what it shows."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from servicekit.contracts import Contracts
from servicekit.testing import make_event
from servicekit.topology import Topology
from tanggap.departments import broker_user, command, trial
from tanggap.departments.broker_user import BrokerUsers
from tanggap.departments.credentials import Credentials, code_of, digest, new_key
from tanggap.errors import CliError, GatewayError
from tanggap.local.broker import Broker

CONTRACTS = Path(__file__).resolve().parents[3] / "contracts"
TOPOLOGY = Topology.load(CONTRACTS)
AT = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
BROKER = Broker(
    "amqp://admin:secret@127.0.0.1:5999/%2Fcity", "http://admin:secret@127.0.0.1:15999", "tanggap-"
)


def test_a_key_names_its_department_and_holds_256_random_bits() -> None:
    key = new_key("antrian-dukcapil")

    assert re.fullmatch(r"tgd_antrian-dukcapil_[A-Za-z0-9_-]{43}", key)
    assert code_of(key) == "antrian-dukcapil"
    assert new_key("antrian-dukcapil") != key
    assert re.fullmatch("[0-9a-f]{64}", digest(key))
    for wrong in ("", "tgd_x", "eyJhbGciOi", f"xyz_{key}"):
        assert code_of(wrong) == ""


def test_credentials_are_shown_in_every_shape_and_hidden_in_errors() -> None:
    made = Credentials("pdam", "http://127.0.0.1:8080", "tgd_pdam_x", "amqp://dept-pdam:pw@127.0.0.1/%2F")

    for text in (made.as_text(), made.as_json(), made.as_env()):
        assert "tgd_pdam_x" in text
        assert "amqp://dept-pdam:pw@" in text
    assert "tgd_pdam_x" not in repr(made)
    assert "amqp" not in Credentials("pdam", "http://x", "k").as_text().lower()


@pytest.mark.parametrize("type_", sorted(TOPOLOGY.external_types))
def test_a_trial_event_is_well_formed_and_about_nothing(type_: str) -> None:
    event = trial.trial_event("pdam", type_, "dpupr", AT)

    Contracts.load(CONTRACTS).validate(make_event(type_, event["data"]))
    assert event["source"] == "/departments/pdam"
    assert trial.NOWHERE in json.dumps(event["data"]) or event["data"]["complaint_id"] == "0" * 13


def test_there_is_no_trial_of_an_unknown_type() -> None:
    with pytest.raises(CliError):
        trial.trial_event("pdam", "complaint.filed.v1", "dpupr", AT)


def test_refusals_are_waited_for_but_not_for_ever() -> None:
    pages = iter([{"items": []}, {"items": [{"event_id": "a", "reason": "x"}, {"event_id": "z"}]}])
    time = iter(range(100))

    found = trial.refusals(
        lambda: next(pages, {"items": []}),
        {"a"},
        sleep=lambda _: None,
        clock=lambda: float(next(time)),
    )
    none = trial.refusals(
        lambda: {"items": []}, {"a"}, seconds=5, sleep=lambda _: None, clock=lambda: float(next(time))
    )

    assert found == {"a": {"event_id": "a", "reason": "x"}}
    assert none == {}


@pytest.mark.parametrize(
    ("answer", "delivered", "at_once"),
    [
        (httpx.Response(202, json={"status": "accepted"}), True, False),
        (httpx.Response(403, json={"type": "/problems/event-not-yours", "title": "x"}), True, True),
        (httpx.Response(401, json={"type": "/problems/unauthorized", "title": "x"}), False, False),
        (httpx.Response(503, text="away"), False, False),
    ],
)
def test_what_the_gateway_says_to_a_trial_is_judged(
    answer: httpx.Response, delivered: bool, at_once: bool
) -> None:
    http = httpx.Client(base_url="http://gateway", transport=httpx.MockTransport(lambda _: answer))

    outcome = trial.over_http(http, "tgd_x", {"id": "1"})

    assert (outcome.delivered, outcome.at_once) == (delivered, at_once)


def test_a_broker_that_is_away_is_an_outcome_and_no_error() -> None:
    outcome = trial.over_amqp("amqp://dept-pdam:pw@127.0.0.1:1/%2F", "pdam", {"id": "1", "type": "t"})

    assert not outcome.delivered


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, Any]]:
    """What the management API is asked; it has one open connection of dept-pdam."""
    calls: list[tuple[str, str, Any]] = []

    def management(method: str, url: str, path: str, timeout: float = 10, body: Any = None) -> httpx.Response:
        calls.append((method, path, body))
        connections = [{"name": "1.2.3.4 -> x", "user": "tanggap-dept-pdam"}, {"name": "y", "user": "admin"}]
        return httpx.Response(200, json=connections if path == "/connections" else {})

    monkeypatch.setattr(broker_user, "management", management)
    return calls


def test_a_department_s_user_gets_the_rights_of_the_topology_and_no_others(
    asked: list[tuple[str, str, Any]],
) -> None:
    url = BrokerUsers(BROKER, "http://x", TOPOLOGY).put("pdam")

    assert re.fullmatch(r"amqp://tanggap-dept-pdam:[A-Za-z0-9_%-]+@127\.0\.0\.1:5999/%2Fcity", url)
    user, rights, *topics = asked
    assert user[1] == "/users/tanggap-dept-pdam"
    assert user[2]["tags"] == ""
    assert rights[1:] == (
        "/permissions/%2Fcity/tanggap-dept-pdam",
        {"configure": "^$", "write": r"^(departments\.events)$", "read": "^$"},
    )
    by_exchange = {body["exchange"]: body["write"] for _, _, body in topics}
    assert by_exchange.pop("departments.events") == r"^pdam\."
    assert set(by_exchange.values()) == {"^$"}
    assert "complaints.events" in by_exchange


def test_a_user_that_goes_takes_its_connections_along(asked: list[tuple[str, str, Any]]) -> None:
    assert BrokerUsers(BROKER, "http://x", TOPOLOGY).delete("pdam") == 1

    assert [(method, path) for method, path, _ in asked] == [
        ("GET", "/connections"),
        ("DELETE", "/users/tanggap-dept-pdam"),
        ("DELETE", "/connections/1.2.3.4%20-%3E%20x"),
    ]


class FakeGateway:
    """Keeps a registry as the gateway would, and what it was asked."""

    items: list[dict[str, Any]]
    calls: list[tuple[str, str, Any]]

    def __init__(self) -> None:
        self.items, self.calls = [], []

    def __enter__(self) -> "FakeGateway":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def get(self, path: str, **_: Any) -> Any:
        return {"items": self.items}

    def call(self, method: str, path: str, body: Any = None, **_: Any) -> Any:
        self.calls.append((method, path, body))
        code = path.split("/")[3]
        known = next((item for item in self.items if item["code"] == code), None)
        if method == "PUT":
            item = {**body, "code": code, "units": [body["unit"], *body["units"]], "keys": [{"until": None}]}
            self.items = [item]
            return item
        if known is None:
            raise GatewayError("404 not found", 404)
        return {**known, "active": not path.endswith("revoke")}


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch) -> FakeGateway:
    fake = FakeGateway()
    monkeypatch.setattr(command, "admin", lambda known: fake)
    monkeypatch.setenv("TANGGAP_URL", "http://127.0.0.1:8080")
    monkeypatch.setenv("TANGGAP_TOKEN", "token")
    return fake


class FakeUsers:
    def __init__(self) -> None:
        self.users: set[str] = set()

    def put(self, code: str) -> str:
        self.users.add(code)
        return f"amqp://dept-{code}:pw@127.0.0.1:5672/%2F"

    def delete(self, code: str) -> int:
        self.users.discard(code)
        return 2


@pytest.fixture
def users(monkeypatch: pytest.MonkeyPatch) -> FakeUsers:
    fake = FakeUsers()
    monkeypatch.setattr(command, "broker_users", lambda known: fake)
    return fake


Run = Callable[..., Any]
ADD = ("add", "antrian", "--name", "Antrean", "--unit", "dukcapil", "--units", "dpupr, dlh")


def run(*arguments: str) -> Any:
    return CliRunner().invoke(command.department, arguments)


def test_adding_registers_the_digest_and_shows_the_key_once(gateway: FakeGateway, users: FakeUsers) -> None:
    done = run(*ADD, "--format", "json")

    assert done.exit_code == 0, done.output
    shown = json.loads(done.stdout)
    (_, path, body) = gateway.calls[0]
    assert path == "/v1/departments/antrian"
    assert body["key_hash"] == digest(shown["api_key"])
    assert body["units"] == ["dpupr", "dlh"]
    assert set(body["types"]) == TOPOLOGY.external_types
    assert shown["amqp_url"].startswith("amqp://dept-antrian:")
    assert shown["api_key"] not in json.dumps(gateway.calls)


def test_a_registered_department_is_not_added_again_but_can_be_changed(
    gateway: FakeGateway, users: FakeUsers
) -> None:
    assert run(*ADD, "--update").exception is not None
    run(*ADD)

    again = run(*ADD)
    changed = run(*ADD, "--types", "staff.changed.v1", "--update")

    assert isinstance(again.exception, CliError)
    assert "rotate antrian" in str(again.exception)
    assert changed.exit_code == 0
    assert "key_hash" not in gateway.calls[-1][2]
    assert gateway.calls[-1][2]["types"] == ["staff.changed.v1"]
    assert "tgd_" not in changed.output


def test_without_the_management_api_only_http_is_offered_and_said(
    gateway: FakeGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "broker_users", lambda known: None)

    done = run(*ADD, "--format", "json")

    assert json.loads(done.stdout)["amqp_url"] is None
    assert "Only HTTP is possible" in done.stderr


def test_a_broker_that_refuses_does_not_cost_the_key(
    gateway: FakeGateway, users: FakeUsers, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(code: str) -> str:
        raise CliError("The broker's management API does not answer.")

    monkeypatch.setattr(users, "put", refuse)

    done = run(*ADD)

    assert "tgd_antrian_" in done.stdout
    assert "HTTP works" in str(done.exception)


def test_a_rotation_changes_both_ways_in(gateway: FakeGateway, users: FakeUsers) -> None:
    run(*ADD)

    done = run("rotate", "antrian", "--format", "env")

    method, path, body = gateway.calls[-1]
    key = re.search("tgd_[A-Za-z0-9_-]+", done.stdout)
    assert key is not None
    assert (method, path, body) == ("POST", "/v1/departments/antrian/rotate", {"key_hash": digest(key[0])})
    assert "export TANGGAP_DEPARTMENT_AMQP_URL=" in done.stdout


def test_a_revoked_department_loses_its_broker_user_too(gateway: FakeGateway, users: FakeUsers) -> None:
    run(*ADD)

    done = run("revoke", "antrian")

    assert done.exit_code == 0
    assert users.users == set()
    assert gateway.calls[-1][1] == "/v1/departments/antrian/revoke"


def test_the_list_shows_who_may_do_what(gateway: FakeGateway, users: FakeUsers) -> None:
    run(*ADD)

    done = run("list")

    assert "antrian\tAntrean\tdukcapil" in done.output


def test_a_trial_needs_credentials(gateway: FakeGateway) -> None:
    assert "TANGGAP_DEPARTMENT_KEY" in str(run("test", "antrian").exception)
