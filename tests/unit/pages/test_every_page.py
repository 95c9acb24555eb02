"""What holds for each page, in both languages."""

import pytest
from starlette.testclient import TestClient

from gateway.catalogue import Catalogue
from gateway.codes import shown
from support import evaluation_data, survey_data
from support.html import complaints_about, elements, parse, text_of
from support.page_data import HOSTILE, SECRET, code_of
from support.pages import FakeCases

OWN = "http://testserver"
CITIZEN = [
    "/",
    "/layanan",
    "/layanan?cari=lubang",
    "/layanan?cari=zzz",
    "/layanan/jalan-berlubang",
    "/layanan/akta-kelahiran",
    "/lapor",
    "/lapor?cari=lampu+jalan",
    "/lapor/jalan-berlubang",
    "/lapor/akta-kelahiran",
    "/lapor/usulan",
    "/lacak",
    "/lacak?kode=salah",
    "/daftar",
    "/daftar?status=assigned&text=jalan",
    "/privasi",
    "/masuk",
    *(f"/lacak/{shown(code_of(number))}" for number in (1, 2, 3, 4, 5, 6, 7, 8, 9, 11)),
    "/lacak/TIDAK-ADA",
    "/survei?kode=salah",
    "/survei",
    "/hasil",
    "/hasil?tahun=2026",
    "/hasil?tahun=1999",
    "/hasil/dpupr",
    "/hasil/disdukcapil",
    "/hasil/tidak-ada",
    *(f"/hasil/{unit}/{period}" for unit, period in survey_data.results()),
    "/hasil/dpupr/2026-Q9",
]
LINKS = (
    survey_data.OPEN,
    survey_data.COUNTER,
    survey_data.SPENT,
    survey_data.EXPIRED,
    survey_data.REVOKED,
    survey_data.CLOSED,
    survey_data.UNKNOWN,
)
REPORTER = [f"/lacak/{shown(code_of(number))}/{SECRET}" for number in range(1, 12)] + [
    f"/tanda-terima/{code_of(1)}/{SECRET}",
    "/survei/terima-kasih?unit=dpupr",
    *(f"/survei/{token}" for token in LINKS),
]
# Pages of the chain, each with somebody who may open it.
CHAIN = {
    "/petugas/survei": "koordinator|coordinator|",
    "/petugas/survei?keadaan=open&unit=dpupr": "dpupr-kepala|unit_head|dpupr",
    "/petugas/survei/bantu": "loket-1|desk|",
    "/petugas/survei/loket": "koordinator|coordinator|",
    f"/petugas/survei/loket/{survey_data.COUNTER}/cetak": "loket-1|desk|",
    **{
        f"/petugas/survei/{unit}/{period}": "koordinator|coordinator|"
        for unit, period in survey_data.results()
    },
    "/evaluasi": "sdm-1|hr|",
    "/evaluasi/tidak-ada": "dpupr-1|officer|dpupr",
    **{f"/evaluasi/{id_}": "dpupr-1|officer|dpupr" for id_ in evaluation_data.evaluations()},
    "/pelatihan": "dpupr-kepala|rater|dpupr",
    "/pelatihan?bentuk=workshop": "dpupr-1|officer|dpupr",
    "/rekomendasi": "sdm-1|hr|",
    "/rekomendasi?keadaan=proposed": "dpupr-kepala|rater|dpupr",
}
STAFF = [
    "/petugas",
    "/petugas?status=assigned&overdue=1&cursor=lanjut",
    "/petugas/kotak-masuk",
    f"/petugas/{code_of(1)}/riwayat",
    "/lapor/jalan-berlubang",
    "/petugas/TIDAK-ADA",
    *CHAIN,
    *(f"/petugas/{code_of(number)}" for number in range(1, 12)),
]


def client_for(path: str, visitor: TestClient, coordinator: TestClient) -> TestClient:
    if path in CHAIN:
        visitor.cookies.set("tanggap_session", CHAIN[path].encode().hex())
    return coordinator if path in STAFF and path not in CHAIN else visitor


@pytest.mark.parametrize("language", ["id", "en"])
@pytest.mark.parametrize("path", CITIZEN + REPORTER + STAFF)
def test_a_page_is_well_formed_labelled_and_free_of_script(
    path: str, language: str, visitor: TestClient, coordinator: TestClient
) -> None:
    answer = client_for(path, visitor, coordinator).get(path, headers={"Accept-Language": language})

    assert answer.status_code in (200, 404, 410, 422)
    assert complaints_about(answer.text, OWN) == []
    document = parse(answer.text)
    assert elements(document, "html")[0].get("lang") == language
    assert answer.headers["Content-Language"] == language
    assert text_of(elements(document, "title")[0]).endswith("– Tanggap Kota Contoh")
    assert "Data contoh:" in answer.text


@pytest.mark.parametrize("path", CITIZEN + REPORTER + STAFF)
def test_the_policy_forbids_script_frames_and_foreign_hosts(
    path: str, visitor: TestClient, coordinator: TestClient
) -> None:
    answer = client_for(path, visitor, coordinator).get(path)

    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy and "unsafe" not in policy and "http" not in policy
    assert (
        "frame-ancestors 'none'" in policy and "base-uri 'none'" in policy and "form-action 'self'" in policy
    )
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("path", REPORTER + STAFF)
def test_pages_for_one_person_are_not_kept_indexed_compressed_or_told_to_others(
    path: str, visitor: TestClient, coordinator: TestClient
) -> None:
    if path == "/lapor/jalan-berlubang":
        return
    answer = client_for(path, visitor, coordinator).get(path, headers={"Accept-Encoding": "gzip"})

    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "noindex" in answer.headers["X-Robots-Tag"]
    assert '<meta name="robots" content="noindex, nofollow">' in answer.text
    assert "Content-Encoding" not in answer.headers


@pytest.mark.parametrize(
    "path",
    [
        f"/lacak/{code_of(11)}",
        f"/lacak/{code_of(11)}/{SECRET}",
        f"/petugas/{code_of(11)}",
        "/petugas",
        "/daftar",
        "/petugas/kotak-masuk",
    ],
)
def test_what_people_write_is_text_and_nothing_else(
    path: str, visitor: TestClient, coordinator: TestClient
) -> None:
    client = coordinator if path.startswith("/petugas") else visitor
    answer = client.get(path)

    assert HOSTILE not in answer.text
    assert "<script" not in answer.text.lower() and "<img src=x" not in answer.text.lower()
    assert "alert(&#39;x&#39;)" in answer.text
    assert "{{7*7}}" in answer.text


def test_a_hostile_search_and_a_hostile_code_are_shown_as_text(visitor: TestClient) -> None:
    for path in ("/layanan?cari=", "/lapor?cari=", "/lacak?kode=", "/daftar?text="):
        answer = visitor.get(path + "%3Cscript%3Ealert(1)%3C/script%3E%22%20onfocus=alert(1)")

        assert "<script" not in answer.text.lower()
        assert complaints_about(answer.text, OWN) == []


def test_without_a_mark_nothing_is_called_a_sample(open_pages) -> None:  # type: ignore[no-untyped-def]  # fixture
    answer = open_pages(sample_mark="").get("/")

    assert "contoh:" not in answer.text.lower()


def test_a_page_without_catalogue_says_so_and_asks_to_come_back(
    visitor: TestClient, cases: FakeCases
) -> None:
    from gateway.problems import Problem

    class NoCatalogue(FakeCases):
        @property
        def catalogue(self):  # type: ignore[no-untyped-def]  # stands in for a dataclass field
            raise Problem("catalogue-unavailable")

        @catalogue.setter
        def catalogue(self, value: object) -> None:
            pass

    visitor.app.state.cases = NoCatalogue()  # type: ignore[attr-defined]  # Starlette's state
    answer = visitor.get("/layanan")

    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"
    assert "muat ulang" in answer.text


def test_the_first_visit_costs_less_than_100_kilobytes(visitor: TestClient) -> None:
    page = visitor.get("/", headers={"Accept-Encoding": "gzip"})
    links = [e.get("href") for e in elements(parse(page.text), "link")] + [
        e.get("src") for e in elements(parse(page.text), "img")
    ]

    total = int(page.headers["Content-Length"])
    for address in {one for one in links if one}:
        asset = visitor.get(address, headers={"Accept-Encoding": "gzip"})
        assert asset.status_code == 200
        total += int(asset.headers["Content-Length"])

    assert total < 30_000, "the budget is 100 kB; this much below it there is no reason to grow"


def test_the_language_link_keeps_the_page_and_its_query(visitor: TestClient) -> None:
    answer = visitor.get("/layanan?cari=lubang&lang=id")

    assert 'href="/layanan?cari=lubang&amp;lang=en"' in answer.text


def test_a_chosen_language_is_remembered(visitor: TestClient) -> None:
    visitor.get("/?lang=en")

    assert "Track my report" in visitor.get("/", headers={"Accept-Language": "id"}).text


def test_a_second_city_is_a_list_of_its_own(visitor: TestClient, cases: FakeCases) -> None:
    document = cases.catalogue.document | {
        "cities": [{"code": "contoh", "name": "Kota Contoh"}, {"code": "lain", "name": "Kota Lain"}]
    }
    document["services"] = [
        *({**service, "city": "contoh"} for service in document["services"]),
        {
            "code": "lain-taman",
            "name": {"id": "Taman kota"},
            "kind": "complaint",
            "city": "lain",
            "group": {"code": "x", "id": "X"},
        },
    ]
    cases.catalogue = Catalogue(document)

    for path in ("/layanan", "/lapor"):
        own = visitor.get(path).text
        assert "Taman kota" not in own and f'href="{path}?kota=lain"' in own
        other = visitor.get(f"{path}?kota=lain&cari=taman").text
        assert "Taman kota" in other and "Akta kelahiran" not in other
        assert visitor.get(f"{path}?kota=tidak-ada").text.count("Akta kelahiran") == own.count(
            "Akta kelahiran"
        )


def test_a_rejection_says_why_and_who_is_responsible(visitor: TestClient) -> None:
    for path in (f"/lacak/{code_of(8)}", f"/lacak/{code_of(8)}/{SECRET}"):
        text = visitor.get(path).text

        for words in ("Bukan wewenang kota", "Jalan ini jalan nasional.", "Balai Pelaksanaan Jalan Nasional"):
            assert words in text


def test_the_public_learns_the_month_of_a_report_and_not_its_day(
    visitor: TestClient, cases: FakeCases
) -> None:
    case = cases.stored[code_of(2)]
    case["timeline"] = [
        {"at": "2026-10-31T17:00:00+00:00", "type": "filed", "status": "filed", "by": "reporter"}
    ]
    text = visitor.get(f"/lacak/{code_of(2)}").text

    assert "November 2026" in text and "1 November 2026" not in text
