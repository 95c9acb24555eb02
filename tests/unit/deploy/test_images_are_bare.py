"""What the Dockerfile promises of every image; test_installed_alone.py looks at their content."""

import json
import re

import pytest

from support import images
from support.images import IMAGES, PROCESSES

TARGETS = (*PROCESSES, "tools")


@pytest.mark.parametrize("name", TARGETS)
def test_an_image_runs_as_nobody_and_without_a_shell(name: str) -> None:
    assert re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", images.inherited(name, "USER")[-1])
    assert images.command(name)[0] in ("python", "tanggap")


@pytest.mark.parametrize("name", TARGETS)
def test_an_image_takes_one_installation_and_no_sources(name: str) -> None:
    distribution = "tanggap-cli" if name == "tools" else f"tanggap-{name}"
    copied = images.inherited(name, "COPY")

    assert [line for line in copied if line.startswith("--from")] == [
        f"--from=installed-{name} /opt/venv /opt/venv"
    ]
    assert {line.split()[0] for line in copied if not line.startswith("--from")} <= {"contracts", "cities"}
    assert images.stages()[f"installed-{name}"].instructions == [
        ("RUN", f"deploy/images/install /wheels /opt/venv {distribution}")
    ]


@pytest.mark.parametrize("name", PROCESSES)
def test_the_health_check_asks_where_the_process_answers(name: str) -> None:
    setting = "TANGGAP_METRICS_PORT" if name == "gateway" else "TANGGAP_HEALTH_PORT"
    check = json.loads(images.inherited(name, "HEALTHCHECK")[-1].partition("CMD ")[2])

    assert check[0] == "python"
    assert f"'127.0.0.1', {images.environment(name)[setting]}," in check[2]
    assert "/readyz" in check[2]


def test_all_images_stand_on_one_base_with_a_tag() -> None:
    text = (IMAGES / "Dockerfile").read_text()
    bases = {stage.base for stage in images.stages().values()} - set(images.stages())

    assert bases == {"${PYTHON_IMAGE}"}
    assert re.search(
        r"^ARG PYTHON_IMAGE=docker\.io/library/python:3\.11-slim-\w+(@sha256:[0-9a-f]{64})?$", text, re.M
    )
