from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.domain.audiences import Staff
from notifications.domain.delivery import Reason, State
from notifications.domain.intents import Recipient, dedupe_key, intent_id
from notifications.domain.planning import People, Template, plan
from notifications.domain.rules import Rule
from notifications.domain.template import parse

REPORTER = Recipient("ref-1", "reporter", "id", name="Siti", address="s@example.invalid")
STAFF = [Staff("kord", frozenset({"coordinator"})), Staff("kord-2", frozenset({"coordinator"}))]
DATA = {"contact_ref": "ref-1", "inspectorate": False}


class Texts:
    def __init__(self, subject: str = "Kasus ((code))", body: str = "Halo ((name))") -> None:
        self._template = (parse(subject), parse(body))

    def get(self, key: str, language: str) -> Template:
        return Template(key, language, 3, *self._template)


def rule(**changes: Any) -> Rule:
    parts: dict[str, Any] = {
        "id": "receipt",
        "event_type": "thing.happened.v1",
        "audience": "reporter",
        "channels": ("email",),
        "template": "receipt",
        "category": "transactional",
    }
    return Rule(**{**parts, **changes})


def planned(
    rules: list[Rule],
    reporter: Recipient | None = REPORTER,
    texts: Texts | None = None,
    data: dict[str, Any] = DATA,
) -> list[Any]:
    people = People(
        STAFF, lambda ref: Recipient(ref, "staff", "en", email_problem=Reason.CONTACT_MISSING), reporter
    )
    values = {"code": "7K3M", "name": "Siti"}
    return plan("event-1", data, rules, people, texts or Texts(), lambda keys, who: values)


def test_a_reporter_gets_one_queued_mail_with_its_pinned_template() -> None:
    (one,) = planned([rule()])

    assert (one.state, one.subject, one.text, one.address) == (
        State.QUEUED,
        "Kasus 7K3M",
        "Halo Siti",
        "s@example.invalid",
    )
    assert one.template_version == 3


def test_each_recipient_and_channel_is_an_intent_of_its_own() -> None:
    found = planned([rule(audience="role:coordinator", channels=("inbox", "email"))])

    assert [(one.recipient_ref, one.channel, one.state) for one in found] == [
        ("kord", "inbox", State.DELIVERED),
        ("kord-2", "inbox", State.DELIVERED),
        ("kord", "email", State.SKIPPED),
        ("kord-2", "email", State.SKIPPED),
    ]
    assert len({one.id for one in found}) == 4


def test_a_missing_value_is_our_own_failure_and_names_every_key() -> None:
    (one,) = planned([rule()], texts=Texts("((a))", "((b)) ((name))"))

    assert (one.state, one.missing) == (State.TECHNICAL_FAILURE, ("a", "b"))
    assert one.text == ""


def test_an_empty_text_is_never_sent() -> None:
    (one,) = planned([rule()], texts=Texts(body="((name??x))"))

    assert one.state is State.TECHNICAL_FAILURE


def test_nobody_to_tell_leaves_one_skipped_intent_for_each_channel() -> None:
    (missing,) = planned([rule()], reporter=None)
    empty = planned([rule(audience="role:leader", channels=("inbox", "email"))])

    assert (missing.reason, missing.recipient_ref) == (Reason.CONTACT_MISSING, "ref-1")
    assert [one.reason for one in empty] == [Reason.AUDIENCE_EMPTY] * 2


def test_a_reporter_without_contact_is_recorded_but_not_announced_and_a_lost_contact_is_both() -> None:
    (unknown,) = planned([rule()], data={**DATA, "contact_ref": None}, reporter=None)
    (lost,) = planned([rule()], reporter=None)

    assert (unknown.reason, unknown.quiet) == (Reason.CONTACT_MISSING, True)
    assert (lost.reason, lost.quiet) == (Reason.CONTACT_MISSING, False)


def test_a_rule_switched_off_says_so_and_one_that_does_not_match_says_nothing() -> None:
    (off,) = planned([rule(active=False), rule(id="other", when={"inspectorate": {"eq": True}})])

    assert (off.state, off.reason) == (State.SKIPPED, Reason.RULE_INACTIVE)


@pytest.mark.parametrize("known", [True, False])
def test_a_refusal_is_for_the_department_that_the_event_names(known: bool) -> None:
    department = Recipient("dept-antrian", "department", "id") if known else None
    people = People(STAFF, lambda ref: REPORTER, None, department)
    refused = rule(event_type="event.rejected.v1", audience="department", channels=("inbox",), announce=False)

    (one,) = plan("e", {}, [refused], people, Texts("s", "b"), lambda keys, who: {})

    assert (one.recipient_ref, one.reason) == (
        ("dept-antrian", None) if known else (None, Reason.AUDIENCE_EMPTY)
    )


def test_a_message_about_no_case_reaches_staff_without_being_inspectors() -> None:
    opened = rule(event_type="evaluation.opened.v1", audience="person", channels=("inbox",), announce=False)
    people = People(STAFF, lambda ref: Recipient(ref, "staff", "id"), None)

    (one,) = plan("e", {"staff_ref": "kord"}, [opened], people, Texts("s", "b"), lambda keys, who: {})

    assert (one.recipient_ref, one.state) == ("kord", State.DELIVERED)


def test_a_line_break_in_a_value_does_not_get_into_the_subject() -> None:
    people = People(STAFF, lambda ref: REPORTER, REPORTER)

    (one,) = plan(
        "e", DATA, [rule()], people, Texts(), lambda keys, who: {"code": "a\r\nBcc: x@y.id", "name": "n"}
    )

    assert one.subject == "Kasus a Bcc: x@y.id"


@given(st.text(), st.text(), st.one_of(st.none(), st.text()), st.sampled_from(["email", "inbox"]))
def test_an_intent_id_is_the_same_every_time(event: str, name: str, ref: str | None, channel: str) -> None:
    first = intent_id(event, name, ref, channel)

    assert first == intent_id(event, name, ref, channel)
    assert first.startswith(f"{event}-")
    assert dedupe_key(event, name, ref, channel).startswith(f"{event}:{name}:")
