import pytest
from hypothesis import given
from hypothesis import strategies as st

from servicekit.tracing import TraceContext, current_traceparent, new_trace, parse_traceparent, span


def test_a_context_survives_the_header():
    context = new_trace()

    assert parse_traceparent(str(context)) == context


@given(st.none() | st.text(max_size=70))
def test_a_bad_header_is_no_context_and_no_error(header):
    parsed = parse_traceparent(header)

    assert parsed is None or str(parsed) == header


@pytest.mark.parametrize(
    "header", ["00-" + "0" * 32 + "-" + "b" * 16 + "-01", "00-" + "a" * 32 + "-" + "0" * 16 + "-01"]
)
def test_zeros_are_no_context(header):
    assert parse_traceparent(header) is None


def test_a_span_continues_its_parents_trace():
    parent = new_trace()

    with span("work", parent=str(parent)) as context:
        assert context.trace_id == parent.trace_id
        assert context.span_id != parent.span_id
        assert current_traceparent() == str(context)
        with span("inner") as inner:
            assert inner.trace_id == parent.trace_id
            assert inner.span_id != context.span_id
        assert current_traceparent() == str(context)
    assert current_traceparent() is None


def test_a_span_without_parent_begins_a_trace():
    with span("one") as one:
        pass
    with span("two", links=[str(one), None, "nonsense"]) as two:
        pass

    assert one.trace_id != two.trace_id
    assert isinstance(two, TraceContext)
