"""An evaluation as each reader sees it. One function decides, for lists and single ones alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from evaluation.calls import wire
from evaluation.domain.access import (
    DECIDER_LEVEL,
    PROGRESS_LEVEL,
    RATER_LEVEL,
    Actor,
    Permissions,
    may_act,
    shows_result,
)
from evaluation.domain.evaluations import NATIONAL, OWN, POSSIBLE, Evaluation

Shown = dict[str, Any]


def view(
    evaluation: Evaluation,
    actor: Actor,
    level: str,
    permissions: Permissions,
    *,
    evidence: Sequence[Mapping[str, Any]] = (),
    history: Sequence[Mapping[str, Any]] = (),
    versions: Sequence[Mapping[str, Any]] = (),
    full: bool = True,
) -> Shown:
    """What a reader of this level sees. HR sees how far it is and when, no expectation, rating or text."""
    shown: Shown = {
        "evaluation_id": evaluation.id,
        "version": evaluation.version,
        "staff_ref": evaluation.staff_ref,
        "unit": evaluation.unit,
        "rater_ref": evaluation.rater_ref,
        "decider_ref": evaluation.decider_ref,
        "period": {"start": evaluation.start, "end": evaluation.end},
        "state": evaluation.state,
        "official_record": {"kind": evaluation.record},
        "opened_at": evaluation.opened_at,
        "finalised_at": evaluation.finalised_at,
        "clock": {
            "started_at": evaluation.clock_started_at,
            "by": evaluation.clock_by,
            "object_until": evaluation.object_until,
        },
        "level": level,
        "actions": possible_actions(evaluation, actor, permissions),
    }
    if level == PROGRESS_LEVEL:
        if evaluation.objection is not None:
            shown["objection"] = _objection(evaluation, full=False)
        if full:
            shown["history"] = [{"at": one["at"], "action": one["action"]} for one in history]
        return _wired(shown)
    opened = shows_result(level, evaluation)
    shown["objection"] = None if evaluation.objection is None else _objection(evaluation, full=True)
    shown["predikat"] = _predikat(evaluation) if opened else None
    shown["official_record"]["reference"] = evaluation.reference if opened else None
    if not full:
        return _wired(shown)
    shown |= {
        "expectations": {
            "results": list(evaluation.results),
            "behaviours": dict(evaluation.behaviours),
        },
        "ratings": _ratings(evaluation) if opened else None,
        "follow_up": list(evaluation.follow_up) if opened else [],
        "warnings": list(evaluation.warnings) if level in (RATER_LEVEL, DECIDER_LEVEL) else [],
        "evidence": list(evidence),
        "history": [_link(one, opened) for one in history],
        "versions": [_version(one) for one in versions] if opened else [],
    }
    return _wired(shown)


def _wired(shown: Shown) -> Shown:
    found: Shown = wire(shown)
    return found


def _objection(evaluation: Evaluation, *, full: bool) -> Shown:
    objection = evaluation.objection
    if objection is None:
        return {}
    shown = {
        "objection_id": objection.objection_id,
        "state": objection.state,
        "filed_at": objection.filed_at,
        "decided_at": objection.decided_at,
    }
    if full:
        shown |= {
            "reason": objection.reason,
            "decision": objection.decision,
            "decision_reason": objection.decision_reason,
        }
    return shown


def _predikat(evaluation: Evaluation) -> Shown | None:
    predikat = evaluation.predikat
    if predikat is None:
        return None
    return {
        "key": predikat.key,
        "label": dict(predikat.label),
        "matrix_version": predikat.matrix_version,
        "origin": predikat.origin,
    }


def _ratings(evaluation: Evaluation) -> Shown | None:
    rating = evaluation.rating
    if rating is None:
        return None
    return {
        "results": rating.results,
        "behaviour": rating.behaviour,
        "reasons": dict(rating.reasons),
        "evidence_ids": [item["evidence_id"] for item in rating.evidence],
        "evidence": [dict(item) for item in rating.evidence],
        "rated_at": rating.rated_at,
    }


# The reasons of these steps are part of the result, or tell it.
_OF_THE_RESULT = frozenset({"rate", "finalise", "import", "decide", "follow-up"})


def _link(one: Mapping[str, Any], opened: bool) -> Shown:
    reason = one.get("reason")
    if not opened and one["action"] in _OF_THE_RESULT:
        reason = None
    return {"at": one["at"], "actor_ref": one["actor_ref"], "action": one["action"], "reason": reason}


def _version(one: Mapping[str, Any]) -> Shown:
    predikat = one.get("predikat") or {}
    rating = one.get("rating") or {}
    return {
        "version": one["version"],
        "at": one["at"],
        "predikat": predikat.get("key"),
        "results": rating.get("results"),
        "behaviour": rating.get("behaviour"),
        "reference": one.get("reference"),
    }


def possible_actions(evaluation: Evaluation, actor: Actor, permissions: Permissions) -> list[str]:
    """The actions the actor may take now, by his place and by the state."""
    found = [
        action
        for action, states in POSSIBLE.items()
        if evaluation.state in states and may_act(permissions, actor, action, evaluation)
    ]
    hidden = set()
    if evaluation.record == NATIONAL:
        hidden.add("finalise")
    if evaluation.record == OWN:
        hidden.add("import")
    if evaluation.clock_started_at is not None:
        hidden |= {"read", "hand-over"}
    if evaluation.objection is not None:
        hidden.add("object")
    if actor.ref == evaluation.staff_ref:
        hidden |= {"import", "decide"}
    return [action for action in found if action not in hidden]
