"""Everything the gateway refuses: one table, one exception, RFC 9457 bodies.

A problem names the fields at fault by JSON pointer and never repeats what was sent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.messages import from_service
from servicekit.errors import Conflict, FieldError, Forbidden, Invalid, NotFound, Refused

__all__ = ["TABLE", "FieldError", "Problem", "ProblemType", "from_refusal"]


@dataclass(frozen=True, slots=True)
class ProblemType:
    """One row of the table. `about` is the stable explanation served under /problems/<slug>."""

    slug: str
    status: int
    title: Mapping[str, str]
    about: Mapping[str, str]
    retry_after: int | None = None


def _row(
    slug: str, status: int, id: str, en: str, about_id: str, about_en: str, retry: int | None = None
) -> ProblemType:
    return ProblemType(slug, status, {"id": id, "en": en}, {"id": about_id, "en": about_en}, retry)


TABLE: dict[str, ProblemType] = {
    row.slug: row
    for row in (
        _row(
            "malformed-json",
            400,
            "Isi permintaan bukan JSON yang benar",
            "The body is not valid JSON",
            "Periksa tanda kurung, koma, dan tanda kutip di sekitar baris dan kolom yang disebut.",
            "Check brackets, commas and quotes around the line and column named.",
        ),
        _row(
            "malformed-request",
            400,
            "Permintaan tidak dapat dibaca",
            "The request cannot be read",
            "Periksa isi dan kepala permintaan.",
            "Check the request's body and headers.",
        ),
        _row(
            "invalid-query",
            400,
            "Parameter alamat tidak dapat dibaca",
            "A query parameter cannot be read",
            "Perbaiki parameter yang disebut, lalu kirim lagi.",
            "Correct the parameters named and send again.",
        ),
        _row(
            "invalid-idempotency-key",
            400,
            "Idempotency-Key tidak dapat dipakai",
            "The Idempotency-Key cannot be used",
            "Tanpa login, pakai UUID atau teks acak sedikitnya 36 huruf, agar tidak tertebak.",
            "Without a login, use a UUID or a random string of 36 characters that nobody guesses.",
        ),
        _row(
            "ambiguous-credentials",
            400,
            "Lebih dari satu identitas dikirim",
            "More than one identity was sent",
            "Kirim token Bearer atau Tanggap-Secret, jangan keduanya.",
            "Send a Bearer token or Tanggap-Secret, not both.",
        ),
        _row(
            "unauthenticated",
            401,
            "Anda perlu masuk",
            "You need to log in",
            "Token tidak ada, kedaluwarsa, atau tidak diterima di sini.",
            "The token is missing, expired or not accepted here.",
        ),
        _row(
            "forbidden",
            403,
            "Anda tidak berwenang melakukan ini",
            "You may not do this",
            "Peran Anda tidak mencakup tindakan ini untuk perkara ini.",
            "Your role does not cover this action on this case.",
        ),
        _row(
            "not-found",
            404,
            "Tidak ditemukan",
            "Not found",
            "Alamat atau nomor ini tidak ada, atau tidak terbuka untuk Anda. Periksa kembali tautan Anda.",
            "This address or code does not exist or is not open to you. Check your link.",
        ),
        _row(
            "method-not-allowed",
            405,
            "Cara akses ini tidak tersedia",
            "This method is not available here",
            "Alamatnya ada, tetapi tidak dengan metode HTTP ini.",
            "The address exists, but not with this HTTP method.",
        ),
        _row(
            "slow-body",
            408,
            "Isi permintaan terlalu lama tiba",
            "The body took too long to arrive",
            "Sambungan terlalu lambat atau terputus. Silakan kirim lagi.",
            "The connection is too slow or broke off. Please send again.",
        ),
        _row(
            "conflict",
            409,
            "Perkara ini sudah berubah",
            "The case has changed",
            "Lihat keadaan terakhir di `current`, lalu putuskan lagi.",
            "Look at the current state in `current` and decide again.",
        ),
        _row(
            "body-too-large",
            413,
            "Isi permintaan terlalu besar",
            "The body is too large",
            "Persingkat isinya. Batasnya disebut dalam rincian.",
            "Shorten it. The detail names the limit.",
        ),
        _row(
            "unsupported-media-type",
            415,
            "Jenis isi tidak dikenal",
            "Unsupported media type",
            "Kirim application/json dalam UTF-8.",
            "Send application/json in UTF-8.",
        ),
        _row(
            "invalid-input",
            422,
            "Ada isian yang perlu diperbaiki",
            "Some fields need correcting",
            "Setiap isian yang ditolak disebut di `errors`. Tidak ada yang disimpan.",
            "Each refused field is named in `errors`. Nothing was stored.",
        ),
        _row(
            "rate-limited",
            429,
            "Terlalu banyak permintaan",
            "Too many requests",
            "Tunggu sebentar, lalu coba lagi.",
            "Wait a moment and try again.",
        ),
        _row(
            "internal-error",
            500,
            "Terjadi kesalahan pada sistem kami",
            "Something went wrong on our side",
            "Kesalahan ini tercatat. Sebutkan `trace_id` bila Anda menghubungi kami.",
            "The fault is recorded. Quote `trace_id` when you contact us.",
        ),
        _row(
            "intake-unavailable",
            503,
            "Laporan belum dapat kami pastikan diterima",
            "We cannot confirm that your report was accepted",
            "Silakan kirim lagi dengan Idempotency-Key yang sama; laporan tidak akan tercatat dua kali.",
            "Please send it again with the same Idempotency-Key; the same report is never recorded twice.",
            5,
        ),
        _row(
            "catalogue-unavailable",
            503,
            "Daftar layanan belum tersedia",
            "The catalogue is not available yet",
            "Sistem baru saja dinyalakan. Silakan coba lagi sebentar.",
            "The system has just started. Please try again shortly.",
            5,
        ),
        _row(
            "service-unavailable",
            503,
            "Layanan ini sedang tidak tersedia",
            "This service is not available at the moment",
            "Data Anda aman. Silakan coba lagi sebentar.",
            "Your data is safe. Please try again shortly.",
            5,
        ),
        _row(
            "outcome-unknown",
            504,
            "Hasil tindakan belum diketahui",
            "The outcome is not known yet",
            "Ulangi dengan Idempotency-Key yang sama; tindakan yang sama tidak akan berlaku dua kali.",
            "Repeat with the same Idempotency-Key; the same action never takes effect twice.",
            5,
        ),
    )
}


class Problem(Exception):
    """The one exception that leaves the application layer.

    JSON routes render it as `application/problem+json`, pages as an accessible page.
    `detail` is already in the caller's language; without one the table's explanation is used.
    """

    def __init__(
        self,
        slug: str,
        *,
        detail: str | None = None,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
        **extensions: Any,
    ) -> None:
        super().__init__(slug)
        self.row = TABLE[slug]
        self.detail = detail
        self.errors = tuple(errors)
        self.extensions = extensions
        self.headers = dict(headers or {})
        if self.row.retry_after is not None:
            self.headers.setdefault("Retry-After", str(self.row.retry_after))

    @property
    def slug(self) -> str:
        return self.row.slug

    @property
    def status(self) -> int:
        return self.row.status

    @property
    def type(self) -> str:
        return f"/problems/{self.row.slug}"

    def title(self, language: str) -> str:
        return self.row.title.get(language, self.row.title["id"])

    def explanation(self, language: str) -> str:
        """What the reader can do about it."""
        return self.detail or self.row.about.get(language, self.row.about["id"])

    def body(self, language: str, *, request_id: str, trace_id: str) -> dict[str, Any]:
        """The RFC 9457 object."""
        body: dict[str, Any] = {
            "type": self.type,
            "title": self.title(language),
            "status": self.status,
            "detail": self.explanation(language),
            "instance": f"urn:uuid:{request_id}",
            "trace_id": trace_id,
        }
        if self.errors:
            body["errors"] = [
                {"pointer": error.pointer, "code": error.code, "detail": error.detail}
                for error in self.errors
            ]
        return {**body, **self.extensions}


def from_refusal(refusal: Refused, language: str) -> Problem:
    """The problem for a refusal that came back from a service."""
    match refusal:
        case NotFound():
            return Problem("not-found")
        case Forbidden():
            detail = from_service(refusal.code, refusal.detail, language)
            return Problem("forbidden", detail=detail or None, code=refusal.code)
        case Invalid():
            errors = [
                FieldError(error.pointer, error.code, from_service(error.code, error.detail, language))
                for error in refusal.errors
            ]
            return Problem("invalid-input", errors=errors)
        case Conflict():
            # The service's sentence is English, the table's is in both languages.
            detail = refusal.detail if language == "en" else ""
            return Problem("conflict", detail=detail or None, current=refusal.current)
        case _:
            return Problem("internal-error")
