import pytest
from unit.evaluation.city_tables import matrix

from evaluation.domain.matrix import Level, RatingIncomplete, predikat

CELLS = {
    ("di_atas", "di_bawah"): "kurang",
    ("di_atas", "sesuai"): "baik",
    ("di_atas", "di_atas"): "sangat_baik",
    ("sesuai", "di_bawah"): "kurang",
    ("sesuai", "sesuai"): "baik",
    ("sesuai", "di_atas"): "baik",
    ("di_bawah", "di_bawah"): "sangat_kurang",
    ("di_bawah", "sesuai"): "butuh_perbaikan",
    ("di_bawah", "di_atas"): "butuh_perbaikan",
}


@pytest.mark.parametrize(("ratings", "expected"), CELLS.items())
def test_every_cell(ratings: tuple[str, str], expected: str) -> None:
    found = predikat(matrix(), *ratings)

    assert found.key == expected
    assert found.matrix_version == "6-2022"
    assert found.label == matrix().labels[expected]


def test_the_cells_above_are_all_there_are() -> None:
    assert set(CELLS) == {(a.value, b.value) for a in Level for b in Level}


def test_the_matrix_is_not_symmetric() -> None:
    strong_results = predikat(matrix(), "di_atas", "di_bawah")
    strong_behaviour = predikat(matrix(), "di_bawah", "di_atas")

    assert strong_results.label.id == "Kurang/misconduct"
    assert strong_behaviour.label.id == "Butuh Perbaikan"


@pytest.mark.parametrize(
    ("results", "behaviour", "missing"),
    [
        (None, "sesuai", ("results",)),
        ("sesuai", None, ("behaviour",)),
        ("", "di_atas", ("results",)),
        (None, None, ("results", "behaviour")),
    ],
)
def test_a_missing_axis_is_an_error_and_never_as_expected(
    results: str | None, behaviour: str | None, missing: tuple[str, ...]
) -> None:
    with pytest.raises(RatingIncomplete) as refused:
        predikat(matrix(), results, behaviour)

    assert refused.value.missing == missing
    assert {fault.code for fault in refused.value.faults} == {"rating_incomplete"}
    assert [fault.pointer for fault in refused.value.faults] == [f"/{axis}" for axis in missing]


def test_a_level_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="sangat_di_atas"):
        predikat(matrix(), "sesuai", "sangat_di_atas")
