"""One performance period of one person: expectations, a rating by a person, and a result that stays.

    opened ──expect──▶ opened ──agree──▶ agreed ──rate──▶ rated ──finalise──▶ finalised
       ▲───────────expect, with a reason────┘        (national record: import ──┘)
                                          finalised ──object──▶ objected ──decide──▶ decided

Sources: PermenPANRB 6/2022 (stages, two axes set by the rating officer), PP 30/2019 Pasal 59 (objection).
No function here reads an event: what changes a rating is a person with a payload, and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from evaluation.domain.payloads import Payload
from evaluation.domain.staff import Staff
from evaluation.errors import NotAllowed, invalid

OPENED, AGREED, RATED, FINALISED, OBJECTED, DECIDED = (
    "opened",
    "agreed",
    "rated",
    "finalised",
    "objected",
    "decided",
)
STATES = (OPENED, AGREED, RATED, FINALISED, OBJECTED, DECIDED)
NATIONAL, OWN = "e-kinerja", "tanggap"
RECORDS = (NATIONAL, OWN)
RATINGS = ("di_bawah", "sesuai", "di_atas")
ASPECTS = ("kuantitas", "kualitas", "waktu", "biaya")
KINDS = ("utama", "tambahan")
BEHAVIOURS = ("pelayanan", "akuntabel", "kompeten", "harmonis", "loyal", "adaptif", "kolaboratif")
FOLLOW_UPS = ("penghargaan", "development", "bimbingan_kinerja", "konseling_kinerja")
ISSUED, IMPORTED = "issued", "imported"
MOST_ROWS, MOST_DOCUMENTS = 50, 20
LONGEST_PERIOD_DAYS = 366

# The states in which an action means something.
POSSIBLE: Mapping[str, tuple[str, ...]] = {
    "expect": (OPENED, AGREED),
    "agree": (OPENED,),
    "rate": (AGREED, RATED),
    "finalise": (RATED,),
    "import": (OPENED, AGREED, RATED),
    "read": (FINALISED, OBJECTED, DECIDED),
    "hand-over": (FINALISED, OBJECTED, DECIDED),
    "object": (FINALISED,),
    "decide": (OBJECTED,),
    "follow-up": (FINALISED, OBJECTED, DECIDED),
}
ACTIONS = tuple(POSSIBLE)


@dataclass(frozen=True, slots=True)
class Rating:
    """Both axes as the rating officer set them, with the evidence as it stood when he cited it."""

    results: str
    behaviour: str
    reasons: Mapping[str, str]
    evidence: tuple[Mapping[str, Any], ...]
    rated_at: datetime


@dataclass(frozen=True, slots=True)
class Predikat:
    """The predikat, and where it comes from: this service's matrix, or the national application."""

    key: str
    label: Mapping[str, str]
    matrix_version: str
    origin: str


@dataclass(frozen=True, slots=True)
class Objection:
    """A person's objection and what became of it. A decision is final."""

    objection_id: str
    state: str
    filed_at: datetime
    reason: str
    decision: str | None = None
    decision_reason: str | None = None
    decided_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The whole of one period. `version` counts every change of it."""

    id: str
    version: int
    staff_ref: str
    unit: str
    rater_ref: str
    decider_ref: str | None
    start: date
    end: date
    record: str
    state: str
    opened_at: datetime
    reference: str | None = None
    results: tuple[Mapping[str, Any], ...] = ()
    behaviours: Mapping[str, str | None] = field(default_factory=dict)
    rating: Rating | None = None
    predikat: Predikat | None = None
    organisation: str | None = None
    warnings: tuple[Mapping[str, Any], ...] = ()
    objection: Objection | None = None
    finalised_at: datetime | None = None
    clock_started_at: datetime | None = None
    clock_by: str | None = None
    object_until: date | None = None
    follow_up: tuple[Mapping[str, Any], ...] = ()

    @property
    def decides_objection(self) -> bool:
        """Whether the decider has, or had, something to decide here."""
        return self.state in (OBJECTED, DECIDED)


@dataclass(frozen=True, slots=True)
class Step:
    """A changed evaluation, what its history keeps of the change, and what is told about it."""

    evaluation: Evaluation
    reason: str | None = None
    told: tuple[str, ...] = ()
    sealed: bool = False
    """Whether the result of this version is kept for ever, beside the current state."""


PredikatOf = Callable[[str, str], Predikat]


def open_new(id: str, person: Staff, start: date, end: date, record: str, at: datetime) -> Evaluation:
    """A new period for a person. Raises NotAllowed when she is not to be rated, or nobody may rate her."""
    if not person.is_asn:
        raise NotAllowed("not_asn", "Only civil servants (ASN) are rated.")
    if not person.active:
        raise NotAllowed("not_active", "This member of staff is not active any more.")
    if person.rater_ref is None:
        raise NotAllowed("no_rater", "The staff record names no rating officer for this person.")
    if person.rater_ref == person.staff_ref:
        raise NotAllowed("conflict_of_interest", "Nobody rates oneself.")
    if end < start:
        raise invalid("/end", "before_start", "The period ends before it begins.")
    if (end - start).days >= LONGEST_PERIOD_DAYS:
        raise invalid("/end", "too_long", "A period is a year at most.")
    decider = person.superior_ref
    if decider in (person.rater_ref, person.staff_ref):
        decider = None
    return Evaluation(
        id=id,
        version=1,
        staff_ref=person.staff_ref,
        unit=person.unit,
        rater_ref=person.rater_ref,
        decider_ref=decider,
        start=start,
        end=end,
        record=record,
        state=OPENED,
        opened_at=at,
        behaviours=dict.fromkeys(BEHAVIOURS),
    )


def check_state(evaluation: Evaluation, action: str) -> None:
    """Raises NotAllowed when the action means nothing in the evaluation's state."""
    if evaluation.state in POSSIBLE[action]:
        return
    if action in ("expect", "agree", "rate", "finalise", "import") and evaluation.predikat is not None:
        raise NotAllowed("final", "This result is final. Only a decided objection changes it, once.")
    if action == "object" and evaluation.state in (OBJECTED, DECIDED):
        raise NotAllowed("objected_already", "An objection was filed already; its decision is final.")
    if action == "decide" and evaluation.state == DECIDED:
        raise NotAllowed("decided_already", "The decision on an objection is final.")
    raise NotAllowed("wrong_state", f"Not possible while the evaluation is {evaluation.state}.")


def _next(evaluation: Evaluation, **changes: Any) -> Evaluation:
    return replace(evaluation, version=evaluation.version + 1, **changes)


def expect(evaluation: Evaluation, payload: Any) -> Step:
    """Set the expectations. After they were agreed, a change needs a reason and another agreement."""
    read = Payload(payload)
    reason = read.text("reason", required=evaluation.state == AGREED)
    rows = _result_rows(read)
    behaviours = _behaviours(read)
    read.check()
    changed = _next(evaluation, results=rows, behaviours=behaviours, state=OPENED)
    return Step(changed, reason)


def _result_rows(read: Payload) -> tuple[Mapping[str, Any], ...]:
    rows = read.value("results")
    if not isinstance(rows, list | tuple) or not 0 < len(rows) <= MOST_ROWS:
        read.fault("results", "required", f"Expected 1 to {MOST_ROWS} results.")
        return ()
    found: list[Mapping[str, Any]] = []
    for number, row in enumerate(rows):
        one = Payload(row, f"/results/{number}")
        found.append(
            {
                "id": one.text("id", required=False, limit=40) or f"r{number + 1}",
                "supports": one.text("supports", required=False),
                "result": one.text("result"),
                "aspect": one.one_of("aspect", ASPECTS),
                "indicator": one.text("indicator", required=False),
                "target": one.text("target", required=False),
                "kind": one.one_of("kind", KINDS, required=False) or KINDS[0],
            }
        )
        read.take(one)
    if len({row["id"] for row in found}) != len(found):
        read.fault("results", "id_twice", "Two results have the same id.")
    return tuple(found)


def _behaviours(read: Payload) -> dict[str, str | None]:
    value = read.value("behaviours")
    one = Payload(value, "/behaviours")
    found = {key: one.text(key, required=False) for key in BEHAVIOURS}
    if isinstance(value, Mapping):
        for key in value:
            if key not in BEHAVIOURS:
                one.fault(str(key)[:40], "unknown_key", f"Expected one of: {', '.join(BEHAVIOURS)}.")
    read.take(one)
    return found


def agree(evaluation: Evaluation) -> Step:
    """The person accepts what is expected: rows with indicator and target, and one that is the main work."""
    if not any(row["kind"] == "utama" for row in evaluation.results):
        raise NotAllowed("no_main_result", "At least one result has to be of the kind utama.")
    if not all(row["indicator"] and row["target"] for row in evaluation.results):
        raise NotAllowed("incomplete", "Every result needs an indicator and a target.")
    return Step(_next(evaluation, state=AGREED))


def rate(evaluation: Evaluation, payload: Any, items: Sequence[Mapping[str, Any]], at: datetime) -> Step:
    """Both axes, a reason for each, and the evidence they rest on, frozen as it stands now.

    `items` are the evidence the rater and the person see. An item without a value cannot be cited: what is
    not known supports nothing. A document outside Tanggap is cited by a title and a reference.
    """
    read = Payload(payload)
    results = read.one_of("results", RATINGS)
    behaviour = read.one_of("behaviour", RATINGS)
    why = Payload(read.value("reasons"), "/reasons")
    reasons = {axis: why.text(axis) or "" for axis in ("results", "behaviour")}
    read.take(why)
    cited = _cited(read, items)
    documents = _documents(read, evaluation)
    if not cited and not documents and not read.faults:
        read.fault("evidence_ids", "required", "A rating names the evidence it rests on.")
    read.check()
    rating = Rating(results or "", behaviour or "", reasons, (*cited, *documents), at)
    return Step(_next(evaluation, rating=rating, state=RATED), " / ".join(reasons.values()))


def _cited(read: Payload, items: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    known = {item["evidence_id"]: item for item in items}
    found: list[Mapping[str, Any]] = []
    for number, id_ in enumerate(read.texts("evidence_ids")):
        item = known.get(id_)
        if item is None:
            read.fault(f"evidence_ids/{number}", "unknown_evidence", "No such evidence in this period.")
        elif item.get("value") is None:
            read.fault(f"evidence_ids/{number}", "evidence_without_value", "This item shows no value.")
        else:
            found.append(dict(item))
    return found


def _documents(read: Payload, evaluation: Evaluation) -> list[Mapping[str, Any]]:
    rows = read.value("documents")
    if rows is None:
        return []
    if not isinstance(rows, list | tuple) or len(rows) > MOST_DOCUMENTS:
        read.fault("documents", "not_a_list", f"Expected a list of at most {MOST_DOCUMENTS}.")
        return []
    found: list[Mapping[str, Any]] = []
    for number, row in enumerate(rows):
        one = Payload(row, f"/documents/{number}")
        found.append(
            {
                "evidence_id": f"{evaluation.id}:document:{evaluation.version + 1}:{number + 1}",
                "kind": one.one_of("kind", ("document", "feedback_log"), required=False) or "document",
                "subject_ref": evaluation.staff_ref,
                "unit": evaluation.unit,
                "period": None,
                "note": one.text("title", limit=300),
                "reference": one.text("reference", limit=300),
            }
        )
        read.take(one)
    return found


def finalise(
    evaluation: Evaluation,
    predikat_of: PredikatOf,
    organisation: str | None,
    warnings: Sequence[Mapping[str, Any]],
    at: datetime,
) -> Step:
    """Issue the predikat from both axes. Warnings of the distribution are kept and move nothing."""
    if evaluation.record != OWN:
        raise NotAllowed(
            "official_record_elsewhere",
            "The official record of this period is the national application: import its predikat.",
        )
    if evaluation.rating is None:
        raise NotAllowed("rating_incomplete", "Both axes have to be rated first.")
    changed = _next(
        evaluation,
        predikat=predikat_of(evaluation.rating.results, evaluation.rating.behaviour),
        organisation=organisation,
        warnings=tuple(warnings),
        state=FINALISED,
        finalised_at=at,
    )
    return Step(changed, told=("finalised",), sealed=True)


def import_result(
    evaluation: Evaluation, payload: Any, labels: Mapping[str, Mapping[str, str]], version: str, at: datetime
) -> Step:
    """Take over the predikat of the national application with its reference; nothing is computed.

    `labels` are the predikat a matrix of this version knows.
    """
    if evaluation.record == OWN:
        raise NotAllowed(
            "official_record_here", "The official record of this period is this system: rate and finalise."
        )
    key, reference = _imported(payload, labels)
    predikat = Predikat(key, labels[key], version, IMPORTED)
    changed = _next(evaluation, predikat=predikat, reference=reference, state=FINALISED, finalised_at=at)
    return Step(changed, told=("finalised",), sealed=True)


def _imported(payload: Any, labels: Mapping[str, Mapping[str, str]]) -> tuple[str, str]:
    read = Payload(payload)
    key = read.one_of("predikat", tuple(labels))
    reference = read.text("reference", limit=200)
    read.check()
    return key or "", reference or ""


def start_clock(evaluation: Evaluation, by: str, at: datetime, until: date) -> Step | None:
    """The person opened her result, or its hand-over was recorded: her days to object begin.

    None when they began before: the first of both counts, and nothing changes it.
    """
    if evaluation.clock_started_at is not None:
        return None
    return Step(_next(evaluation, clock_started_at=at, clock_by=by, object_until=until))


def follow_up(evaluation: Evaluation, payload: Any, at: datetime) -> Step:
    """What was decided to follow: recognition, development, guidance or counselling. A record only."""
    read = Payload(payload)
    row = {
        "kind": read.one_of("kind", FOLLOW_UPS),
        "note": read.text("note"),
        "due_on": read.day("due_on", required=False),
        "at": at,
    }
    read.check()
    if len(evaluation.follow_up) >= MOST_ROWS:
        raise NotAllowed("too_many", f"At most {MOST_ROWS} rows of follow-up.")
    return Step(_next(evaluation, follow_up=(*evaluation.follow_up, row)))
