"""Every page and its address. Routes here read cookies and forms; the API's read headers and JSON."""

from starlette.routing import Route

from . import (
    assets,
    catalogue,
    counters,
    evaluation,
    filing,
    lists,
    login,
    never_again,
    results,
    staff_case,
    staff_surveys,
    survey,
    tracking,
    training,
)
from .guard import Endpoint, prepared

PREFIXES = (
    "/layanan",
    "/lapor",
    "/tanda-terima",
    "/lacak",
    "/daftar",
    "/privasi",
    "/survei",
    "/jangan-tanyai",
    "/hasil",
    "/petugas",
    "/evaluasi",
    "/pelatihan",
    "/rekomendasi",
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
        page("/survei", survey.enter),
        page("/survei/terima-kasih", survey.thanks),
        page("/survei/{token}", survey.form),
        page("/survei/{token}", survey.answer, methods=("POST",)),
        page("/jangan-tanyai/{token}", never_again.look),
        page("/jangan-tanyai/{token}", never_again.choose, methods=("POST",)),
        page("/hasil", results.every_unit),
        page("/hasil/{unit}", results.unit),
        page("/hasil/{unit}/{period}", results.period),
        *staff_routes(),
        page("/masuk", login.form),
        page("/masuk", login.log_in, methods=("POST",)),
        page("/masuk/mulai", login.begin),
        page("/masuk/kembali", login.come_back),
        page("/keluar", login.log_out, methods=("POST",)),
        Route("/aset/{digest}/{name}", assets.asset),
    ]


def staff_routes() -> list[Route]:
    """Return the routes of pages that need a session. Words that are no code of a case come before codes."""
    place = "/petugas/survei/{unit}/{period}"
    return [
        page("/petugas", lists.queue),
        page("/petugas/kotak-masuk", lists.inbox),
        page("/petugas/kotak-masuk/dibaca", lists.inbox_read, methods=("POST",)),
        page("/petugas/survei", staff_surveys.listing),
        page("/petugas/survei/bantu", counters.assist),
        page("/petugas/survei/bantu", counters.assist_answer, methods=("POST",)),
        page("/petugas/survei/loket", counters.listing),
        page("/petugas/survei/loket", counters.create, methods=("POST",)),
        page("/petugas/survei/loket/{token}/cetak", counters.printable),
        page("/petugas/survei/loket/{counter_id}/cabut", counters.revoke, methods=("POST",)),
        page(place, staff_surveys.period),
        page(f"{place}/rencana", staff_surveys.plan, methods=("POST",)),
        page(f"{place}/rencana/{{rtl_id}}/{{action}}", staff_surveys.improve, methods=("POST",)),
        page(f"{place}/ditahan/{{held_id}}/{{decision}}", staff_surveys.review, methods=("POST",)),
        page(f"{place}/saran/{{comment_id}}/{{decision}}", staff_surveys.moderate, methods=("POST",)),
        page(f"{place}/{{action}}", staff_surveys.act, methods=("POST",)),
        page("/petugas/{code}", staff_case.case),
        page("/petugas/{code}/riwayat", staff_case.history),
        page("/petugas/{code}/identitas", staff_case.reveal, methods=("POST",)),
        page("/petugas/{code}/{action}", staff_case.act, methods=("POST",)),
        page("/evaluasi", evaluation.mine),
        page("/evaluasi/buka", evaluation.open_period, methods=("POST",)),
        page("/evaluasi/bukti/{evidence_id}/tanggapan", evaluation.comment, methods=("POST",)),
        page("/evaluasi/{evaluation_id}", evaluation.one),
        page("/evaluasi/{evaluation_id}/{action}", evaluation.act, methods=("POST",)),
        page("/pelatihan", training.catalogue),
        page("/pelatihan/{offer_id}/daftar", training.enrol, methods=("POST",)),
        page("/pelatihan/pendaftaran/{enrolment_id}/{action}", training.act, methods=("POST",)),
        page("/rekomendasi", training.recommendations),
        page("/rekomendasi/{recommendation_id}/{decision}", training.decide, methods=("POST",)),
    ]
