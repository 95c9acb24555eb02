"""Published results, pictures with their tables, and what is said where there is no figure."""

from decimal import Decimal

import pytest
from starlette.testclient import TestClient

from gateway.pages import charts, periods
from support.html import attributes, elements, parse, text_of
from support.survey_data import BAND, result

SVG = "{http://www.w3.org/2000/svg}"


def words_of(client: TestClient, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return text_of(parse(answer.text))


def test_the_list_shows_the_newest_result_of_each_unit_and_names_those_without(visitor: TestClient) -> None:
    text = words_of(visitor, "/hasil")

    assert (
        "83,56" in text and "Mutu: B (Baik)" in text and "Triwulan III 2026" in text and "62 penjawab" in text
    )
    assert "88,33" not in text, "an older period is on the unit's page"
    assert "1 unit belum mempunyai hasil" in text and "Kependudukan" in text


def test_a_result_shows_everything_that_is_published(visitor: TestClient) -> None:
    answer = visitor.get("/hasil/dpupr/2026-Q3")
    text = text_of(parse(answer.text))

    for words in (
        "83,56",
        "antara 80,10 dan 87,02",
        "62 penjawab dari 100 pengguna layanan",
        "sasaran sampel 80",
        "lebih sedikit daripada sasaran sampel",
        "3,0323",
        "disembunyikan",
        "Kelompok yang terlalu kecil disembunyikan",
        "Laki-laki40",
        "−2,64 (−4,67 sampai −0,61)",
        "Satu berkas kertas tercatat dua kali.",
        "82,72",
        "SK-12",
        "exact-1",
    ):
        assert words in text, words
    assert result()["inputs_hash"] in text
    links = attributes(parse(answer.text), "a", "href")
    assert "/v1/surveys/results/dpupr/2026-Q3" in links
    assert "/v1/surveys/results/dpupr/2026-Q3?format=csv" in links


def test_the_lowest_elements_come_first_and_in_words(visitor: TestClient) -> None:
    steps = [text_of(one) for one in elements(parse(visitor.get("/hasil/dpupr/2026-Q3").text), "ol")]

    assert steps[0].startswith("Penanganan Pengaduan, Saran dan Masukan: 75,81 (C)Waktu Penyelesaian: 76,61")


def test_a_picture_has_a_title_and_a_table_with_the_same_figures(visitor: TestClient) -> None:
    document = parse(visitor.get("/hasil/dpupr/2026-Q3").text)
    pictures = list(document.iter(f"{SVG}svg"))
    table = next(one for one in elements(document, "table") if "Nilai setiap unsur" in text_of(one))

    assert len(pictures) == 2
    for picture in pictures:
        assert picture.get("role") == "img" and picture.get("aria-labelledby")
        assert picture.find(f"{SVG}title") is not None and picture.find(f"{SVG}desc") is not None
    drawn = [text_of(one) for one in pictures[0].iter(f"{SVG}text") if "," in text_of(one)]
    figures = [one.split(" ")[0] for one in drawn if one[0].isdigit()]
    assert len(figures) == 9 and all(figure in text_of(table) for figure in figures)


def test_an_unsure_band_is_said_with_its_interval(visitor: TestClient) -> None:
    text = words_of(visitor, "/hasil/dpupr/2026-Q2")

    assert "A (Sangat baik), belum pasti" in text
    assert "antara 85,82 dan 90,84, dan rentang itu melewati batas dua golongan mutu" in text
    assert "Jumlah pengguna layanan pada periode ini tidak diketahui" in text
    assert "Unit belum menyusun rencana perbaikan" in text


@pytest.mark.parametrize(
    ("period", "words"),
    [
        ("2026-Q1", "Yang menjawab belum sampai jumlah paling sedikit"),
        ("2026-Q1", "Sejauh ini <10 jawaban; paling sedikit 10"),
        ("2026-Q4", "Periode ini belum berakhir"),
        ("2025-Q4", "unit belum menerbitkan hasilnya"),
        ("2026-Q3-R4", "Belum semua triwulan dalam rentang ini selesai"),
    ],
)
def test_where_there_is_no_figure_the_page_says_what_is_missing(
    period: str, words: str, visitor: TestClient
) -> None:
    text = words_of(visitor, f"/hasil/dpupr/{period}")

    assert words in text
    assert "Indeks kepuasan masyarakat" not in text and "Unduh" not in text


def test_a_units_page_shows_its_trend_and_what_cannot_be_shown_yet(visitor: TestClient) -> None:
    document = parse(visitor.get("/hasil/dpupr").text)
    text = text_of(document)

    assert "Yang belum dapat ditampilkan" in text and "Triwulan IV 2026" in text
    assert len(list(document.iter(f"{SVG}circle"))) == 2


def test_an_unknown_unit_or_period_is_not_found(visitor: TestClient) -> None:
    for path in ("/hasil/tidak-ada", "/hasil/dpupr/2026-Q9", "/hasil/dpupr/2019-Q1", "/hasil/dpupr/kapan"):
        assert visitor.get(path).status_code == 404, path


def test_points_of_different_tables_are_not_joined_and_the_change_is_marked() -> None:
    rows = [
        {"period": "2015", "ikm": "64.50", "band_version": "kep-25-2004"},
        {"period": "2025-Q4", "ikm": "86.20", "band_version": BAND},
        {"period": "2026-Q1", "ikm": None, "band_version": BAND},
        {"period": "2026-Q2", "ikm": "83.56", "band_version": BAND},
        {"period": "2026-Q3", "ikm": "90.00", "band_version": BAND},
    ]
    drawn = charts.trend(rows)

    assert drawn is not None
    assert len(drawn.points) == 4 and len(drawn.marks) == 1
    joined = [(one.x1, one.x2) for one in drawn.segments]
    assert joined == [(drawn.points[2].x, drawn.points[3].x)], "neither over the mark nor over the gap"
    assert drawn.points[0].x < drawn.marks[0] < drawn.points[1].x


def test_a_single_figure_is_no_trend() -> None:
    assert charts.trend([{"period": "2026-Q3", "ikm": "83.56"}, {"period": "2026-Q4", "ikm": None}]) is None


@pytest.mark.parametrize(("figure", "share"), [("25.00", 0), ("62.50", 0.5), ("100.00", 1), ("10", 0)])
def test_bars_begin_at_25_where_the_scale_begins(figure: str, share: float) -> None:
    drawn = charts.bars([{"key": "waktu", "nrr_x25": figure}, {"key": "biaya", "nrr_x25": None}])

    assert drawn.bars[0].width == pytest.approx(share * charts.BAR_WIDTH)
    assert drawn.bars[1].width is None, "no figure is no bar, not one of length 0"


def test_a_figure_that_is_no_number_is_none() -> None:
    assert charts.number_of("x") is None and charts.number_of(None) is None
    assert charts.number_of("83.56") == Decimal("83.56")


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("2026-Q3", "Triwulan III 2026"),
        ("2026-Q3-R4", "Empat triwulan sampai triwulan III 2026"),
        ("2026-H2", "Semester 2 2026"),
        ("2026", "Tahun 2026"),
        ("2026-07", "bulan 2026-07"),
        ("kapan", "kapan"),
        (None, ""),
    ],
)
def test_periods_are_named_as_people_say_them(code: str | None, name: str) -> None:
    assert periods.name(code, lambda text: text, lambda month: f"bulan {month}") == name


def test_a_link_becomes_a_qr_code_with_its_quiet_zone() -> None:
    code = charts.qr("https://kota.example/survei/" + "a" * 44)

    assert code.size >= 21 + 8 and code.path.startswith("M4 4h1v1h-1z")
    assert "M0 " not in code.path and "M3 " not in code.path
