"""Every kind of refusal the gateway knows: its address, status, and what it says in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


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
            "Peran Anda tidak mencakup tindakan ini di sini.",
            "Your role does not cover this action here.",
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
            "Data ini sudah berubah",
            "It has changed meanwhile",
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
            "Kiriman Anda belum dapat kami pastikan diterima",
            "We cannot confirm that it was accepted",
            "Silakan kirim lagi dengan Idempotency-Key yang sama; tidak akan tercatat dua kali.",
            "Please send it again with the same Idempotency-Key; it is never recorded twice.",
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
        _row(
            "link-unknown",
            404,
            "Tautan ini tidak dikenal",
            "This link is not known",
            "Periksa apakah tautannya tersalin utuh, atau pindai lagi kode QR di loket.",
            "Check that the link was copied whole, or scan the QR code at the counter again.",
        ),
        _row(
            "link-expired",
            410,
            "Masa berlaku tautan ini sudah habis",
            "This link has expired",
            "Tautan survei berlaku terbatas. Anda dapat memakai kode QR di loket layanan.",
            "Links to a survey are good for a limited time. You can use the QR code at the counter.",
        ),
        _row(
            "link-revoked",
            410,
            "Tautan ini tidak berlaku lagi",
            "This link is no longer valid",
            "Tautannya telah ditarik. Anda dapat memakai kode QR di loket layanan.",
            "The link was withdrawn. You can use the QR code at the counter.",
        ),
        _row(
            "already-answered",
            409,
            "Survei ini sudah dijawab",
            "This survey was already answered",
            "Satu undangan berlaku untuk satu jawaban. Terima kasih, jawaban Anda sudah kami terima.",
            "One invitation is good for one answer. Thank you, your answer has reached us.",
        ),
        _row(
            "submission-conflict",
            409,
            "Jawaban lain sudah dikirim dengan nomor ini",
            "Another answer was sent under this number",
            "Muat ulang formulir agar mendapat submission_id baru, lalu kirim lagi.",
            "Load the form again for a new submission_id, then send again.",
        ),
        _row(
            "period-closed",
            410,
            "Survei ini sudah ditutup",
            "This survey is closed",
            "Jawaban untuk periode ini tidak diterima lagi.",
            "Answers for this period are no longer taken.",
        ),
        _row(
            "event-invalid",
            422,
            "Peristiwa ini tidak sesuai dengan kontraknya",
            "The event does not match its contract",
            "Perbaiki bagian yang disebut di `errors`, lalu kirim lagi dengan id yang sama.",
            "Correct what `errors` names and send again with the same id.",
        ),
        _row(
            "event-not-yours",
            403,
            "Peristiwa ini bukan wewenang instansi Anda",
            "The event is not your department's",
            "Setiap instansi hanya mengirim jenis peristiwa dan unit yang didaftarkan untuknya.",
            "A department sends only the types and units that it is registered for.",
        ),
        _row(
            "event-too-late",
            422,
            "Peristiwa ini datang terlambat",
            "The event comes too late",
            "Peristiwa yang terlalu lama berlalu tidak dicatat lagi.",
            "What happened too long ago is not recorded any more.",
        ),
        _row(
            "event-not-confirmed",
            503,
            "Peristiwa ini belum dapat kami pastikan diterima",
            "We cannot confirm that the event was accepted",
            "Kirim lagi peristiwa yang sama dengan id yang sama; tidak akan tercatat dua kali.",
            "Send the same event again with the same id; it is never recorded twice.",
            5,
        ),
        _row(
            "questionnaire-unavailable",
            503,
            "Kuesioner belum tersedia",
            "The questionnaire is not available yet",
            "Sistem baru saja dinyalakan. Silakan coba lagi sebentar.",
            "The system has just started. Please try again shortly.",
            5,
        ),
    )
}
