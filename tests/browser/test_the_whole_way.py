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
