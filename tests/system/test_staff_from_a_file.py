"""Staff come from a CSV of the HR office: a verdict per row, the differences first, the bad rows left out."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from support.city import City
from tanggap.local import Stack

ROOT = Path(__file__).resolve().parents[2]
HEADER = "staff_ref,unit,status,position,service_types,rater_ref,superior_ref,competencies,active\n"
GOOD = (
    "berkas-1,dinkes,asn_pns,Perawat,document;information,berkas-kepala,sekda-1,melayani=3/2,ya\n"
    "berkas-2,dinkes,non_asn,Tenaga harian,complaint,,,,ya\n"
)
BAD = "berkas-3,dinas-khayalan,asn_pns,Perawat,document,berkas-3,,,mungkin\n"


def load(stack: Stack, file: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [Path(sys.executable).with_name("tanggap"), "import", "staff", str(file), *options],
        cwd=ROOT,
        env={**os.environ, **stack.env, "TERM": "dumb"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_a_file_is_judged_row_by_row_and_a_dry_run_changes_nothing(
    stack: Stack, city: City, tmp_path: Path
) -> None:
    file = tmp_path / "pegawai.csv"
    file.write_text(HEADER + GOOD + BAD)

    tried = load(stack, file, "--dry-run")
    record = city.client.get("/v1/evaluation/staff/berkas-1", headers=city.bearer("hr"))
    done = load(stack, file)
    again = load(stack, file)

    assert (tried.returncode, record.status_code) == (1, 404), tried.stderr
    assert "2 new, 0 changed, 0 unchanged, 1 refused" in tried.stdout
    assert "2\tberkas-1\tnew\tunit\t\tdinkes" in tried.stdout
    assert "4\tberkas-3\trefused\tactive" in tried.stdout
    assert done.returncode == 1
    assert "0 new, 0 changed, 2 unchanged, 1 refused" in again.stdout


def test_what_differs_is_shown_before_and_after(stack: Stack, city: City, tmp_path: Path) -> None:
    file = tmp_path / "pegawai.csv"
    file.write_text(HEADER + GOOD.replace("berkas", "lembar"))
    assert load(stack, file).returncode == 0
    file.write_text(HEADER + GOOD.replace("berkas", "lembar").replace("Perawat", "Bidan"))

    changed = load(stack, file)

    assert changed.returncode == 0
    assert "2\tlembar-1\tchanged\tposition\tPerawat\tBidan" in changed.stdout
    record = city.client.get("/v1/evaluation/staff/lembar-1", headers=city.bearer("hr")).json()
    assert record["position"] == "Bidan"
