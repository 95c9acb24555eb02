"""A citizen's whole way, and an officer's, on a small phone without script."""

import re

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from gateway.codes import canonical
from support.page_data import AT, SECRET

from .conftest import Site, log_in

pytestmark = pytest.mark.browser


def file_a_report(page: Page) -> None:
    page.goto("/")
    page.get_by_role("button", name="Mulai laporan").click()
    page.get_by_role("searchbox").fill("lubang di jalan")
    page.get_by_role("button", name="Cari").click()
    page.get_by_role("link", name="Jalan berlubang atau rusak").first.click()
    page.get_by_label("Apa yang terjadi?").fill("Lubang besar di depan pasar.")
    page.get_by_label("Ya, ada yang bisa celaka").check()
    page.get_by_label("Nama jalan atau patokan").fill("Jalan Yos Sudarso")
    page.get_by_label("Desa atau kelurahan").select_option("Pasar, Utara")
    page.get_by_label("E-mail").fill("upik@example.invalid")
    page.get_by_role("button", name="Kirim", exact=True).click()


def test_file_receipt_track_answer_confirm(phone: BrowserContext, site: Site) -> None:
    page = phone.new_page()
    file_a_report(page)

    expect(page.get_by_role("heading", name="Laporan Anda sudah diterima")).to_be_visible()
    expect(page.get_by_role("heading", name="Simpan tautan ini sekarang")).to_be_visible()
    link = page.locator(".tanggap-link-box").inner_text()
    assert re.fullmatch(rf"{re.escape(site.url)}/lacak/[0-9A-Z-]{{16}}/{SECRET}", link)

    page.goto("/lacak")
    page.get_by_label("Kode lacak atau tautan Anda").fill(link)
    page.get_by_role("button", name="Lihat laporan").click()
    expect(page).to_have_url(link)
    expect(page.get_by_text("Menunggu verifikasi")).to_be_visible()

    case = site.cases.stored[canonical(link.split("/")[-2]) or ""]
    case |= {
        "status": "resolved",
        "answer": {"text": "Sudah kami tutup.", "outcome": "granted", "at": AT},
    }
    page.goto(link)
    expect(page.get_by_text("Sudah kami tutup.")).to_be_visible()
    page.get_by_role("button", name="Ya, sudah selesai").click()

    expect(page.get_by_role("status")).to_contain_text("Laporan dinyatakan selesai")
    assert case["status"] == "closed"
    page.reload()
    assert [call[2] for call in site.cases.calls if call[0] == "act"] == ["confirm"], (
        "reloading repeats nothing"
    )


def test_a_double_click_files_once(phone: BrowserContext, site: Site) -> None:
    page = phone.new_page()
    page.goto("/lapor/usulan")
    page.get_by_label("Apa usul Anda?").fill("Taman bermain di pusat kota.")
    page.get_by_role("button", name="Kirim", exact=True).dblclick()

    expect(page.get_by_role("heading", name="Laporan Anda sudah diterima")).to_be_visible()
    assert len(site.cases.filed) == 1


def test_an_error_leads_to_its_field_and_loses_nothing(phone: BrowserContext, site: Site) -> None:
    page = phone.new_page()
    page.goto("/lapor/jalan-berlubang")
    page.get_by_label("Nama (boleh kosong)").fill("Upik")
    page.get_by_label("Anonim").check()
    page.get_by_role("button", name="Kirim", exact=True).click()

    expect(page).to_have_title(re.compile("^Kesalahan:"))
    summary = page.get_by_role("alert")
    expect(summary).to_contain_text("2 isian yang perlu diperbaiki")
    summary.get_by_role("link").first.click()
    expect(page.get_by_label("Apa yang terjadi?")).to_be_focused()
    expect(page.get_by_label("Nama (boleh kosong)")).to_have_value("Upik")
    expect(page.get_by_label("Anonim")).to_be_checked()


def test_the_reporter_disputes_and_answers(phone: BrowserContext, site: Site) -> None:
    page = phone.new_page()
    page.goto(f"/lacak/7K3M-9QXD-0006-Z/{SECRET}")
    page.get_by_text("Belum selesai", exact=True).click()
    page.get_by_label("Apa yang belum selesai?").fill("Masih berlubang.")
    page.get_by_role("button", name="Kirim: belum selesai").click()
    expect(page.get_by_role("status")).to_contain_text("belum selesai")

    page.goto(f"/lacak/7K3M-9QXD-0005-D/{SECRET}")
    expect(page.get_by_text("Di dekat bangunan apa?")).to_be_visible()
    page.get_by_label("Jawaban Anda").fill("Di seberang apotek.")
    page.get_by_role("button", name="Kirim jawaban").click()
    expect(page.get_by_role("status")).to_contain_text("Terima kasih")

    assert [(call[2], call[3]) for call in site.cases.calls if call[0] == "act"] == [
        ("dispute", {"reason": "Masih berlubang."}),
        ("provide_info", {"text": "Di seberang apotek."}),
    ]


def test_an_officer_logs_in_works_and_logs_out(phone: BrowserContext, site: Site) -> None:
    page = phone.new_page()
    page.goto("/petugas")
    page.get_by_role("button", name=re.compile("Rina Contoh")).click()
    expect(page.get_by_role("heading", name="Antrean")).to_be_visible()
    page.goto("/petugas/7K3M-9QXD-0003-C")
    page.get_by_text("Teruskan ke unit", exact=True).first.click()
    page.get_by_label("Unit yang menangani").select_option("dpupr")
    page.get_by_role("button", name="Teruskan ke unit").click()
    expect(page.get_by_role("status")).to_contain_text("Laporan sudah diteruskan")
    assert site.cases.calls[-1][2:4] == ("assign", {"unit": "dpupr"})

    page.get_by_role("button", name="Keluar").click()
    page.goto("/petugas")
    expect(page.get_by_role("heading", name="Masuk untuk petugas")).to_be_visible()


def test_the_keyboard_alone_is_enough(phone: BrowserContext, site: Site) -> None:
    page = phone.new_page()
    page.goto("/lapor/usulan")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Langsung ke isi halaman")).to_be_focused()
    page.keyboard.press("Enter")
    for _ in range(12):
        page.keyboard.press("Tab")
        if page.get_by_label("Apa usul Anda?").evaluate("field => field === document.activeElement"):
            break
    page.keyboard.type("Taman bermain")
    for _ in range(25):
        page.keyboard.press("Tab")
        if page.get_by_role("button", name="Kirim", exact=True).evaluate("b => b === document.activeElement"):
            break
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", name="Laporan Anda sudah diterima")).to_be_visible()


def test_the_other_language_is_one_press_away_and_stays(phone: BrowserContext, site: Site) -> None:
    log_in(phone, site)
    page = phone.new_page()
    page.goto("/lapor/usulan")
    page.get_by_role("link", name="English").click()
    expect(page.get_by_label("What do you suggest?")).to_be_visible()
    page.goto("/petugas")
    expect(page.get_by_role("heading", name="Queue")).to_be_visible()
