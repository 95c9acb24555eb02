"""`tanggap doctor`: what it concludes, and that it says what to do."""

import json
import re
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from servicekit.topology import Topology
from tanggap.dlq import post
from tanggap.doctor import command, findings, looking
from tanggap.doctor.findings import ACT, OK, UNKNOWN, Finding
from tanggap.errors import CliError
from tanggap.settings import Settings

TOPOLOGY = Topology.load(Path(__file__).resolve().parents[3] / "contracts")
WANTED = {queue.name: queue.arguments for queue in TOPOLOGY.queues()}
WORK = [consumer.queue for consumer in TOPOLOGY.consumers.values()]
NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
SECRET = "kata-sandi"


def states(found: list[Finding]) -> set[str]:
    return {finding.state for finding in found}


def known(**values: str) -> Settings:
    return Settings(values, None)


@pytest.mark.parametrize(
    ("found", "status"), [([OK], 0), ([OK, UNKNOWN], 2), ([OK, ACT], 1), ([UNKNOWN, ACT], 1), ([], 0)]
)
def test_the_status_is_0_healthy_1_something_to_do_2_cannot_tell(found: list[str], status: int) -> None:
    assert findings.exit_code([Finding("x", state, "") for state in found]) == status


# Queues


def listed() -> dict[str, dict[str, Any]]:
    """Every queue as the management API lists it, each with a consumer."""
    return {
        name: {"arguments": dict(arguments), "consumers": 1, "messages": 0}
        for name, arguments in WANTED.items()
    }


def test_queues_as_the_topology_wants_them_are_healthy() -> None:
    assert states(findings.queues(listed(), WANTED, WORK)) == {OK}


def test_a_missing_queue_is_named_with_the_command_that_declares_it() -> None:
    here = listed()
    del here["dlq-surveys-on_answers"]

    (finding,) = findings.queues(here, WANTED, WORK)

    assert "dlq-surveys-on_answers" in finding.says
    assert finding.run == "run the topology job (locally `tanggap topology apply`)"


def test_a_queue_with_other_arguments_is_named() -> None:
    here = listed()
    here["evt-surveys-on_answers"]["arguments"]["x-delivery-limit"] = 9

    (finding,) = findings.queues(here, WANTED, WORK)

    assert "evt-surveys-on_answers exists with other arguments" in finding.says


def test_work_that_nobody_takes_is_counted_and_its_service_named() -> None:
    here = listed()
    here["evt-surveys-on_answers"] |= {"consumers": 0, "messages": 17}

    (finding,) = findings.queues(here, WANTED, WORK)

    assert "17 messages wait" in finding.says
    assert "surveys" in finding.run


def test_a_queue_without_figures_yet_is_no_alarm() -> None:
    here = listed()
    del here["evt-surveys-on_answers"]["consumers"]

    assert states(findings.queues(here, WANTED, WORK)) == {OK}


def test_dead_letters_are_counted_by_queue_with_the_command_that_lists_them() -> None:
    found = findings.dead_letters({"dlq-a-x": 0, "dlq-b-y": 3, "dlq-c-z": None})

    assert [finding.run for finding in found] == ["tanggap dlq list dlq-b-y"]
    assert states(findings.dead_letters({"dlq-a-x": 0})) == {OK}


# Databases, clocks, processes


def test_an_old_outbox_and_a_parked_event_are_different_things_to_do() -> None:
    young = findings.outbox("surveys", pending=40, oldest_seconds=3, parked=0)
    old = findings.outbox("surveys", pending=40, oldest_seconds=600, parked=0)
    parked = findings.outbox("surveys", pending=0, oldest_seconds=600, parked=2)

    assert states(young) == {OK}
    assert "the oldest for 10 min" in old[0].says and states(old) == {ACT}
    assert "refused 2 events for good" in parked[0].says and len(parked) == 1


def test_the_timer_that_is_latest_is_named_and_one_that_is_a_little_late_is_not() -> None:
    due = {
        "sweep": NOW - timedelta(hours=3),
        "release": NOW - timedelta(minutes=20),
        "a": NOW + timedelta(days=1),
    }

    (finding,) = findings.timers("complaints", due, NOW)

    assert "sweep should have run 3 h ago" in finding.says
    assert findings.timers("complaints", {"sweep": NOW - timedelta(seconds=30)}, NOW) == []


def test_a_clock_is_wrong_only_beyond_what_the_question_itself_took() -> None:
    assert findings.clock("x", 2.5, 1.0).state == OK
    assert findings.clock("x", -8.0, 0.1).says.startswith("x is 8 s behind this machine")
    assert findings.clock("x", 8.0, 0.1).state == ACT


def test_a_process_that_stands_still_is_restarted_and_one_that_waits_is_not() -> None:
    assert "restart is right" in findings.process("surveys", False, []).says
    assert "a restart is no cure" in findings.process("surveys", True, ["mongodb"]).says
    assert findings.process("surveys", True, []).state == OK


def test_everything_to_do_says_how() -> None:
    here = listed()
    here.pop(WORK[0])
    here[WORK[1]]["consumers"] = 0
    here[WORK[2]]["arguments"] = {}
    every = [
        *findings.queues(here, WANTED, WORK),
        *findings.dead_letters({"dlq-a-x": 1}),
        *findings.outbox("a", pending=1, oldest_seconds=9999, parked=1),
        *findings.timers("a", {"sweep": NOW - timedelta(days=1)}, NOW),
        findings.clock("a", 99, 0),
        findings.process("a", False, []),
        findings.process("a", True, ["x"]),
    ]

    assert [finding for finding in every if finding.state != ACT or not finding.run] == []
    assert not [finding for finding in every if "\n" in command.line(finding)]


# Looking


def test_what_is_not_configured_cannot_be_told() -> None:
    found = looking.look(known(), lambda _: None)

    assert states(found) == {UNKNOWN}
    assert {"AMQP_URL", "TANGGAP_URL"} <= {word for finding in found for word in finding.says.split()}


def test_servers_that_do_not_answer_are_something_to_do_and_their_passwords_stay_secret(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def away(place: Any, _stack: ExitStack, _program: str) -> Any:
        raise CliError(f"The database of {place.service} does not answer (ServerSelectionTimeoutError).")

    monkeypatch.setattr(looking, "connect", away)
    login = f"admin:{SECRET}@127.0.0.1:1"
    metrics = {
        f"TANGGAP_{name}_METRICS": "http://127.0.0.1:1/metrics"
        for name in ("COMPLAINTS", "NOTIFICATIONS", "SURVEYS", "EVALUATION", "GATEWAY")
    }

    found = looking.look(
        known(
            AMQP_URL=f"amqp://{login}/",
            AMQP_MANAGEMENT_URL=f"http://{login}",
            MONGODB_URL=f"mongodb://{login}/",
            TANGGAP_URL="http://127.0.0.1:1",
            **metrics,
        ),
        lambda _: None,
    )

    assert states(found) == {ACT}
    assert {finding.check for finding in found} == {"broker", "databases", "processes", "gateway"}
    assert SECRET not in "\n".join(map(command.line, found))


def test_contracts_that_are_not_there_are_not_taken_for_a_broker_that_is_away(tmp_path: Path) -> None:
    (finding,) = looking.broker(
        known(AMQP_URL="amqp://127.0.0.1:1/", TANGGAP_CONTRACTS_DIR=str(tmp_path / "nowhere"))
    )

    assert finding.state == UNKNOWN
    assert "TANGGAP_CONTRACTS_DIR" in finding.says


@pytest.fixture
def answering(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[httpx.Request], httpx.Response]], None]:
    """Let HTTP be answered by a function."""

    def install(answer: Callable[[httpx.Request], httpx.Response]) -> None:
        monkeypatch.setattr(looking, "client", lambda: httpx.Client(transport=httpx.MockTransport(answer)))

    return install


def test_a_process_tells_what_it_waits_for(answering: Callable[..., None]) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/readyz" and request.url.port == 9002:
            return httpx.Response(503, json={"mongodb": False, "relay": True})
        return httpx.Response(200, json={})

    answering(answer)
    names = ("COMPLAINTS", "NOTIFICATIONS", "SURVEYS", "EVALUATION", "GATEWAY")
    urls = {f"TANGGAP_{name}_METRICS": f"http://h:{9000 + n}/metrics" for n, name in enumerate(names)}

    found = looking.processes(known(**urls))

    assert [finding.state for finding in found] == [OK, OK, ACT, OK, OK]
    assert "surveys runs but is not ready (mongodb)" in found[2].says


def test_the_gateways_clock_is_compared_with_ours(answering: Callable[..., None]) -> None:
    answering(lambda _: httpx.Response(200, headers={"Date": "Tue, 24 Nov 2020 02:00:00 GMT"}))

    found = looking.gateway(known(TANGGAP_URL="http://h"))

    assert [finding.check for finding in found if finding.state == ACT] == ["clock"]


def test_an_alarm_of_the_broker_is_told_from_a_management_api_that_is_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def alarmed(method: str, url: str, path: str, **_: Any) -> httpx.Response:
        if path.startswith("/health"):
            request = httpx.Request(method, url + path)
            raise httpx.HTTPStatusError("", request=request, response=httpx.Response(503, request=request))
        return httpx.Response(200, json=[{"name": name, **queue} for name, queue in listed().items()])

    def away(*_: Any, **__: Any) -> httpx.Response:
        raise httpx.ConnectTimeout("")

    monkeypatch.setattr(post, "counts", lambda _known: {"dlq-a-x": 0})
    settings = known(AMQP_URL="amqp://h/", AMQP_MANAGEMENT_URL="http://h")

    monkeypatch.setattr(looking, "management", alarmed)
    assert [finding.says for finding in looking.broker(settings) if finding.state == ACT] == [
        "an alarm is on (memory or disk): it blocks every publisher, filing answers 503"
    ]
    monkeypatch.setattr(looking, "management", away)
    assert states(looking.broker(settings)) == {OK, UNKNOWN}


# The command


def run(monkeypatch: pytest.MonkeyPatch, found: list[Finding], *arguments: str) -> tuple[int, str]:
    monkeypatch.setattr(command, "look", lambda _known, _tell: found)
    answer = CliRunner().invoke(command.doctor, arguments)
    return answer.exit_code, answer.stdout


FOUND = [Finding("broker", OK, "answers"), Finding("dead letters", ACT, "3 wait", "tanggap dlq list")]


def test_every_finding_is_one_line_with_the_command_that_is_next(monkeypatch: pytest.MonkeyPatch) -> None:
    status, text = run(monkeypatch, FOUND)

    assert status == 1
    assert re.search(r"^ACT  dead letters: 3 wait → tanggap dlq list$", text, re.MULTILINE)
    assert "broker" in text
    assert "broker" not in run(monkeypatch, FOUND, "--quiet")[1]


def test_programs_read_json(monkeypatch: pytest.MonkeyPatch) -> None:
    status, text = run(monkeypatch, FOUND, "--json")

    document = json.loads(text)
    assert document["status"] == status == 1
    assert document["findings"][1]["run"] == "tanggap dlq list"
