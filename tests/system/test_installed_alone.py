"""Each image's content: one distribution with what it needs, installed as the image does it, and started.

The scripts are those that the Dockerfile runs, the settings those that docker-compose.yml gives, the secrets
those that its installation makes. There are no servers, so that each process has to wait for them, alive.
"""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from support import images
from support.images import IMAGES, PROCESSES, ROOT
from support.waiting import eventually

pytestmark = pytest.mark.timeout(300)

DISTRIBUTIONS = {name: f"tanggap-{name}" for name in PROCESSES} | {"tools": "tanggap-cli"}
SOURCES = ("constraints.txt", "libs", "services", "gateway", "cli", "deploy/images")
PACKAGES = {*PROCESSES, "tanggap", "pip", "setuptools"}
PROXYLESS = urllib.request.build_opener(urllib.request.ProxyHandler({}))
HOLDS = """
import importlib.util, json, sys
from importlib.metadata import distributions
found = {one.metadata["Name"].lower().replace("_", "-"): one.version for one in distributions()}
packages = [name for name in sys.argv[1:] if importlib.util.find_spec(name)]
print(json.dumps({"distributions": found, "packages": packages}))
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A virtual environment for each image."""
    folder = tmp_path_factory.mktemp("images")
    built = shutil.ignore_patterns("build", "*.egg-info", "__pycache__")
    (folder / "src").mkdir()
    for name in SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / "src" / name, ignore=built)
        else:
            shutil.copy(ROOT / name, folder / "src")
    run([IMAGES / "wheels", folder / "wheels"], folder / "src")

    def install(name: str) -> Path:
        run([IMAGES / "install", folder / "wheels", folder / name, DISTRIBUTIONS[name]], folder / "src")
        return folder / name

    with ThreadPoolExecutor(2) as pool:
        return dict(zip(DISTRIBUTIONS, pool.map(install, DISTRIBUTIONS), strict=True))


def run(command: list[str | Path], folder: Path) -> None:
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PYTHON": sys.executable},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stdout[-2000:]


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The secrets of an installation whose broker and databases listen nowhere."""
    folder = tmp_path_factory.mktemp("installation")
    run([sys.executable, ROOT / "deploy" / "compose" / "make_secrets.py", folder], folder)
    for file in (folder / "secrets").glob("*_url"):
        text = file.read_text().replace("@broker:5672", "@127.0.0.1:9")
        file.chmod(0o644)
        file.write_text(text.replace(f"@database-{file.name.split('_')[0]}:27017", "@127.0.0.1:9"))
    return folder / "secrets"


def settings(name: str, secrets: Path, folder: Path) -> dict[str, str]:
    """What the process finds around it in its container, with the container's paths as they are here."""
    service = images.compose()["services"][name]
    mounted = {secret.get("target", secret["source"]): secret["source"] for secret in service["secrets"]}
    here = {"/srv/": f"{ROOT}/", "/var/lib/tanggap": str(folder), "0.0.0.0": "127.0.0.1"}  # noqa: S104
    here |= {f"/run/secrets/{Path(target).name}": str(secrets / source) for target, source in mounted.items()}
    values = images.environment(name) | service["environment"]
    for there in sorted(here, key=len, reverse=True):
        values = {key: value.replace(there, here[there]) for key, value in values.items()}
    return values


@contextmanager
def started(
    name: str, venv: Path, environment: dict[str, str], folder: Path
) -> Iterator["subprocess.Popen[str]"]:
    with subprocess.Popen(
        images.command(name),
        cwd=folder,
        env={**environment, "PATH": f"{venv}/bin:/usr/bin:/bin"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def free_port() -> str:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def answer(port: str, path: str) -> tuple[int, str]:
    try:
        with PROXYLESS.open(f"http://127.0.0.1:{port}{path}", timeout=5) as found:
            return found.status, found.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode()
    except OSError:
        return 0, ""


def status(port: str, path: str) -> int:
    return answer(port, path)[0]


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_an_image_holds_its_own_part_in_the_locks_versions(name: str, installed: dict[str, Path]) -> None:
    python = installed[name] / "bin" / "python"
    done = subprocess.run(
        [python, "-I", "-c", HOLDS, *PACKAGES], capture_output=True, text=True, timeout=60, check=True
    )
    holds = json.loads(done.stdout)

    locked = dict(
        line.lower().replace("_", "-").split("==")
        for line in (ROOT / "constraints.txt").read_text().splitlines()
        if not line.startswith("#")
    )
    ours = {one for one in holds["distributions"] if one.startswith("tanggap-")}
    assert ours == {"tanggap-servicekit", DISTRIBUTIONS[name]}
    assert holds["packages"] == ["tanggap" if name == "tools" else name]
    assert {
        one: version for one, version in holds["distributions"].items() if one not in ours
    }.items() <= locked.items()


@pytest.mark.parametrize("name", PROCESSES)
def test_a_process_that_is_told_nothing_says_what_it_needs(
    name: str, installed: dict[str, Path], tmp_path: Path
) -> None:
    with started(name, installed[name], {"PYTHONWARNINGS": "ignore"}, tmp_path) as process:
        said = process.communicate(timeout=60)[0].splitlines()

    assert process.returncode == 2
    assert {line.split(":")[0] for line in said} == {"configuration"}
    assert "configuration: TANGGAP_AMQP_URL" in {line.rpartition(": expected")[0] for line in said}


@pytest.mark.parametrize("name", PROCESSES)
def test_a_process_starts_with_what_compose_gives_it_and_waits_alive_for_its_servers(
    name: str, installed: dict[str, Path], secrets: Path, tmp_path: Path
) -> None:
    environment = settings(name, secrets, tmp_path)
    port = "TANGGAP_METRICS_PORT" if name == "gateway" else "TANGGAP_HEALTH_PORT"
    environment |= {port: free_port(), "TANGGAP_PORT": free_port(), "TANGGAP_DRAIN_SECONDS": "5"}

    with started(name, installed[name], environment, tmp_path) as process:
        eventually(
            lambda: process.poll() is not None or status(environment[port], "/livez") == 200, within=60
        )
        assert process.poll() is None, process.communicate()[0]
        assert status(environment[port], "/readyz") == 503
        if name == "gateway":
            # Templates, translations and styles have come along.
            page = answer(environment["TANGGAP_PORT"], "/")[1]
            styles = re.search(r'href="(/aset/\w+/tanggap\.css)"', page)
            assert styles and status(environment["TANGGAP_PORT"], styles[1]) == 200
        process.send_signal(signal.SIGTERM)
        said = process.communicate(timeout=60)[0]

    assert process.returncode == 0, said


def test_the_tools_image_runs_the_jobs_of_a_deployment(installed: dict[str, Path]) -> None:
    for job in ("servicekit.topology_job", "servicekit.database_job", "tanggap.main"):
        command = [installed["tools"] / "bin" / "python", "-m", job, "--help"]
        done = subprocess.run(command, env={}, capture_output=True, text=True, timeout=60)
        assert done.returncode == (0 if job == "tanggap.main" else 2), done.stderr


def test_an_operator_in_the_tools_image_signs_tokens_with_what_compose_mounts_for_her(
    installed: dict[str, Path], secrets: Path, tmp_path: Path
) -> None:
    service = images.compose(COMPOSE_PROFILES="operator")["services"]["tools"]
    for secret in service["secrets"]:
        target = Path(secret.get("target", f"/run/secrets/{secret['source']}"))
        place = tmp_path / target.relative_to("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(secrets / secret["source"], place)
    environment = {
        name: value.replace("/run/", f"{tmp_path}/run/") for name, value in service["environment"].items()
    }

    token = subprocess.run(
        [installed["tools"] / "bin" / "tanggap", "token", "--role", "admin"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert token.stdout.count(".") == 2, token.stderr
