"""The forms of an evaluation: fields of each action, and the payload that evaluation takes.

Which of them a person may send now arrives with the evaluation (`actions`).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .action_forms import Action, Field
from .forms import first
from .language import N_

Values = Mapping[str, Sequence[str]]
ROW_FIELDS = ("supports", "result", "aspect", "indicator", "target", "kind")
EMPTY_ROWS, MOST_ROWS = 3, 50
BEHAVIOURS = ("pelayanan", "akuntabel", "kompeten", "harmonis", "loyal", "adaptif", "kolaboratif")
AXES = ("results", "behaviour")
DOCUMENTS = 2

ACTIONS: Mapping[str, Action] = {
    action.name: action
    for action in (
        Action(
            "read",
            (),
            N_(
                "Hasil penilaian Anda sudah ditetapkan. Begitu Anda membukanya, masa untuk mengajukan "
                "keberatan mulai dihitung; batas harinya lalu tertulis di sini."
            ),
        ),
        Action(
            "agree",
            (),
            N_("Dengan menyepakati, Anda menyatakan harapan ini sudah dibicarakan dan jelas."),
        ),
        Action("expect"),
        Action("rate"),
        Action(
            "finalise",
            (),
            N_(
                "Setelah ditetapkan, penilaian tidak dapat diubah lagi, kecuali oleh keputusan atas "
                "keberatan."
            ),
            warning=True,
        ),
        Action(
            "import",
            (
                Field(
                    "predikat",
                    "choice",
                    N_("Predikat di aplikasi nasional"),
                    required=True,
                    words="predikat",
                ),
                Field("reference", "line", N_("Nomor rujukan di aplikasi nasional"), required=True),
            ),
            N_("Tulis predikat persis seperti yang terbit di sana. Tidak ada yang dihitung di sini."),
            warning=True,
        ),
        Action(
            "hand-over",
            (),
            N_(
                "Hanya bila hasilnya sudah diserahkan langsung kepada yang dinilai. Masa keberatannya mulai "
                "dihitung."
            ),
        ),
        Action(
            "object",
            (
                Field(
                    "reason",
                    "text",
                    N_("Apa yang menurut Anda tidak tepat, dan mengapa?"),
                    N_(
                        "Keberatan diputus oleh atasan pejabat penilai, satu kali, dan keputusannya tetap."
                    ),
                    True,
                ),
            ),
        ),
        Action("decide"),
        Action(
            "follow-up",
            (
                Field("kind", "choice", N_("Tindak lanjut"), required=True, words="follow_up"),
                Field("note", "text", N_("Apa yang disepakati?"), required=True),
                Field("due_on", "date", N_("Paling lambat")),
            ),
        ),
    )
}  # fmt: skip
OPEN = Action(
    "open",
    (
        Field("staff_ref", "line", N_("Kode petugas yang dinilai"), required=True),
        Field("start", "date", N_("Hari pertama masa penilaian"), required=True),
        Field("end", "date", N_("Hari terakhir masa penilaian"), required=True),
        Field("official_record", "choice", N_("Catatan resmi"), required=True, words="official_record"),
    ),
)
COMMENT = Action("comment", (Field("text", "text", N_("Tanggapan Anda"), required=True),))


def expect_payload(values: Values) -> dict[str, Any]:
    """Rows that were left empty are no rows. A row keeps its id, so that evidence of it stays with it."""
    rows = []
    for number in range(1, MOST_ROWS + 1):
        row = {name: first(values, f"row-{number}-{name}").strip() for name in ROW_FIELDS}
        if not any(row[name] for name in ("supports", "result", "indicator", "target")):
            continue
        id_ = first(values, f"row-{number}-id").strip()
        rows.append({name: text for name, text in row.items() if text} | ({"id": id_} if id_ else {}))
    behaviours = {key: text for key in BEHAVIOURS if (text := first(values, f"behaviour-{key}").strip())}
    reason = first(values, "reason").strip()
    return {"results": rows, "behaviours": behaviours} | ({"reason": reason} if reason else {})


def expect_pointers(values: Values) -> dict[str, str]:
    """Where each pointer of the expectations is on the page. Empty rows are skipped, as in the payload."""
    fields = {"/results": "row-1-result", "/reason": "reason", "/behaviours": "behaviour-pelayanan"}
    position = 0
    for number in range(1, MOST_ROWS + 1):
        if not any(
            first(values, f"row-{number}-{name}").strip()
            for name in ("supports", "result", "indicator", "target")
        ):
            continue
        fields |= {f"/results/{position}/{name}": f"row-{number}-{name}" for name in ROW_FIELDS}
        position += 1
    return fields | {f"/behaviours/{key}": f"behaviour-{key}" for key in BEHAVIOURS}


def rate_payload(values: Values) -> dict[str, Any]:
    """Both axes, a reason each, and what they rest on. An axis that was not chosen is not there."""
    chosen = {axis: first(values, axis) for axis in AXES}
    documents = []
    for number in range(1, DOCUMENTS + 1):
        title = first(values, f"document-{number}-title").strip()
        reference = first(values, f"document-{number}-reference").strip()
        if title or reference:
            named = {"title": title, "reference": reference}
            documents.append({"kind": "document"} | {name: text for name, text in named.items() if text})
    payload: dict[str, Any] = {axis: value for axis, value in chosen.items() if value}
    payload["reasons"] = {axis: first(values, f"reason-{axis}").strip() for axis in AXES}
    payload["evidence_ids"] = [value for value in values.get("evidence_ids", ()) if value]
    return payload | ({"documents": documents} if documents else {})


def rate_pointers(_: Values) -> dict[str, str]:
    fields = {axis_pointer: axis for axis in AXES for axis_pointer in (f"/{axis}",)}
    fields |= {f"/reasons/{axis}": f"reason-{axis}" for axis in AXES} | {"/reasons": "reason-results"}
    fields["/evidence_ids"] = "evidence_ids"
    for number in range(DOCUMENTS):
        fields |= {
            f"/documents/{number}/{name}": f"document-{number + 1}-{name}" for name in ("title", "reference")
        }
    return fields


def decide_payload(values: Values) -> dict[str, Any]:
    """The decision with its reason; the changed result only where the result is changed."""
    payload: dict[str, Any] = {
        name: text for name in ("decision", "reason") if (text := first(values, name).strip())
    }
    if payload.get("decision") == "changed":
        ratings = {axis: value for axis in AXES if (value := first(values, axis))}
        imported = {name: text for name in ("predikat", "reference") if (text := first(values, name).strip())}
        payload |= imported if imported else {"ratings": ratings}
    return payload


def decide_pointers(_: Values) -> dict[str, str]:
    fields = {f"/{name}": name for name in ("decision", "reason", "predikat", "reference")}
    return fields | {"/ratings": "results"} | {f"/ratings/{axis}": axis for axis in AXES}


Build = Callable[[Values], dict[str, Any]]
Pointers = Callable[[Values], dict[str, str]]
# Actions whose payload is more than a list of fields.
BUILT: Mapping[str, tuple[Build, Pointers]] = {
    "expect": (expect_payload, expect_pointers),
    "rate": (rate_payload, rate_pointers),
    "decide": (decide_payload, decide_pointers),
}


def expect_draft(evaluation: Mapping[str, Any]) -> dict[str, str]:
    """What the form of the expectations starts from: those that are there."""
    expectations = evaluation.get("expectations") or {}
    values: dict[str, str] = {}
    for number, row in enumerate(expectations.get("results") or (), start=1):
        values |= {f"row-{number}-{name}": str(row.get(name) or "") for name in (*ROW_FIELDS, "id")}
    behaviours = expectations.get("behaviours") or {}
    return values | {f"behaviour-{key}": str(behaviours.get(key) or "") for key in BEHAVIOURS}


def rows_shown(evaluation: Mapping[str, Any], values: Values) -> int:
    """How many rows the form has: all that are there or were typed, and a few empty ones."""
    there = len((evaluation.get("expectations") or {}).get("results") or ())
    typed = max(
        (
            number
            for number in range(1, MOST_ROWS + 1)
            if any(first(values, f"row-{number}-{name}").strip() for name in ROW_FIELDS[:2])
        ),
        default=0,
    )
    return min(MOST_ROWS, max(there, typed) + EMPTY_ROWS)


def rate_draft(evaluation: Mapping[str, Any]) -> dict[str, list[str]]:
    """What the rating form starts from: a rating that is not final yet, otherwise nothing chosen."""
    ratings = evaluation.get("ratings") or {}
    reasons = ratings.get("reasons") or {}
    return {
        **{axis: [str(ratings.get(axis) or "")] for axis in AXES},
        **{f"reason-{axis}": [str(reasons.get(axis) or "")] for axis in AXES},
        "evidence_ids": [str(id_) for id_ in ratings.get("evidence_ids") or ()],
    }
