"""Cases with marked names, phones and numbers in every field; then every place is searched for them."""

from __future__ import annotations

import subprocess
import uuid
from pathlib import Path

import httpx

from support.city import City, pothole
from support.waiting import eventually
from tanggap.local import Stack

MARK = uuid.uuid4().hex[:10]
NAME = f"Namaku{MARK}"
PHONE = "081200" + str(int(MARK[:6], 16)).zfill(8)[:6]
NIK = "1373" + str(int(MARK, 16)).zfill(12)[:12]
ADDRESS = f"surat{MARK}@example.invalid"
STREET = f"Gang{MARK}"
MARKS = [MARK, NAME, PHONE, PHONE[1:], NIK, ADDRESS, STREET]


def marked_filing() -> dict[str, object]:
    everything = f"{NAME} {PHONE} {NIK} {ADDRESS}"
    return pothole(
        title=f"Judul {everything}",
        description=f"Isi laporan {everything}",
        location={"lat": -0.6812, "lon": 100.7781, "address": f"{STREET} {NAME}"},
        attributes={"lebar_kerusakan": "besar", f"lain_{MARK}": everything},
        reporter={"name": NAME, "phone": PHONE, "email": ADDRESS, "language": "id"},
    )


def files_holding(folder: Path, marks: list[str]) -> list[str]:
    """Paths below a folder in which one of the marks stands, upper or lower case, in any file."""
    command = ["grep", "-rlaiF", *(argument for mark in marks for argument in ("-e", mark)), str(folder)]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert found.returncode in (0, 1), found.stderr
    return found.stdout.splitlines()


def live_a_whole_life(city: City) -> dict[str, str]:
    receipt = city.filed(marked_filing())
    code, secret = receipt["tracking_code"], receipt["secret"]
    city.acted(code, "request-info", {"question": f"Siapa {NAME}?"}, role="coordinator")
    city.acted(code, "provide-info", {"text": f"Saya {NAME}, NIK {NIK}, telepon {PHONE}"}, secret=secret)
    released = {"public_title": "Lubang", "public_text": "Ada lubang."}
    city.acted(code, "verify", released, role="coordinator")
    city.acted(code, "assign", {"unit": "dpupr", "note": f"Hubungi {NAME} {PHONE}"}, role="coordinator")
    city.acted(code, "comment", {"text": f"Catatan {NIK}", "internal": True}, role="officer", unit="dpupr")
    revealed = city.client.post(
        f"/v1/complaints/{code}/reveal",
        json={"reason": f"menelepon {NAME}"},
        headers=city.bearer("officer", unit="dpupr"),
    )
    assert NAME in revealed.text
    city.acted(
        code, "resolve", {"outcome": "granted", "answer": "Sudah ditambal."}, role="officer", unit="dpupr"
    )
    city.acted(code, "dispute", {"reason": f"Belum, kata {NAME}"}, secret=secret)
    return {"code": code, "secret": secret}


def test_no_mark_stands_in_the_brokers_files_in_a_log_a_metric_or_on_a_public_page(
    stack: Stack, city: City
) -> None:
    refused = city.file({**marked_filing(), "service_code": f"layanan-{MARK}"})
    case = live_a_whole_life(city)
    broken = city.client.post(
        "/v1/complaints",
        content=f'{{"description": "{NAME} {NIK}"'.encode(),
        headers={"Content-Type": "application/json"},
    )
    eventually(lambda: len(city.mails(ADDRESS)) >= 4, within=30)
    # While notifications is away, events wait in its queue and on disk.
    stack.process("notifications").stop()
    try:
        waiting = city.filed(marked_filing())
        in_queue = files_holding(stack.layout.data / "broker", MARKS)
    finally:
        stack.process("notifications").start()
        stack.wait_ready("notifications")

    assert refused.status_code == 422
    assert broken.status_code == 400
    assert MARK not in refused.text + broken.text
    assert in_queue == []
    assert files_holding(stack.layout.data / "broker", MARKS) == []
    assert files_holding(stack.layout.log, MARKS) == []
    for port in stack.metrics_ports.values():
        metrics = httpx.get(f"http://127.0.0.1:{port}/metrics").text
        assert metrics
        assert not any(mark.lower() in metrics.lower() for mark in MARKS)
    code = case["code"]
    for path in (
        "/daftar",
        f"/lacak/{code}",
        f"/v1/complaints/{code}",
        "/v1/complaints?limit=100",
        f"/lacak/{waiting['tracking_code']}",
    ):
        page = city.client.get(path)
        assert page.status_code == 200, path
        assert not any(mark.lower() in page.text.lower() for mark in MARKS), path


def test_the_search_itself_finds_a_mark_where_there_is_one(stack: Stack, city: City) -> None:
    eventually(lambda: city.mails(ADDRESS), within=30)

    assert files_holding(stack.layout.mail, [ADDRESS])
