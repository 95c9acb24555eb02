"""The staff's actions on a case as forms. Who may do what, and when, is decided by the complaints service and
arrives with the case (`actions`)."""

from collections.abc import Mapping, Sequence
from typing import Any

from . import action_forms
from .action_forms import Action, Field
from .language import N_

ACTIONS: Mapping[str, Action] = {
    action.name: action
    for action in (
        Action(
            "verify",
            (
                Field(
                    "public_text",
                    "text",
                    N_("Teks yang dibaca umum"),
                    N_(
                        "Hapus nama, nomor telepon, alamat rumah, dan hal pribadi lain. Teks asli tetap "
                        "tersimpan."
                    ),
                    True,
                ),
                Field("public_title", "line", N_("Judul untuk umum (boleh kosong)")),
                Field("service_code", "service", N_("Layanan"), N_("Ubah bila pelapor salah memilih.")),
                Field(
                    "supervisory",
                    "check",
                    N_("Laporan ini tentang perilaku petugas atau penyalahgunaan wewenang"),
                    N_("Laporan pindah ke Inspektorat dan tidak terlihat oleh unit maupun koordinator."),
                ),
                Field(
                    "supervisory_reason",
                    "line",
                    N_("Alasan berkadar pengawasan"),
                    N_("Wajib bila kotak di atas dicentang."),
                ),
                Field("note", "line", N_("Catatan untuk petugas (boleh kosong)")),
            ),
            N_("Pastikan laporan jelas, lalu terbitkan teks yang aman dibaca umum."),
        ),
        Action(
            "assign",
            (
                Field("unit", "unit", N_("Unit yang menangani"), required=True),
                Field("officer", "line", N_("Kode petugas (boleh kosong)")),
                Field("note", "text", N_("Catatan untuk unit (boleh kosong)")),
            ),
        ),
        Action(
            "progress",
            (
                Field("note", "text", N_("Apa yang sudah dilakukan")),
                Field("public", "check", N_("Tampilkan untuk umum")),
            ),
        ),
        Action(
            "request_info",
            (
                Field(
                    "question",
                    "text",
                    N_("Pertanyaan untuk pelapor"),
                    N_("Tanyakan hal yang benar-benar diperlukan."),
                    True,
                ),
            ),
            N_("Batas waktu berhenti dihitung sampai pelapor menjawab atau waktu tunggunya habis."),
        ),
        Action("provide_info", (Field("text", "text", N_("Keterangan dari pelapor"), required=True),)),
        Action(
            "resolve",
            (
                Field("outcome", "outcome", N_("Hasil"), required=True),
                Field(
                    "answer",
                    "text",
                    N_("Jawaban untuk pelapor"),
                    N_("Tulis apa yang sudah dilakukan, dengan kalimat yang mudah."),
                    True,
                ),
            ),
        ),
        Action(
            "bounce",
            (
                Field("target_unit", "unit", N_("Unit yang seharusnya menangani"), required=True),
                Field("reason", "text", N_("Alasan"), required=True),
            ),
        ),
        Action("confirm", (), N_("Hanya bila pelapor menyatakannya langsung kepada Anda.")),
        Action(
            "dispute",
            (Field("reason", "text", N_("Alasan pelapor"), required=True),),
            N_("Hanya bila pelapor menyatakannya langsung kepada Anda."),
        ),
        Action(
            "reject",
            (
                Field("ground", "ground", N_("Dasar"), required=True),
                Field("explanation", "text", N_("Penjelasan untuk pelapor"), required=True),
                Field(
                    "referred_to",
                    "line",
                    N_("Pihak yang berwenang"),
                    N_("Wajib bila dasarnya bukan wewenang kota."),
                ),
            ),
            warning=True,
        ),
        Action("reopen", (Field("reason", "text", N_("Alasan"), required=True),)),
        Action(
            "merge",
            (
                Field(
                    "into",
                    "line",
                    N_("Kode laporan tujuan"),
                    N_("Laporan ini ditutup dan mengikuti laporan tujuan."),
                    True,
                ),
            ),
            warning=True,
        ),
        Action(
            "comment",
            (
                Field("text", "text", N_("Komentar"), required=True),
                Field("internal", "check", N_("Hanya untuk petugas")),
            ),
        ),
    )
}


def offered(case: Mapping[str, Any]) -> list[Action]:
    """Return the forms of what this person may do with this case now, in the order in which work goes."""
    permitted = set(case.get("actions") or ())
    return [action for name, action in ACTIONS.items() if name in permitted]


def payload_of(action: Action, values: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Return the payload as complaints takes it."""
    payload = action_forms.payload_of(action, values)
    if action.name == "verify":
        reason = payload.pop("supervisory_reason", "")
        if payload.pop("supervisory"):
            payload["supervisory"] = {"value": True, "reason": reason}
    return payload


def fields_by_pointer(action: Action) -> dict[str, str]:
    """Return which field a refusal's pointer belongs to; services point into the payload."""
    fields = action_forms.fields_by_pointer(action)
    if action.name == "verify":
        for prefix in ("", "/payload"):
            fields[f"{prefix}/supervisory/reason"] = "supervisory_reason"
    return fields
