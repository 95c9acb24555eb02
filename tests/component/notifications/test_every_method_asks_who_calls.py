"""Every RPC method of notifications, for every role, against contracts/permissions.yaml."""

from collections.abc import Callable
from typing import Any

from component.cells import PERMISSIONS, Cell, differences, placed, rpc_methods
from component.notifications.world import World

from notifications.service import NotificationsService
from servicekit.errors import NotFound

AT_THE_GATEWAY = {"submit_contact"}  # no RPC: a contact is an event


def unless_unknown(method: Callable[..., Any], *given: Any) -> Any:
    """Who may ask is told that this link is none of ours."""
    try:
        return method(*given)
    except NotFound:
        return None


# A link in a mail speaks for an address; the secret of a case adds nothing to it.
NO_REPORTER = frozenset({"reporter"})
CELLS = [
    Cell("inbox", ("inbox",), (lambda s, a: s.inbox(a),)),
    Cell("mark_read", ("mark_read",), (lambda s, a: s.mark_read(a),)),
    Cell("deliveries", ("deliveries",), (lambda s, a: s.deliveries(a),)),
    Cell("rejections", ("rejections",), (lambda s, a: s.rejections(a),)),
    Cell(
        "survey_choice",
        ("choose_surveys",),
        (lambda s, a: unless_unknown(s.survey_choice, a, "x"),),
        but=NO_REPORTER,
    ),
    Cell(
        "choose_surveys",
        ("choose_surveys",),
        (lambda s, a: unless_unknown(s.choose_surveys, a, "x", True),),
        but=NO_REPORTER,
    ),
    Cell("dry_run", ("dry_run",), (lambda s, a: s.dry_run(a, {}),)),
    Cell("reload_city", ("reload_city",), (lambda s, a: s.reload_city(a),)),
]


def test_a_role_gets_past_a_method_exactly_where_the_table_says_so(world: World) -> None:
    service = object.__new__(NotificationsService)
    service.app = world.app
    actors = placed(
        ("staf-1", "dpupr"),
        strangers={"public": [None], "reporter": [{"ref": None, "roles": ["reporter"]}]},
    )

    assert differences(service, "notifications", CELLS, actors) == {}


def test_a_new_method_or_action_without_a_cell_is_noticed() -> None:
    assert {cell.method for cell in CELLS} == rpc_methods(NotificationsService)
    rows = {row for cell in CELLS for row in cell.rows}
    assert rows | AT_THE_GATEWAY == set(PERMISSIONS.actions("notifications"))
