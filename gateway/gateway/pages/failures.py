"""What went wrong, as a page: the problems that the API answers with, in plain words and with a way on."""

from starlette.requests import Request
from starlette.responses import Response

from gateway.problems import Problem

from .language import N_
from .rendering import View, page, see_other
from .returning import is_for_staff, login_address

# What the reader can do, where a page says it better than the sentence meant for programs.
ADVICE = {
    "not-found": N_(
        "Periksa kembali alamat atau kode yang Anda tulis. Laporan yang bersifat rahasia "
        "hanya terbuka lewat tautan pelapor."
    ),
    "forbidden": N_(
        "Halaman ini atau tindakan ini tidak terbuka untuk Anda. Bila Anda tadi mengisi "
        "formulir, buka kembali halamannya dan coba lagi."
    ),
    "unauthenticated": N_("Silakan masuk lagi, lalu ulangi yang tadi Anda lakukan."),
    "rate-limited": N_("Terlalu banyak permintaan dari sambungan ini. Tunggu sebentar, lalu coba lagi."),
    "conflict": N_(
        "Laporan ini sudah berubah sejak Anda membukanya. Buka kembali halamannya untuk "
        "melihat keadaan terakhir."
    ),
    "catalogue-unavailable": N_("Sistem baru saja dinyalakan. Tunggu sebentar, lalu muat ulang halaman ini."),
    "service-unavailable": N_(
        "Laporan yang sudah diterima tetap aman. Tunggu sebentar, lalu muat ulang halaman ini."
    ),
    "intake-unavailable": N_(
        "Kembali ke formulir dan kirim lagi. Laporan yang sama tidak akan tercatat dua kali."
    ),
    "outcome-unknown": N_(
        "Muat ulang halaman laporan untuk melihat apakah tindakan Anda sudah tercatat, sebelum mengulanginya."
    ),
    "internal-error": N_("Kesalahan ini sudah tercatat dan akan kami periksa. Silakan coba lagi nanti."),
    "method-not-allowed": N_("Halaman ini hanya dapat dibuka lewat formulirnya."),
    "body-too-large": N_("Isian Anda terlalu panjang. Kembali ke formulir, persingkat, lalu kirim lagi."),
}


def render_problem(request: Request, problem: Problem) -> Response:
    """Return the page for a problem, with its status and headers; a visitor who must log in is led there."""
    if problem.status == 401 and request.method == "GET" and is_for_staff(request.url.path):
        return see_other(request, login_address(request.url.path))
    view = View(request)
    advice = ADVICE.get(problem.slug)
    return page(
        request,
        "problem.html",
        problem.status,
        secret=True,
        # What was sent as a form has no page of its own to come back to.
        path=request.url.path if request.method == "GET" else "/",
        headers=problem.headers,
        problem=problem,
        title=problem.title(view.lang),
        advice=view.gettext(advice) if advice else problem.explanation(view.lang),
        trace_id=problem.extensions.get("trace_id"),
    )
