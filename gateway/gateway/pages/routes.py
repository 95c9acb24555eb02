"""Every page and its address. Routes here read cookies and forms; the API's read headers and JSON."""

from starlette.routing import Route

from . import assets, catalogue, filing, lists, login, staff_case, tracking
from .guard import Endpoint, prepared

PREFIXES = (
    "/layanan",
    "/lapor",
    "/tanda-terima",
    "/lacak",
    "/daftar",
    "/privasi",
    "/petugas",
    "/masuk",
    "/keluar",
    "/aset",
)


def is_page(path: str) -> bool:
    """Tell whether an address belongs to the pages, so that its errors are pages as well."""
    return path == "/" or any(path == prefix or path.startswith(f"{prefix}/") for prefix in PREFIXES)


def page(path: str, endpoint: Endpoint, methods: tuple[str, ...] = ("GET",)) -> Route:
    return Route(path, prepared(endpoint), methods=list(methods))


def routes() -> list[Route]:
    """Return the pages' routes for the gateway's application."""
    return [
        page("/", catalogue.start),
        page("/layanan", catalogue.services),
        page("/layanan/{code}", catalogue.service),
        page("/privasi", catalogue.privacy),
        page("/lapor", filing.choose),
        page("/lapor/{service_code}", filing.form),
        page("/lapor/{service_code}", filing.file, methods=("POST",)),
        page("/tanda-terima/{code}/{secret}", filing.receipt),
        page("/lacak", tracking.lookup),
        page("/lacak/{code}", tracking.public),
        page("/lacak/{code}/dukung", tracking.support, methods=("POST",)),
        page("/lacak/{code}/{secret}", tracking.reporter),
        page("/lacak/{code}/{secret}/{action}", tracking.reporter_act, methods=("POST",)),
        page("/daftar", lists.public_list),
        page("/petugas", lists.queue),
        page("/petugas/kotak-masuk", lists.inbox),
        page("/petugas/kotak-masuk/dibaca", lists.inbox_read, methods=("POST",)),
        page("/petugas/{code}", staff_case.case),
        page("/petugas/{code}/riwayat", staff_case.history),
        page("/petugas/{code}/identitas", staff_case.reveal, methods=("POST",)),
        page("/petugas/{code}/{action}", staff_case.act, methods=("POST",)),
        page("/masuk", login.form),
        page("/masuk", login.log_in, methods=("POST",)),
        page("/masuk/mulai", login.begin),
        page("/masuk/kembali", login.come_back),
        page("/keluar", login.log_out, methods=("POST",)),
        Route("/aset/{digest}/{name}", assets.asset),
    ]
