"""What the pages ship: pinned, legally clean, readable."""

import hashlib
import importlib.util
import json
import re
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from gateway.pages import assets

ROOT = Path(__file__).parents[3]
VENDOR = assets.STATIC / "vendor"


def test_vendored_files_are_those_that_were_reviewed() -> None:
    entries = json.loads((VENDOR / "VENDOR.json").read_text())

    pinned = {name: digest for entry in entries for name, digest in entry["files"].items()}
    present = {str(path.relative_to(VENDOR)) for path in VENDOR.rglob("*") if path.is_file()} - {
        "VENDOR.json"
    }
    assert set(pinned) == present
    for name, digest in pinned.items():
        assert hashlib.sha256((VENDOR / name).read_bytes()).hexdigest() == digest, name
    for entry in entries:
        assert entry["version"] and entry["licence"] and entry["source"]
        assert any(name.endswith("LICENSE.txt") for name in entry["files"])


def test_nothing_licensed_for_gov_uk_alone_is_left() -> None:
    css = (VENDOR / "govuk-frontend-6.3.0/govuk-frontend.min.css").read_text()

    assert not re.search(r"GDS Transport|crest|/assets/|url\(|@font-face", css)


def test_an_unexpected_stylesheet_stops_the_rewrite() -> None:
    spec = importlib.util.spec_from_file_location("vendor_govuk", ROOT / "scripts/vendor_govuk.py")
    assert spec is not None and spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)

    with pytest.raises(SystemExit, match="2 font faces, found 0"):
        script.rewrite("body{color:red}")


def test_a_file_is_kept_for_good_under_its_hash_and_found_under_no_other(visitor: TestClient) -> None:
    address = assets.url("tanggap.css")
    answer = visitor.get(address, headers={"Accept-Encoding": "gzip"})

    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.text == (assets.STATIC / "tanggap.css").read_text()
    assert "Content-Encoding" not in visitor.get(address, headers={"Accept-Encoding": "identity"}).headers
    assert visitor.get("/aset/000000000000/tanggap.css").status_code == 404
    assert visitor.get(address.replace("tanggap.css", "../settings.py")).status_code == 404


def variables() -> dict[str, str]:
    css = (assets.STATIC / "tanggap.css").read_text()
    return dict(re.findall(r"(--[a-z-]+):\s*(#[0-9a-f]{3,6});", css))


def luminance(colour: str) -> float:
    digits = colour.lstrip("#")
    digits = "".join(c * 2 for c in digits) if len(digits) == 3 else digits
    parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize(
    ("text", "background"),
    [
        ("--govuk-text-colour", "--govuk-body-background-colour"),
        ("--govuk-secondary-text-colour", "--govuk-body-background-colour"),
        ("--govuk-secondary-text-colour", "--tanggap-soft"),
        ("--govuk-link-colour", "--govuk-body-background-colour"),
        ("--govuk-link-colour", "--govuk-template-background-colour"),
        ("--govuk-link-visited-colour", "--tanggap-soft"),
        ("--govuk-error-colour", "--govuk-body-background-colour"),
        ("--tanggap-card", "--govuk-brand-colour"),
        ("--tanggap-card", "--tanggap-deep"),
        ("--govuk-focus-text-colour", "--govuk-focus-colour"),
    ],
)
def test_the_theme_is_readable(text: str, background: str) -> None:
    colours = variables()

    assert contrast(colours[text], colours[background]) >= 4.5


def test_the_borders_of_fields_stand_out() -> None:
    colours = variables()

    assert contrast(colours["--govuk-input-border-colour"], "#fff") >= 3
    assert contrast(colours["--govuk-error-colour"], "#fff") >= 3
