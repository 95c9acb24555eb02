"""Each page at 320 pixels in both languages: no axe violation, nothing too wide, no foreign host."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Request

from gateway.codes import shown
from support import survey_data
from support.page_data import SECRET, code_of

from .conftest import PHONE, Site, log_in

pytestmark = pytest.mark.browser
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
HALF = {"width": 640, "height": 900}
LIMIT_BYTES = 100_000


def reporter(number: int) -> str:
    return f"/lacak/{shown(code_of(number))}/{SECRET}"


CITIZEN = [
    "/",
    "/layanan",
    "/layanan?cari=lubang",
    "/layanan/jalan-berlubang",
    "/lapor",
    "/lapor?cari=zzz",
    "/lapor/jalan-berlubang",
    "/lapor/akta-kelahiran",
    "/lacak",
    "/lacak?kode=salah",
    "/daftar",
    "/privasi",
    "/masuk",
    f"/tanda-terima/{code_of(1)}/{SECRET}",
    f"/lacak/{code_of(3)}",
    *(reporter(number) for number in (1, 5, 6, 7, 8, 9, 11)),
    "/lacak/TIDAK-ADA",
    "/survei",
    "/survei?kode=salah",
    f"/survei/{survey_data.OPEN}",
    f"/survei/{survey_data.COUNTER}",
    f"/survei/{survey_data.SPENT}",
    "/survei/terima-kasih",
    "/hasil",
    "/hasil/dpupr",
    "/hasil/dpupr/2026-Q3",
    "/hasil/dpupr/2026-Q2",
    "/hasil/dpupr/2026-Q1",
]
STAFF = [
    "/petugas",
    "/petugas/kotak-masuk",
    f"/petugas/{code_of(1)}",
    f"/petugas/{code_of(11)}",
    f"/petugas/{code_of(1)}/riwayat",
    "/petugas/survei",
    "/petugas/survei/bantu",
    "/petugas/survei/loket",
    f"/petugas/survei/loket/{survey_data.COUNTER}/cetak",
    "/petugas/survei/dpupr/2026-Q3",
    "/petugas/survei/dpupr/2026-Q4",
    "/evaluasi",
    *(f"/evaluasi/{id_}" for id_ in ("tertutup", "terbuka", "menilai", "memutus", "diputus")),
    "/pelatihan",
    "/rekomendasi",
]


def problems_of(page: Page) -> list[str]:
    """What axe finds, and what does not fit the screen."""
    found = Axe().run(page, options={"runOnly": {"type": "tag", "values": TAGS}})
    problems = [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in found.response["violations"]]
    width = page.evaluate("document.scrollingElement.scrollWidth")
    return problems + ([f"{width} px wide"] if width > PHONE["width"] else [])


@pytest.mark.parametrize("language", ["id", "en"])
@pytest.mark.parametrize("pages", [CITIZEN, STAFF], ids=["citizen", "staff"])
def test_pages_are_accessible_and_fit_a_small_phone(
    browser: Browser, site: Site, pages: list[str], language: str
) -> None:
    context = browser.new_context(viewport=PHONE, locale=language, base_url=site.url)
    if pages is STAFF:
        log_in(context, site)
    requests: list[str] = []
    messages: list[str] = []
    page = context.new_page()
    page.on("request", lambda request: requests.append(request.url))
    page.on("console", lambda message: messages.append(message.text))

    wrong = {}
    for path in pages:
        page.goto(path)
        # All that is folded away belongs to the page as well.
        page.eval_on_selector_all("details", "all => all.forEach(one => { one.open = true })")
        assert page.locator("html").get_attribute("lang") == language
        if problems := problems_of(page):
            wrong[path] = problems
    context.close()

    assert wrong == {}
    assert [url for url in requests if not url.startswith(site.url)] == []
    assert [text for text in messages if "Content Security Policy" in text] == []


def test_a_form_with_errors_is_accessible(browser: Browser, site: Site) -> None:
    context = browser.new_context(viewport=PHONE, locale="id", base_url=site.url)
    page = context.new_page()
    page.goto("/lapor/jalan-berlubang")
    page.get_by_role("button", name="Kirim", exact=True).click()
    page.get_by_role("alert").wait_for()
    problems = problems_of(page)
    context.close()

    assert problems == []


def test_a_questionnaire_with_errors_is_accessible(browser: Browser, site: Site) -> None:
    context = browser.new_context(viewport=PHONE, locale="id", base_url=site.url)
    page = context.new_page()
    page.goto(f"/survei/{survey_data.OPEN}")
    page.get_by_role("button", name="Kirim jawaban").click()
    page.get_by_role("alert").wait_for()
    problems = problems_of(page)
    context.close()

    assert problems == []


def test_pages_stand_twice_the_size_and_forced_colours(browser: Browser, site: Site) -> None:
    """Text alone at 200 % on half a desktop's width (WCAG 1.4.4); 400 % zoom is the 320 pixels above."""
    context = browser.new_context(viewport=HALF, base_url=site.url, forced_colors="active")
    page = context.new_page()
    for path in (
        f"/survei/{survey_data.OPEN}",
        "/hasil/dpupr/2026-Q3",
        "/",
        "/lapor/jalan-berlubang",
        reporter(6),
        f"/tanda-terima/{code_of(1)}/{SECRET}",
    ):
        page.goto(path)
        page.evaluate("document.documentElement.style.fontSize = '200%'")
        assert page.evaluate("document.scrollingElement.scrollWidth") <= HALF["width"], path
    context.close()


def test_the_first_visit_stays_in_its_budget(browser: Browser, site: Site) -> None:
    context = browser.new_context(viewport=PHONE, base_url=site.url)
    page = context.new_page()
    finished: list[Request] = []
    page.on("requestfinished", lambda request: finished.append(request))
    page.goto("/", wait_until="networkidle")
    sizes = [request.sizes() for request in finished]
    total = sum(size["responseBodySize"] + size["responseHeadersSize"] for size in sizes)
    context.close()

    assert len(finished) >= 3
    assert total < LIMIT_BYTES
