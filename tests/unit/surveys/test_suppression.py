"""Nobody is found by subtraction: within a table, between tables, between periods."""

from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from surveys.domain.suppression import Table, determined, reveals_small, suppress, suppress_beside

MINIMUM = 5
cells_of = st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 30), min_size=2)


def test_a_small_cell_takes_the_next_smallest_along() -> None:
    assert suppress({"sma": 18, "s1": 12, "smp": 7, "sd": 3}, MINIMUM) == {
        "sma": 18,
        "s1": 12,
        "smp": None,
        "sd": None,
    }


def test_two_groups_with_one_small_show_neither() -> None:
    assert suppress({"male": 9, "female": 3}, MINIMUM) == {"male": None, "female": None}


def test_a_table_without_small_cells_is_shown() -> None:
    assert suppress({"male": 9, "female": 5}, MINIMUM) == {"male": 9, "female": 5}


@given(cells_of)
def test_what_is_hidden_is_never_one_cell_nor_a_small_sum(cells: dict[str, int]) -> None:
    shown = suppress(cells, MINIMUM)

    hidden = [cells[key] for key, count in shown.items() if count is None]
    assert all(count is None or count >= MINIMUM for count in shown.values())
    everything_hidden = len(hidden) == len(cells)
    assert not hidden or everything_hidden or (len(hidden) >= 2 and sum(hidden) >= MINIMUM)


def test_equations_determine_exactly_what_follows_from_them() -> None:
    one = Fraction(1)

    assert determined([{"a": one, "b": one}, {"a": one}]) == {"a", "b"}
    assert determined([{"a": one, "b": one}, {"b": one, "c": one}]) == set()
    assert determined([{"a": one, "b": one}, {"b": one, "c": one}, {"a": one, "c": one}]) == {"a", "b", "c"}


QUARTERS = ("2026-Q1", "2026-Q2", "2026-Q3", "2026-Q4")


def quarter(code: str, cells: dict[str, int]) -> Table:
    return Table((code,), sum(cells.values()), suppress(cells, MINIMUM))


def test_a_rolling_year_beside_its_quarters_hides_what_would_follow() -> None:
    counts = [{"male": 20, "female": 15}, {"male": 12, "female": 11}, {"male": 9, "female": 8}]
    last = {"male": 18, "female": 3}
    published = [quarter(code, cells) for code, cells in zip(QUARTERS, [*counts, last], strict=True)]
    year = {key: sum(one[key] for one in (*counts, last)) for key in last}

    shown = suppress_beside(QUARTERS, year, published, MINIMUM)

    # 59 men and 37 women would give the quarter's 3 women, although both cells are large.
    assert published[-1].cells == {"male": None, "female": None}
    assert shown == {"male": None, "female": None}


def test_a_rolling_year_is_shown_where_its_quarters_are() -> None:
    counts = {"male": 20, "female": 15}
    published = [quarter(code, counts) for code in QUARTERS]

    shown = suppress_beside(QUARTERS, {"male": 80, "female": 60}, published, MINIMUM)

    assert shown == {"male": 80, "female": 60}


@given(st.lists(st.fixed_dictionaries({k: st.integers(0, 12) for k in "abc"}), min_size=5, max_size=5))
@settings(max_examples=60, deadline=None)
def test_no_sequence_of_publications_gives_a_hidden_cell(counts: list[dict[str, int]]) -> None:
    codes = ["2025-Q4", *QUARTERS]
    published: list[Table] = []
    for place, code in enumerate(codes):
        published.append(
            Table(
                (code,),
                sum(counts[place].values()),
                suppress_beside((code,), counts[place], published, MINIMUM),
            )
        )
        if place >= 3:
            parts = codes[place - 3 : place + 1]
            year = {key: sum(counts[codes.index(part)][key] for part in parts) for key in "abc"}
            shown = suppress_beside(parts, year, published, MINIMUM)
            published.append(Table(tuple(parts), sum(year.values()), shown))

    equations = []
    for table in published:
        equations.append({(part, key): Fraction(1) for part in table.parts for key in "abc"})
        for key, value in table.cells.items():
            if value is not None:
                equations.append({(part, key): Fraction(1) for part in table.parts})
    hidden = {
        (table.parts[0], key)
        for table in published
        if len(table.parts) == 1
        for key, value in table.cells.items()
        if value is None and 0 < counts[codes.index(table.parts[0])][key] < MINIMUM
    }
    assert not determined(equations) & hidden


def test_a_year_does_not_give_away_its_one_small_quarter() -> None:
    numbers = dict(zip(QUARTERS, (40, 30, 20, 9), strict=True))
    alone = [[code] for code in QUARTERS[:3]]

    assert reveals_small(numbers, alone, QUARTERS, 10)
    assert not reveals_small(numbers, alone[:2], QUARTERS, 10)
    assert not reveals_small(numbers, [], QUARTERS, 10)
    # The other way round: the year is public already, and the third quarter would give the fourth.
    assert reveals_small(numbers, [*alone[:2], QUARTERS], [QUARTERS[2]], 10)


def test_two_small_quarters_together_are_looked_at_too() -> None:
    numbers = dict(zip(QUARTERS, (40, 30, 4, 3), strict=True))

    assert reveals_small(numbers, [[QUARTERS[0]], [QUARTERS[1]]], QUARTERS, 10)
    assert not reveals_small({**numbers, "2026-Q3": 8}, [[QUARTERS[0]], [QUARTERS[1]]], QUARTERS, 10)


def test_a_quarter_without_answers_hides_nothing() -> None:
    numbers = dict(zip(QUARTERS, (40, 30, 20, 0), strict=True))

    assert not reveals_small(numbers, [[code] for code in QUARTERS[:3]], QUARTERS, 10)
