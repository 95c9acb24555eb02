import json
import socket
import stat
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from servicekit.sealing import KeyRing
from tanggap.errors import LocalError
from tanggap.local import control, ports, services
from tanggap.local.broker import Broker
from tanggap.local.control import public
from tanggap.local.database import Database
from tanggap.local.layout import ROOT, SOCKET_PATH_LIMIT, Layout
from tanggap.local.programs import MARK, Program, write_script, write_supervisor_config
from tanggap.local.secrets import Secrets
from tanggap.local.stack import Stack, read_env


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout(tmp_path / "here")
    layout.create()
    return layout


def test_ports_are_different_and_kept(tmp_path: Path) -> None:
    first = ports.choose(tmp_path / "ports", None)

    assert len(set(first.values())) == len(first)
    assert ports.choose(tmp_path / "ports", None) == first


def test_a_port_that_somebody_took_meanwhile_is_replaced(tmp_path: Path) -> None:
    first = ports.choose(tmp_path / "ports", None)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", first["broker"]))
        taken.listen()

        again = ports.choose(tmp_path / "ports", None)

    assert again["broker"] != first["broker"]
    assert again["database"] == first["database"]


def test_a_taken_gateway_port_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()

        with pytest.raises(LocalError, match="TANGGAP_PORT"):
            ports.choose(tmp_path / "ports", taken.getsockname()[1])


def test_secrets_are_made_once_and_private(layout: Layout) -> None:
    first = Secrets(layout)
    password = first["broker_gateway"]

    again = Secrets(layout)

    assert again["broker_gateway"] == password
    assert again["TANGGAP_HMAC_KEYS"] == first["TANGGAP_HMAC_KEYS"]
    assert stat.S_IMODE(first.file.stat().st_mode) == 0o600


def test_an_installation_of_an_earlier_version_gets_what_it_lacks_and_keeps_what_it_has(
    layout: Layout,
) -> None:
    old = {"TANGGAP_HMAC_KEYS": "k1:kept", "broker_admin": "kept", "broker_gateway": "kept"}
    (layout.secrets / "secrets.json").write_text(json.dumps(old))
    file = layout.directory / "ports.json"
    current = ports.choose(file, None)
    file.write_text(json.dumps({k: v for k, v in current.items() if "surveys" not in k}))

    secrets, chosen = Secrets(layout), ports.choose(file, None)

    assert {name: secrets[name] for name in old} == old
    for ring in ("TANGGAP_SEAL_KEYS_SURVEYS", "TANGGAP_SURVEY_KEYS", "TANGGAP_SURVEY_STORE_KEYS"):
        KeyRing.parse(secrets[ring])
    assert chosen["broker"] == current["broker"]
    assert set(chosen) == {*ports.NAMES, "gateway"}


def test_what_an_earlier_version_started_is_not_what_is_wanted_now(layout: Layout) -> None:
    (layout.directory / "ports.json").write_text(json.dumps({"gateway": 8080, "broker": 5672}))

    assert not Stack(layout.directory).unchanged()


def test_every_process_knows_the_secrets_it_needs_and_no_others(layout: Layout) -> None:
    stack = Stack(layout.directory)
    parts = stack.parts(ports.choose(layout.directory / "ports.json", None))

    found = {program.name: program.environment for program in services.programs(parts, {})}

    rings = {
        name: {key for key in environment if key.endswith("_KEYS") or "_SEAL_KEYS_" in key}
        for name, environment in found.items()
    }
    assert rings == {
        "mail": set(),
        "complaints": {"TANGGAP_SEAL_KEYS_COMPLAINTS", "TANGGAP_VAULT_KEYS"},
        "notifications": {"TANGGAP_SEAL_KEYS_NOTIFICATIONS"},
        "surveys": {"TANGGAP_SEAL_KEYS_SURVEYS", "TANGGAP_SURVEY_KEYS", "TANGGAP_SURVEY_STORE_KEYS"},
        "evaluation": {"TANGGAP_SEAL_KEYS_EVALUATION"},
        "gateway": {
            *(f"TANGGAP_SEAL_KEYS_{name.upper()}" for name in services.SERVICES),
            "TANGGAP_SURVEY_KEYS",
            "TANGGAP_HMAC_KEYS",
        },
    }
    for name in services.SERVICES:
        assert f"/{name}?" in found[name]["TANGGAP_MONGODB_URL"]
        assert f"//{name}:" in found[name]["TANGGAP_AMQP_URL"]
    assert len({environment.get("TANGGAP_MONGODB_URL") for environment in found.values()}) == 5


def test_settings_of_one_process_can_be_overridden(layout: Layout) -> None:
    stack = Stack(layout.directory)
    parts = stack.parts(ports.choose(layout.directory / "ports.json", None))

    found = {
        program.name: program.environment
        for program in services.programs(parts, {"surveys": {"TANGGAP_LOG_LEVEL": "DEBUG"}})
    }

    assert [name for name, environment in found.items() if "TANGGAP_LOG_LEVEL" in environment] == ["surveys"]


def test_a_script_gives_its_program_exactly_its_settings(layout: Layout) -> None:
    awkward = 'a\'b "c" $d %e'
    program = Program("echo", ["/usr/bin/env"], {"TANGGAP_VALUE": awkward})
    script = write_script(layout, program)

    left_over = {"PATH": "/usr/bin:/bin", "TANGGAP_MONGODB_URL": "another installation's"}
    shown = subprocess.run([script], env=left_over, capture_output=True, text=True, check=True).stdout

    assert f"TANGGAP_VALUE={awkward}\n" in shown
    assert "TANGGAP_MONGODB_URL" not in shown
    assert f"{MARK}={layout.directory}\n" in shown
    assert stat.S_IMODE(script.stat().st_mode) == 0o700


def test_the_supervisor_s_socket_has_a_path_that_a_socket_can_have(tmp_path: Path) -> None:
    deep = Layout(tmp_path / ("deep" * 30))

    assert len(str(deep.socket)) <= SOCKET_PATH_LIMIT


def test_the_supervisor_reads_its_configuration(layout: Layout) -> None:
    from supervisor.options import ServerOptions

    write_supervisor_config(layout, [Program("sleep", ["/bin/sleep", "1"], {})])
    options = ServerOptions()
    options.realize(["-c", str(layout.supervisor_config)])

    (group,) = options.process_group_configs
    assert [program.name for program in group.process_configs] == ["sleep"]


def test_the_published_addresses_can_be_read_back(tmp_path: Path) -> None:
    file = tmp_path / "env"
    file.write_text("# note\nexport A='x y'\nexport B=plain\ncase x in esac\n")

    assert read_env(file) == {"A": "x y", "B": "plain"}


def test_a_broker_url_of_a_user_keeps_host_and_vhost() -> None:
    broker = Broker("amqp://admin:secret@127.0.0.1:5999/%2Fcity", "http://127.0.0.1", prefix="tanggap-")

    url = urlsplit(broker.url_of("complaints", "p/w"))

    assert (url.username, url.password, url.port) == ("tanggap-complaints", "p%2Fw", 5999)
    assert url.path == "/%2Fcity"


def test_a_database_url_of_a_service_logs_in_on_its_own_database() -> None:
    database = Database("mongodb://admin:x@127.0.0.1:27999/?replicaSet=rs0&authSource=admin")

    url = database.url_of("complaints", "complaints", "pw")

    assert url == "mongodb://complaints:pw@127.0.0.1:27999/complaints?replicaSet=rs0&authSource=complaints"


def test_in_single_user_mode_every_service_uses_the_given_login() -> None:
    database = Database("mongodb://me:x@db:27017/?replicaSet=rs0", prefix="tanggap_", single_user=True)

    url = database.url_of("complaints", "complaints", "pw")

    assert url == "mongodb://me:x@db:27017/tanggap_complaints?replicaSet=rs0&authSource=admin"


def test_no_password_is_shown() -> None:
    assert public("mongodb://admin:secret@127.0.0.1:27999/?replicaSet=rs0") == "mongodb://127.0.0.1:27999/"


def test_chosen_ports_are_on_file(tmp_path: Path) -> None:
    chosen = ports.choose(tmp_path / "ports", None)

    assert ports.known(tmp_path / "ports") == chosen == json.loads((tmp_path / "ports").read_text())


def with_keys_of_compose(folder: Path) -> Path:
    """Beside them what an installation leaves: a folder, a file, and a program that was downloaded."""
    keys = folder / "compose" / "secrets" / "vault_keys"
    for file in (keys, folder / "data" / "a", folder / "env", folder / "lib" / "mongod"):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("k1:x")
    return keys


def test_a_reset_deletes_everything_but_programs_and_the_keys_of_compose(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = with_keys_of_compose(tmp_path)
    monkeypatch.setattr(control, "DIRECTORY", tmp_path)

    control.reset()

    assert keys.read_text() == "k1:x"
    assert {entry.name for entry in tmp_path.iterdir()} == {"compose", "lib"}


def test_make_clean_leaves_the_keys_of_compose(tmp_path: Path) -> None:
    keys = with_keys_of_compose(tmp_path / ".local")

    subprocess.run(["make", "-s", "-f", ROOT / "Makefile", "clean"], cwd=tmp_path, check=True, timeout=60)

    assert keys.read_text() == "k1:x"
    assert [entry.name for entry in (tmp_path / ".local").iterdir()] == ["compose"]
