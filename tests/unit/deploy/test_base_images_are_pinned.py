"""`make pin` writes digests beside tags. What a registry answers is asked by skopeo, and not here."""

import hashlib
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[3]
COMPOSE = """\
services:
  broker:
    image: docker.io/library/rabbitmq:4.2-management
  gateway:
    image: tanggap/gateway:${TANGGAP_VERSION:-0.1.0}
"""


@pytest.fixture(scope="module")
def pin() -> ModuleType:
    loader = SourceFileLoader("pin", str(ROOT / "scripts" / "pin"))
    spec = spec_from_loader("pin", loader)
    assert spec is not None
    module = module_from_spec(spec)
    loader.exec_module(module)
    return module


def digest_of(image: str) -> str:
    return f"sha256:{hashlib.sha256(image.encode()).hexdigest()}"


def test_a_digest_is_written_behind_the_tag(pin: ModuleType) -> None:
    rabbitmq = "docker.io/library/rabbitmq:4.2-management"

    pinned = pin.pinned(COMPOSE, digest_of)

    assert pinned == COMPOSE.replace(rabbitmq, f"{rabbitmq}@{digest_of(rabbitmq)}")


def test_an_older_digest_is_replaced(pin: ModuleType) -> None:
    older = pin.pinned("ARG PYTHON_IMAGE=docker.io/library/python:3.11\n", lambda image: "sha256:" + "0" * 64)

    newer = pin.pinned(older, digest_of)

    assert (
        newer
        == f"ARG PYTHON_IMAGE=docker.io/library/python:3.11@{digest_of('docker.io/library/python:3.11')}\n"
    )


def test_kustomize_keeps_the_tag_and_gets_the_digest(pin: ModuleType) -> None:
    text = '- {name: docker.io/library/mongo, newTag: "8.0"}\n- {name: tanggap/tools, newTag: 0.1.0}\n'
    wanted = f'newTag: "8.0", digest: {digest_of("docker.io/library/mongo:8.0")}}}'

    pinned = pin.pinned(text, digest_of)

    assert pinned == text.replace('newTag: "8.0"}', wanted)
    assert pin.pinned(pinned, digest_of) == pinned
    assert pin.images(pinned) == ["docker.io/library/mongo:8.0"]


def test_every_base_image_of_the_repository_is_found(pin: ModuleType) -> None:
    found = {image.split(":")[0] for file in pin.sources() for image in pin.images(file.read_text())}

    assert {f"docker.io/library/{name}" for name in ("python", "mongo", "rabbitmq")} <= found


def test_nothing_is_written_unless_every_registry_answers(
    pin: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "compose.yml"
    file.write_text("image: 127.0.0.1:9/there/is:none\n")

    def refused(image: str) -> str:
        raise LookupError(image)

    monkeypatch.setattr(pin, "digest", refused)

    assert pin.main([file]) == 1

    assert file.read_text() == "image: 127.0.0.1:9/there/is:none\n"
