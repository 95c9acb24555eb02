"""What the gateway asks notifications about when somebody does not want to be asked about services."""

from typing import Any

import pytest
from unit.gateway.harness import CONTRACTS, App, bearer

from servicekit.errors import NotFound
from servicekit.permissions import Permissions

TOKEN = "u" * 44
PAGE = f"/jangan-tanyai/{TOKEN}"
ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
def app() -> App:
    made = App()
    made.rpc.answers["survey_choice"] = lambda **_: {"asked": True}
    made.rpc.answers["choose_surveys"] = lambda **given: {"asked": given["asked"]}
    return made


def asked_of_notifications(app: App) -> list[tuple[str, Any, dict[str, Any]]]:
    return [
        (method, actor, args)
        for service, method, actor, _, args in app.rpc.calls
        if service == "notifications"
    ]


def test_the_link_alone_speaks_whoever_opens_it(app: App) -> None:
    app.get(PAGE, headers=bearer("admin"))
    app.post(PAGE, data=ONE_CLICK, headers=bearer("coordinator"))
    app.post(PAGE.upper().replace("/JANGAN-TANYAI", "/jangan-tanyai"), data={"pilihan": "lanjut"})

    calls = asked_of_notifications(app)
    assert [(method, args) for method, _, args in calls] == [
        ("survey_choice", {"token": TOKEN}),
        ("choose_surveys", {"token": TOKEN, "asked": False}),
        ("choose_surveys", {"token": TOKEN, "asked": True}),
    ]
    assert all((actor or {}).get("roles", ["public"]) == ["public"] for _, actor, _ in calls)


@pytest.mark.parametrize("token", ["x", "u" * 43, "u" * 45, "u" * 43 + "%00", "u" * 43 + "-"])
def test_what_cannot_be_a_link_reaches_no_service(app: App, token: str) -> None:
    assert app.get(f"/jangan-tanyai/{token}").status_code == 404
    assert app.post(f"/jangan-tanyai/{token}", data=ONE_CLICK).status_code == 404
    assert asked_of_notifications(app) == []


def test_a_link_that_notifications_does_not_know_is_not_found(app: App) -> None:
    def unknown(**_: Any) -> Any:
        raise NotFound("link")

    app.rpc.answers |= {"survey_choice": unknown, "choose_surveys": unknown}

    assert app.get(PAGE).status_code == 404
    assert app.post(PAGE, data=ONE_CLICK).status_code == 404


def test_no_role_has_the_choice_of_somebody_else() -> None:
    table = Permissions.load(CONTRACTS)

    holders = {role for role in table.roles if table.scope("notifications", "choose_surveys", role)}

    assert holders == {"public"}
