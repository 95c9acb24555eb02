"""One complaint through the pages of a whole private installation, with the mails in between."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from support.city import City, links, pothole
from support.waiting import eventually
from tanggap import issuer
from tanggap.local import Stack

from .conftest import PHONE

pytestmark = [pytest.mark.browser, pytest.mark.system, pytest.mark.timeout(300)]
ROOT = Path(__file__).resolve().parents[2]
EMAIL = "upik.halaman@contoh.example.invalid"


@pytest.fixture(scope="module")
def city() -> Iterator[City]:
    """A private city with its catalogue; gone when the module is done."""
    stack = Stack(ROOT / ".local" / "test-browser")
    stack.destroy()
    stack.up()

    def token(role: str, unit: str | None = None, ref: str | None = None) -> str:
        return issuer.token(stack.layout.issuer_key, sub=ref or f"{role}-1", roles=[role], unit=unit)

    started = City(stack.env["TANGGAP_URL"], token, stack.layout.mail)
    started.load(ROOT / "cities" / "sawahlunto")
    try:
        yield started
    finally:
        stack.destroy()


@dataclass
class Person:
    """Somebody at a small phone without script."""

    page: Page

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).click()

    def unfold(self, summary: str) -> None:
        box = self.page.locator("details", has=self.page.locator("summary", has_text=summary))
        if box.get_attribute("open") is None:
            box.locator("summary").click()

    def is_told(self, text: str) -> None:
        expect(self.page.get_by_role("status")).to_contain_text(text)

    def log_in(self, name: str) -> None:
        self.page.goto("/masuk")
        self.page.get_by_role("button", name=re.compile(name)).click()
        expect(self.page.get_by_role("heading", name="Antrean")).to_be_visible()


@pytest.fixture
def people(browser: Browser, city: City) -> Iterator[tuple[Person, Person, Person]]:
    contexts = [
        browser.new_context(viewport=PHONE, locale="id-ID", java_script_enabled=False, base_url=city.url)
        for _ in range(3)
    ]
    yield tuple(Person(context.new_page()) for context in contexts)  # type: ignore[misc]  # three of them
    for context in contexts:
        context.close()


def newest_link(city: City, count: int) -> str:
    """The link in the newest mail to the citizen, once she has had so many."""
    eventually(lambda: len(city.mails(EMAIL)) >= count, within=30)
    return next(link for link in links(city.mails(EMAIL)[-1]) if "/lacak/" in link)


def test_a_complaint_goes_its_whole_way_by_forms_and_mails(
    people: tuple[Person, Person, Person], city: City
) -> None:
    citizen, coordinator, officer = people

    citizen.page.goto("/lapor?cari=jalan+berlubang")
    citizen.page.get_by_role("link", name=re.compile("Jalan rusak")).first.click()
    citizen.page.get_by_label("Apa yang terjadi?").fill(
        "Lubang dalam di tikungan. Telepon saya 0812-3456-7890."
    )
    for group in citizen.page.get_by_role("group").filter(has=citizen.page.get_by_role("radio")).all():
        if not group.locator("input:checked").count():
            group.get_by_role("radio").first.check()
    citizen.page.get_by_label("Nama jalan atau patokan").fill("Jalan Yos Sudarso")
    citizen.page.get_by_label("E-mail").fill(EMAIL)
    citizen.press("Kirim")
    expect(citizen.page.get_by_role("heading", name="Simpan tautan ini sekarang")).to_be_visible()
    kept = citizen.page.locator(".tanggap-link-box").inner_text()
    code = kept.split("/")[-2]
    assert newest_link(city, 1) == kept, "the mail brings the same link"

    coordinator.log_in("Rangkayo Daun Sirih")
    coordinator.page.goto(f"/petugas/{code}")
    assert "0812" not in coordinator.page.get_by_label("Teks yang dibaca umum").input_value()
    coordinator.press("Verifikasi dan terbitkan")
    coordinator.is_told("Laporan sudah diverifikasi")
    coordinator.unfold("Teruskan ke unit")
    coordinator.page.get_by_label("Unit yang menangani").select_option("dpupr")
    coordinator.press("Teruskan ke unit")
    coordinator.is_told("Laporan sudah diteruskan")

    officer.log_in("Sutan Aspal Hitam")
    officer.page.goto(f"/petugas/{code}")
    officer.unfold("Minta keterangan dari pelapor")
    officer.page.get_by_label("Pertanyaan untuk pelapor").fill("Di sisi jalan yang mana?")
    officer.press("Minta keterangan dari pelapor")
    officer.is_told("Permintaan keterangan sudah dicatat")

    citizen.page.goto(newest_link(city, 4))
    expect(citizen.page.get_by_text("Di sisi jalan yang mana?").first).to_be_visible()
    citizen.page.get_by_label("Jawaban Anda").fill("Sisi kiri dari arah pasar.")
    citizen.press("Kirim jawaban")
    citizen.is_told("Keterangan sudah kami terima")

    answer(officer, code, "Lubang sudah ditutup.")
    citizen.page.goto(kept)
    citizen.page.locator("summary", has_text="Belum selesai").click()
    citizen.page.get_by_label("Apa yang belum selesai?").fill("Baru separuh.")
    citizen.press("Kirim: belum selesai")
    citizen.is_told("belum selesai")

    answer(officer, code, "Sekarang sudah rata.")
    citizen.page.goto(kept)
    citizen.press("Ya, sudah selesai")
    citizen.is_told("Laporan dinyatakan selesai")
    expect(citizen.page.get_by_text("Pelapor diberi tahu lewat e-mail").first).to_be_visible()

    citizen.page.goto(f"/lacak/{code}")
    expect(citizen.page.get_by_text("Sekarang sudah rata.").first).to_be_visible()
    public = citizen.page.content()
    assert "Sisi kiri" not in public and "0812" not in public and EMAIL not in public
    citizen.page.goto("/daftar?status=closed")
    expect(citizen.page.locator(f'a[href="/lacak/{code}"]')).to_be_visible()


def test_two_officers_at_once_and_the_later_keeps_her_text(
    people: tuple[Person, Person, Person], city: City
) -> None:
    _, first, second = people
    receipt = city.filed()
    code = receipt["tracking_code"]
    for person, name in ((first, "Rangkayo Daun Sirih"), (second, "Upik Bunga Kopi")):
        person.log_in(name)
        person.page.goto(f"/petugas/{code}")
    first.press("Verifikasi dan terbitkan")
    first.is_told("Laporan sudah diverifikasi")

    second.unfold("Minta keterangan dari pelapor")
    second.page.get_by_label("Pertanyaan untuk pelapor").fill("Sejak kapan berlubang?")
    second.press("Minta keterangan dari pelapor")

    expect(second.page.get_by_role("heading", name="Yang berubah sementara itu")).to_be_visible()
    expect(second.page.get_by_label("Pertanyaan untuk pelapor")).to_have_value("Sejak kapan berlubang?")
    second.press("Minta keterangan dari pelapor")
    second.is_told("Permintaan keterangan sudah dicatat")


def test_an_identity_is_opened_for_a_reason_and_that_is_on_record(
    people: tuple[Person, Person, Person], city: City
) -> None:
    _, coordinator, _ = people
    named = {"reporter": {"name": "Upik Nama Samaran", "email": EMAIL}}
    code = city.filed(pothole(**named))["tracking_code"]
    coordinator.log_in("Rangkayo Daun Sirih")
    coordinator.page.goto(f"/petugas/{code}")
    assert "Upik Nama Samaran" not in coordinator.page.content()

    coordinator.unfold("Lihat identitas pelapor")
    coordinator.page.get_by_label("Mengapa Anda perlu mengetahuinya?").fill("Perlu menghubungi pelapor.")
    coordinator.press("Lihat identitas pelapor")
    expect(coordinator.page.get_by_text("Upik Nama Samaran")).to_be_visible()
    coordinator.page.goto(f"/petugas/{code}/riwayat")
    expect(coordinator.page.get_by_text("Identitas pelapor dilihat petugas")).to_be_visible()
    expect(coordinator.page.get_by_text("Catatan ini utuh")).to_be_visible()


def answer(officer: Person, code: str, text: str) -> None:
    officer.page.goto(f"/petugas/{code}")
    officer.unfold("Beri jawaban")
    officer.page.get_by_label("Hasil", exact=True).select_option("granted")
    officer.page.get_by_label("Jawaban untuk pelapor").fill(text)
    officer.press("Beri jawaban")
    officer.is_told("Jawaban sudah dicatat")


def test_a_walk_in_answers_by_the_code_at_the_counter(
    people: tuple[Person, Person, Person], city: City
) -> None:
    citizen, coordinator, _ = people
    coordinator.log_in("Rangkayo Daun Sirih")
    coordinator.page.goto("/petugas/survei/loket")
    coordinator.page.get_by_label("Unit", exact=True).select_option("dpupr")
    coordinator.page.get_by_label("Nama loket").fill("Loket 2")
    coordinator.press("Buat tautan")
    link = coordinator.page.locator(".tanggap-link-box").inner_text()
    expect(coordinator.page.get_by_role("img", name=re.compile("^Kode QR menuju survei"))).to_be_visible()

    citizen.page.goto(link)
    questions = citizen.page.get_by_role("group").filter(has=citizen.page.get_by_role("radio")).all()
    assert len(questions) == 9
    for question in questions:
        question.get_by_role("radio").nth(2).check()
    citizen.page.get_by_label(re.compile("Saya setuju jawaban saya")).check()
    citizen.press("Kirim jawaban")
    expect(citizen.page.get_by_role("heading", name=re.compile("^Terima kasih"))).to_be_visible()

    def counted() -> bool:
        coordinator.page.goto("/petugas/survei?unit=dpupr&keadaan=open")
        return coordinator.page.get_by_text(re.compile("^1 jawaban")).count() == 1

    eventually(counted, within=30)
    citizen.page.goto("/hasil/dpupr")
    expect(citizen.page.get_by_text("Periode ini belum berakhir")).to_be_visible()


def test_a_rating_goes_from_expectation_to_objection_by_forms(
    people: tuple[Person, Person, Person], city: City
) -> None:
    hr, rater, officer = people
    row = {"unit": "dpupr", "status": "asn_pns", "service_types": ["complaint"], "competencies": {}}
    rows = [
        {**row, "staff_ref": "dpupr-1", "position": "Pengawas jalan", "rater_ref": "dpupr-kepala"},
        {**row, "staff_ref": "dpupr-kepala", "position": "Kepala dinas", "rater_ref": "wali-1"},
    ]
    rows[0]["superior_ref"] = "wali-1"
    answer = city.client.post(
        "/v1/evaluation/staff/import",
        json={"rows": rows, "dry_run": False},
        headers=city.bearer("hr", ref="sdm-1"),
    )
    assert answer.status_code == 200 and answer.json()["counts"].get("refused", 0) == 0, answer.text

    hr.log_in("Puti Buku Catatan")
    hr.page.goto("/evaluasi")
    hr.unfold("Buka masa penilaian")
    hr.page.get_by_label("Kode petugas yang dinilai").fill("dpupr-1")
    hr.page.get_by_label("Hari pertama masa penilaian").fill("2026-07-01")
    hr.page.get_by_label("Hari terakhir masa penilaian").fill("2026-09-30")
    hr.page.get_by_label("Tanggap: predikat ditetapkan di sini").check()
    hr.press("Buka masa penilaian")
    hr.is_told("Masa penilaian sudah dibuka")

    rater.log_in("Marah Jembatan Besi")
    rater.page.goto("/evaluasi")
    rater.page.get_by_role("link", name=re.compile("dpupr-1")).click()
    address = rater.page.url
    rater.page.get_by_label("Hasil yang diharapkan").first.fill("Lubang ditutup")
    rater.page.get_by_label("Indikator").first.fill("Tepat waktu")
    rater.page.get_by_label("Target", exact=True).first.fill("90 %")
    rater.page.get_by_label("Aspek").first.select_option("waktu")
    rater.press("Simpan harapan")
    rater.is_told("Harapan sudah disimpan")

    officer.page.goto(address)
    officer.page.get_by_role("button", name=re.compile("Sutan Aspal Hitam")).click()
    expect(officer.page).to_have_url(address)
    officer.press("Sepakati harapan")
    officer.is_told("Harapan sudah disepakati")

    rater.page.goto(address)
    rater.unfold("Simpan penilaian")
    for axis, level in (("Hasil kerja", "Di atas ekspektasi"), ("Perilaku kerja", "Sesuai ekspektasi")):
        rater.page.get_by_role("group", name=axis).get_by_label(level).check()
        rater.page.get_by_label(f"Alasan {axis.lower()}").fill("Lebih cepat dari target.")
    rater.press("Simpan penilaian")
    expect(rater.page.get_by_role("alert")).to_contain_text("1 isian yang perlu diperbaiki")
    rater.page.get_by_label("Judul dokumen 1").fill("Nota dinas")
    rater.page.get_by_label("Nomor atau alamat dokumen 1").fill("ND-7")
    rater.press("Simpan penilaian")
    rater.is_told("Penilaian sudah disimpan")
    rater.unfold("Tetapkan penilaian")
    rater.press("Tetapkan penilaian")
    rater.is_told("Penilaian sudah ditetapkan")

    officer.page.goto(address)
    assert "Lebih cepat dari target" not in officer.page.content(), "nothing before it is opened"
    officer.press("Buka hasil penilaian")
    expect(officer.page.get_by_text("Lebih cepat dari target").first).to_be_visible()
    officer.page.get_by_label("Apa yang menurut Anda tidak tepat, dan mengapa?").fill("Perilaku di atas.")
    officer.press("Ajukan keberatan")
    officer.is_told("Keberatan Anda sudah diterima")
    for path in ("/evaluasi", "/pelatihan", "/rekomendasi"):
        assert officer.page.goto(path).ok  # type: ignore[union-attr]  # there is an answer
        assert hr.page.goto(path).ok  # type: ignore[union-attr]  # there is an answer
