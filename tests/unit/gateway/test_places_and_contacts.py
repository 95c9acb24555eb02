import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway import contacts
from gateway.geometry import contains

RING = [[0.0, 0.0], [10.0, 0.0], [10.0, 10.0], [0.0, 10.0], [0.0, 0.0]]
HOLE = [[4.0, 4.0], [6.0, 4.0], [6.0, 6.0], [4.0, 6.0], [4.0, 4.0]]
inside = st.floats(0.01, 3.9)


@given(inside, inside)
def test_points_of_the_square_are_inside_in_every_geometry(lon: float, lat: float) -> None:
    polygon = {"type": "Polygon", "coordinates": [RING, HOLE]}

    assert contains(polygon, lon, lat)
    assert contains(
        {"type": "MultiPolygon", "coordinates": [[RING], [[[20, 20], [21, 20], [21, 21], [20, 20]]]]},
        lon,
        lat,
    )
    assert contains(
        {"type": "FeatureCollection", "features": [{"type": "Feature", "geometry": polygon}]}, lon, lat
    )


@given(st.floats(10.01, 180) | st.floats(-180, -0.01), st.floats(-90, 90))
def test_points_beside_the_square_are_outside(lon: float, lat: float) -> None:
    assert not contains({"type": "Polygon", "coordinates": [RING]}, lon, lat)


def test_a_hole_is_outside() -> None:
    assert not contains({"type": "Polygon", "coordinates": [RING, HOLE]}, 5, 5)
    assert not contains({"type": "Point", "coordinates": [5, 5]}, 5, 5)


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("0812-3456-7890", "+6281234567890"),
        ("+62 0812 3456 7890", "+6281234567890"),
        ("81234567890", "+6281234567890"),
        ("6281234567890", "+6281234567890"),
        ("(0754) 61234", "+6275461234"),
        ("+1 410 555 0100", "+14105550100"),
    ],
)
def test_phone_numbers_are_kept_in_one_form(written: str, kept: str) -> None:
    assert contacts.phone(written) == kept


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("8.12E+10", "spreadsheet_number"),
        ("0812345678 / 0813456789", "one_phone_only"),
        ("0812345678 atau 0813456789", "one_phone_only"),
        ("112", "not_a_phone"),
        ("telepon saya", "not_a_phone"),
        ("0000000000", "not_a_phone"),
    ],
)
def test_what_is_no_single_number_is_refused(written: str, code: str) -> None:
    with pytest.raises(contacts.BadContact) as refused:
        contacts.phone(written)
    assert refused.value.code == code


@given(st.text(max_size=40))
def test_any_text_is_a_contact_or_refused(text: str) -> None:
    for normalise in (contacts.phone, contacts.email):
        try:
            assert normalise(text)
        except contacts.BadContact:
            continue


def test_reserved_domains_of_sample_cities_are_addresses() -> None:
    assert contacts.email(" Siti@Example.invalid ") == "Siti@example.invalid"
