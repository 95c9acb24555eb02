import pytest
from unit.evaluation.city_tables import policy

from evaluation.domain.display import Reason, Recommend, showing_of_person, showing_of_unit

POLICY = policy()


@pytest.mark.parametrize(
    ("n", "known", "shown", "reason", "early", "peers", "recommend"),
    [
        (0, 0, "0", Reason.NO_DATA, False, False, Recommend.NO),
        (1, None, "<10", Reason.BELOW_MINIMUM, False, False, Recommend.NO),
        (9, None, "<10", Reason.BELOW_MINIMUM, False, False, Recommend.NO),
        (10, 10, "10", None, True, False, Recommend.CONSIDER),
        (33, 33, "33", None, True, False, Recommend.CONSIDER),
        (34, 34, "34", None, False, True, Recommend.YES),
        (250, 250, "250", None, False, True, Recommend.YES),
    ],
)
def test_what_is_shown_of_a_person(
    n: int,
    known: int | None,
    shown: str,
    reason: Reason | None,
    early: bool,
    peers: bool,
    recommend: Recommend,
) -> None:
    showing = showing_of_person(n, POLICY, is_asn=True, alone=False)

    assert (showing.n, showing.n_shown, showing.reason) == (known, shown, reason)
    assert (showing.early, showing.peer_comparison, showing.recommend) == (early, peers, recommend)
    assert showing.figure is (reason is None)


@pytest.mark.parametrize("n", [0, 5, 20, 200])
def test_an_officer_alone_has_no_personal_figure(n: int) -> None:
    showing = showing_of_person(n, POLICY, is_asn=True, alone=True)

    assert showing.reason is Reason.SINGLE_OFFICER
    assert not showing.figure and showing.recommend is Recommend.NO


@pytest.mark.parametrize("alone", [True, False])
def test_who_is_no_asn_is_never_rated(alone: bool) -> None:
    showing = showing_of_person(200, POLICY, is_asn=False, alone=alone)

    assert showing.reason is Reason.NOT_ASN
    assert not showing.figure and not showing.peer_comparison


def test_a_small_number_stays_hidden_whatever_the_reason() -> None:
    assert showing_of_person(7, POLICY, is_asn=False, alone=False).n is None
    assert showing_of_person(7, POLICY, is_asn=True, alone=True).n_shown == "<10"


@pytest.mark.parametrize(
    ("n", "shown", "reason"),
    [(0, "0", Reason.NO_DATA), (9, "<10", Reason.BELOW_MINIMUM), (10, "10", None), (34, "34", None)],
)
def test_a_unit_has_a_minimum_and_no_peers(n: int, shown: str, reason: Reason | None) -> None:
    showing = showing_of_unit(n, POLICY)

    assert (showing.n_shown, showing.reason) == (shown, reason)
    assert not showing.peer_comparison and not showing.early
