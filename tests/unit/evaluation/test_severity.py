from fractions import Fraction

import pytest

from evaluation.domain.severity import Given, RaterProfile, profiles


def given(rater: str, person: str, *levels: int) -> Given:
    return Given(rater, person, {f"v{number}": level for number, level in enumerate(levels)})


def profile(rater: str, *all_given: Given) -> RaterProfile:
    (found,) = [one for one in profiles(all_given) if one.rater == rater]
    return found


def test_a_strict_rater_lies_below_the_others_on_the_same_people() -> None:
    ratings = [
        given("strict", "a", 1, 2),
        given("strict", "b", 2, 2),
        given("strict", "only-hers", 3, 3),
        given("mild", "a", 2, 2),
        given("mild", "b", 3, 3),
        given("third", "a", 3, 3),
    ]

    strict = profile("strict", *ratings)

    # Person a: 3/2 against 5/2; person b: 2 against 3. The third person nobody else rated.
    assert strict.severity == Fraction(-1)
    assert (strict.people, strict.shared_people) == (3, 2)
    assert profile("mild", *ratings).severity == Fraction(1, 2) * (Fraction(2) - Fraction(9, 4) + 1)


def test_severity_is_null_where_nobody_else_rated_the_same_people() -> None:
    found = profile("one", given("one", "a", 2, 2), given("other", "b", 3, 3))

    assert found.severity is None
    assert found.shared_people == 0


def test_spread_shows_whether_a_rater_tells_people_apart() -> None:
    flat = profile("flat", given("flat", "a", 2, 2), given("flat", "b", 2, 2))
    wide = profile("wide", given("wide", "a", 1, 1), given("wide", "b", 3, 3))

    assert flat.spread == 0
    assert wide.spread == pytest.approx(2**0.5)
    assert profile("one", given("one", "a", 1, 3)).spread is None


def test_halo_is_the_correlation_between_values() -> None:
    same = [given("halo", "a", 1, 1), given("halo", "b", 2, 2), given("halo", "c", 3, 3)]
    apart = [given("fair", "a", 1, 3), given("fair", "b", 2, 2), given("fair", "c", 3, 1)]

    assert profile("halo", *same).halo == pytest.approx(1.0)
    assert profile("fair", *apart).halo == pytest.approx(-1.0)


@pytest.mark.parametrize(
    "ratings",
    [
        [given("r", "a", 1, 1), given("r", "b", 3, 3)],
        [given("r", "a", 2, 1), given("r", "b", 2, 2), given("r", "c", 2, 3)],
        [given("r", "a", 2), given("r", "b", 3), given("r", "c", 1)],
    ],
    ids=["two people lie on a line", "a value that never varies", "one value"],
)
def test_halo_is_null_where_it_cannot_be_said(ratings: list[Given]) -> None:
    assert profile("r", *ratings).halo is None


def test_two_ratings_of_one_person_count_once() -> None:
    found = profile("r", given("r", "a", 1), given("r", "a", 3), given("s", "a", 2))

    assert (found.people, found.severity) == (1, Fraction(0))


def test_nobody_rated_gives_no_profiles() -> None:
    assert profiles([]) == []
