import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.domain.template import MissingValues, TemplateFault, normal_key, parse, tidy


def test_a_value_is_inserted_whatever_the_spelling_of_its_key() -> None:
    text = parse("Halo ((Nama Lengkap)), ((nama_lengkap)), ((NAMA-LENGKAP))")

    assert text.fill({"namalengkap": "Siti"}) == "Halo Siti, Siti, Siti"


@pytest.mark.parametrize("value", [True, "yes", "TRUE", " Ya "])
def test_a_conditional_text_is_shown_on_yes(value: str | bool) -> None:
    assert parse("A((x?? dan B))").fill({"x": value}) == "A dan B"


@pytest.mark.parametrize("value", [False, "no", "", "tidak", "1"])
def test_a_conditional_text_is_hidden_otherwise(value: str | bool) -> None:
    assert parse("A((x?? dan B))").fill({"x": value}) == "A"


def test_a_value_inside_a_hidden_text_is_not_needed() -> None:
    text = parse("((ada??sampai ((batas)))).")

    assert text.fill({"ada": False}) == "."
    assert text.fill({"ada": True, "batas": "besok"}) == "sampai besok."
    with pytest.raises(MissingValues):
        text.fill({"ada": True})


def test_brackets_can_be_written_literally() -> None:
    assert parse(r"\((tetap dan ((x))").fill({"x": "1"}) == "((tetap dan 1"


def test_all_missing_values_are_named_at_once() -> None:
    with pytest.raises(MissingValues) as missing:
        parse("((a)) ((b)) ((a)) ((c??x))").fill({})

    assert missing.value.keys == ("a", "b", "c")


@pytest.mark.parametrize(
    "source",
    [
        "((nama",
        "nama))",
        "(( ))",
        "((a??b",
        "((a?b))",
        "((a??((b??c))))",
        "((a\nb))",
        "((a.b))",
        "((" + "x" * 80 + "))",
    ],
)
def test_what_is_no_template_is_refused(source: str) -> None:
    with pytest.raises(TemplateFault):
        parse(source)


@given(st.text())
def test_any_text_is_parsed_or_refused_and_never_anything_else(source: str) -> None:
    try:
        text = parse(source)
    except TemplateFault:
        return
    filled = text.fill(dict.fromkeys(text.keys, "x"))

    assert isinstance(filled, str)


@given(st.text())
def test_a_value_is_never_read_as_a_template(value: str) -> None:
    assert parse("<((x))>").fill({"x": value, "y": "no"}) == f"<{value}>"


@given(st.text(alphabet=st.characters(exclude_characters="()\\")))
def test_a_text_without_brackets_is_itself(source: str) -> None:
    assert parse(source).fill({}) == source


def test_keys_are_compared_without_case_spaces_and_dashes() -> None:
    assert normal_key("Nama Lengkap") == normal_key("nama-lengkap") == normal_key("NAMA_LENGKAP")


def test_what_a_hidden_text_leaves_behind_is_tidied() -> None:
    assert tidy("a \n\n\n\n b\t\n") == "a\n\n b"
