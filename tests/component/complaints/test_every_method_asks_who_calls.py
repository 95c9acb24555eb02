"""Every RPC method of complaints, for every role, against contracts/permissions.yaml."""

from component.cells import PERMISSIONS, Cell, differences, placed, rpc_methods, served_by
from component.complaints.world import ADMIN, NOW, World, reporter
from unit.complaints.bundles import bundle

from complaints.commands import ACTIONS
from complaints.service import ComplaintsService
from servicekit.ids import uuid7

PAYLOADS = {
    "verify": {"public_text": "Ada lubang."},
    "assign": {"unit": "dpupr"},
    "bounce": {"target_unit": "diskominfo", "reason": "Bukan wewenang kami."},
    "request_info": {"question": "Di mana?"},
    "provide_info": {"text": "Di Santur."},
    "progress": {"note": "Dikerjakan."},
    "resolve": {"outcome": "granted", "answer": "Sudah."},
    "confirm": {},
    "dispute": {"reason": "Belum."},
    "reject": {"ground": "tidak_jelas", "explanation": "Tidak jelas."},
    "reopen": {"reason": "Rusak lagi."},
    "merge": {"into": "7K3M9QXD4TRWH"},
    "comment": {"text": "Terima kasih."},
    "support": {},
}
ANYBODY = {"catalogue"}  # what it answers is published
AT_THE_GATEWAY = {"file", "file_for_citizen"}  # no RPC: a filing is an event
OWN_PLACES = (("staf-017", "dpupr"), ("staf-017", "inspektorat"), ("staf-017", None))
GIVEN = {
    "name": {"id": "PDAM", "en": "PDAM"},
    "unit": "dpupr",
    "types": ["case.progressed.v1"],
    "key_hash": "ab" * 32,
}


def cells(codes: list[str]) -> list[Cell]:
    """Each on an ordinary case, on one of the inspectorate, and on a confidential one."""

    def on_each(call):
        return tuple(lambda s, a, code=code: call(s, a, code) for code in codes)

    def act(name, **more):
        # A version that nobody has seen: who may act is told of the conflict, and nothing changes.
        version = None if name in ("comment", "support") else 999
        return on_each(lambda s, a, code: s.act(a, code, name, version, {**PAYLOADS[name], **more}, uuid7()))

    public = frozenset({"public"})
    return [
        *(Cell("act", (name,), act(name)) for name in ACTIONS),
        Cell("act", ("backdate", "comment"), act("comment", as_of=NOW.isoformat())),
        Cell(
            "get_case",
            ("view",),
            on_each(lambda s, a, code: s.get_case(a, code)),
            lambda view: view["access"] != "public",
            public,
        ),
        Cell(
            "get_cases",
            ("view",),
            on_each(lambda s, a, code: s.get_cases([{"actor": a, "code": code}])[0]),
            lambda view: view is not None and view["access"] != "public",
            public,
        ),
        Cell(
            "list_cases",
            ("list",),
            (lambda s, a: s.list_cases(a),),
            lambda page: any(item["access"] != "public" for item in page["items"]),
            public,
        ),
        Cell("figures", ("figures",), (lambda s, a: s.figures(a),)),
        Cell("history", ("history",), on_each(lambda s, a, code: s.history(a, code))),
        Cell("reveal", ("reveal",), on_each(lambda s, a, code: s.reveal(a, code, "Menelepon pelapor"))),
        Cell("import_catalogue", ("import_catalogue",), (lambda s, a: s.import_catalogue(a, bundle()),)),
        Cell("sweep", ("sweep",), (lambda s, a: s.sweep(a, "not a time"),)),
        # Without an actor the gateway fetches its snapshot; it never does that for somebody.
        Cell("departments", ("registry",), (lambda s, a: s.departments(a or {}),), area="departments"),
        Cell(
            "put_department",
            ("registry",),
            (lambda s, a: s.put_department(a, "pdam", **GIVEN),),
            area="departments",
        ),
        Cell(
            "act_on_department",
            ("registry",),
            (lambda s, a: s.act_on_department(a, "pdam", "rotate"),),
            area="departments",
        ),
    ]


def test_a_role_gets_past_a_method_exactly_where_the_table_says_so(world: World) -> None:
    service = served_by(ComplaintsService, world.parts)
    service.put_department(ADMIN, "pdam", **GIVEN)
    codes = [world.assigned(), world.file(service_code="pungli"), world.file(confidential=True)]
    actors = placed(*OWN_PLACES, strangers={"public": [None], "reporter": [reporter(code) for code in codes]})

    assert differences(service, "complaints", cells(codes), actors) == {}


def test_a_new_method_or_action_without_a_cell_is_noticed() -> None:
    table = cells([])

    assert {cell.method for cell in table} | ANYBODY == rpc_methods(ComplaintsService)
    rows = {row for cell in table for row in cell.rows}
    assert rows | AT_THE_GATEWAY == {*PERMISSIONS.actions("complaints"), "registry"}
