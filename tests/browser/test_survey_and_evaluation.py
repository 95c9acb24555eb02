"""Answering a survey, reading results and opening an evaluation, on a small phone without script."""

import re

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from support import survey_data
from support.chain import FakeEvaluation, FakeSurveys

from .conftest import Site, log_in

pytestmark = pytest.mark.browser
PHONE = {"width": 360, "height": 740}
ME = "dpupr-1|officer|dpupr"


def open_at(context: BrowserContext, path: str) -> Page:
    page = context.new_page()
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]  # a dictionary of the two it names
    page.goto(path)
    return page


def answer_everything(page: Page) -> None:
    for key, *_ in survey_data.ELEMENTS:
        page.locator(f'input[name="q-{key}"][value="3"]').check()
    page.get_by_label("Saya setuju jawaban saya diolah.").check()


def test_a_survey_is_opened_by_its_code_and_answered_once(
    phone: BrowserContext, site: Site, surveys: FakeSurveys
) -> None:
    page = open_at(phone, "/survei")
    page.get_by_label("Kode atau tautan survei").fill(survey_data.OPEN.upper())
    page.get_by_role("button", name="Buka survei").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Pekerjaan Umum")
    answer_everything(page)
    page.get_by_label(re.compile("Saran atau komentar")).fill("Antreannya panjang.")
    page.get_by_role("button", name="Kirim jawaban").dblclick()

    expect(page.get_by_role("heading", name="Terima kasih, jawaban Anda sudah diterima")).to_be_visible()
    assert len(surveys.accepted) == 1
    page.reload()
    assert len(surveys.accepted) == 1, "reloading the thanks sends nothing"
    page.get_by_role("button", name="Lihat hasil survei").click()
    expect(page.get_by_role("heading", name="Yang belum dapat ditampilkan")).to_be_visible()


def test_an_error_leads_to_its_question_and_loses_nothing(
    phone: BrowserContext, site: Site, surveys: FakeSurveys
) -> None:
    page = open_at(phone, f"/survei/{survey_data.OPEN}")
    page.get_by_label(re.compile("Saran atau komentar")).fill("Jangan hilang.")
    page.get_by_label("Saran saya boleh diterbitkan.").check()
    page.get_by_role("button", name="Kirim jawaban").click()

    expect(page).to_have_title(re.compile("^Kesalahan:"))
    page.get_by_role("alert").get_by_role("link", name="Jawab sedikitnya satu pertanyaan").click()
    expect(page.locator("#q-persyaratan")).to_be_focused()
    expect(page.get_by_label(re.compile("Saran atau komentar"))).to_have_value("Jangan hilang.")
    expect(page.get_by_label("Saran saya boleh diterbitkan.")).to_be_checked()
    answer_everything(page)
    page.get_by_role("button", name="Kirim jawaban").click()
    expect(page.get_by_role("heading", name="Terima kasih, jawaban Anda sudah diterima")).to_be_visible()
    assert len(surveys.accepted) == 1


def test_a_result_is_found_from_the_start_page(phone: BrowserContext, site: Site) -> None:
    page = open_at(phone, "/")
    page.get_by_role("link", name="Lihat bagaimana warga menilai pelayanan").click()
    page.get_by_role("link", name="Dinas Pekerjaan Umum dan Penataan Ruang", exact=True).click()

    expect(page.get_by_role("img", name=re.compile("^Nilai setiap unsur"))).to_be_visible()
    expect(page.get_by_role("table", name="Nilai setiap unsur")).to_contain_text("75,81")
    assert page.evaluate("document.scrollingElement.scrollWidth") <= PHONE["width"]


def test_a_rating_is_opened_by_its_own_press(
    phone: BrowserContext, site: Site, evaluation: FakeEvaluation
) -> None:
    log_in(phone, site, ME)
    page = open_at(phone, "/evaluasi/tertutup")
    expect(page.get_by_text("lebih cepat dari target")).to_have_count(0)
    page.reload()
    assert not any(call[0] == "act_on_evaluation" for call in evaluation.calls)

    page.get_by_role("button", name="Buka hasil penilaian").click()
    expect(page.get_by_role("status")).to_contain_text("masa keberatan dihitung")
    expect(page.get_by_text("lebih cepat dari target")).to_be_visible()
    page.get_by_label("Apa yang menurut Anda tidak tepat, dan mengapa?").fill("Bukti September hilang.")
    page.get_by_role("button", name="Ajukan keberatan").click()
    expect(page.get_by_role("status")).to_contain_text("Keberatan Anda sudah diterima")
    acts = [call[2] for call in evaluation.calls if call[0] == "act_on_evaluation"]
    assert acts == ["read", "object"]


def test_a_rater_ticks_evidence_and_rates(
    phone: BrowserContext, site: Site, evaluation: FakeEvaluation
) -> None:
    log_in(phone, site, "dpupr-kepala|unit_head|dpupr")
    page = open_at(phone, "/evaluasi/menilai")
    page.locator("summary", has_text="Simpan penilaian").click()
    page.get_by_role("group", name="Hasil kerja").get_by_label("Di atas ekspektasi").check()
    page.get_by_label("Alasan hasil kerja").fill("Target terlampaui.")
    page.get_by_role("group", name="Perilaku kerja").get_by_label("Sesuai ekspektasi").check()
    page.get_by_label("Alasan perilaku kerja").fill("Sopan.")
    page.get_by_label(re.compile("Perkara selesai tepat waktu")).check()
    page.get_by_role("button", name="Simpan penilaian").click()

    expect(page.get_by_role("status")).to_contain_text("belum ditetapkan")
    payload = next(call for call in evaluation.calls if call[0] == "act_on_evaluation")[3]
    assert payload["results"] == "di_atas" and payload["evidence_ids"] == ["ev-on-time"]
