"""Alerts, dashboards and runbooks speak of metrics that the code exports, and of each other."""

import json
import re
from pathlib import Path
from typing import Any

import yaml
from prometheus_client.metrics import MetricWrapperBase

import complaints.metrics
import gateway.measures
import notifications.metrics
import servicekit.metrics
import surveys.metrics

ROOT = Path(__file__).resolve().parents[3]
MONITORING = ROOT / "deploy" / "monitoring"
MODULES = (servicekit.metrics, gateway.measures, complaints.metrics, notifications.metrics, surveys.metrics)
SCRAPED = {"up"}
"""What Prometheus itself says of a target."""
PERSONAL = {
    "code",
    "case",
    "id",
    "ref",
    "name",
    "email",
    "phone",
    "address",
    "unit",
    "officer",
    "city",
    "secret",
}


def metrics() -> list[MetricWrapperBase]:
    values = [value for module in MODULES for value in vars(module).values()]
    return [value for value in values if isinstance(value, MetricWrapperBase)]


def exported() -> dict[str, set[str]]:
    """Every series' name with its labels."""
    names: dict[str, set[str]] = {}
    for metric in metrics():
        labels = set(metric._labelnames)
        for family in metric.describe():
            match family.type:
                case "counter":
                    names[f"{family.name}_total"] = labels
                case "histogram":
                    names |= {f"{family.name}_{part}": labels for part in ("sum", "count")}
                    names[f"{family.name}_bucket"] = labels | {"le"}
                case _:
                    names[family.name] = labels
    return names


def alerts() -> list[dict[str, Any]]:
    files = sorted((MONITORING / "rules").glob("*.yml"))
    groups = [group for file in files for group in yaml.safe_load(file.read_text())["groups"]]
    return [rule for group in groups for rule in group["rules"]]


def cases() -> list[dict[str, Any]]:
    files = sorted((MONITORING / "tests").glob("*.test.yml"))
    return [test for file in files for test in yaml.safe_load(file.read_text())["tests"]]


def dashboards() -> dict[str, dict[str, Any]]:
    return {
        file.stem: json.loads(file.read_text()) for file in sorted((MONITORING / "dashboards").glob("*.json"))
    }


def expressions() -> list[str]:
    asked = [alert["expr"] for alert in alerts()]
    for board in dashboards().values():
        asked += [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    return asked


def named(expression: str) -> set[str]:
    """The metrics in an expression: what is no function, no keyword, no label and no text."""
    bare = re.sub(r'"[^"]*"', '""', expression)
    bare = re.sub(r"\[[^\]]*\]", "", bare)
    bare = re.sub(r"\b(by|on|without|ignoring)\s*\([^)]*\)", "", bare)
    bare = re.sub(r"\{[^}]*\}", "", bare)
    words = set(re.findall(r"[a-zA-Z_:][\w:]*(?!\w*\s*\()", bare))
    return words - {"and", "or", "unless"}


def selected(expression: str) -> list[tuple[str, set[str]]]:
    """Each metric that is selected by labels, with these labels."""
    found = re.findall(r"([a-z_]\w*)\{([^}]*)\}", expression)
    return [
        (name, set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", re.sub(r'"[^"]*"', '""', inner))))
        for name, inner in found
    ]


def test_every_metric_that_is_asked_for_is_exported_by_the_code():
    asked = set().union(*map(named, expressions()))

    assert asked - set(exported()) == SCRAPED
    assert len(asked) > 30


def test_every_metric_in_the_operators_pages_is_exported_with_its_labels():
    names = exported()
    for metric in metrics():
        for family in metric.describe():
            if family.type == "histogram":
                names[family.name] = set(metric._labelnames)
    pages = [ROOT / "docs" / "operations.md", *(ROOT / "docs" / "runbooks").glob("*.md")]
    told = [
        (page.name, name, set(re.findall(r"(\w+)(?:=|,|}|\s)", labels)))
        for page in pages
        for name, labels in re.findall(r"\b(tanggap_\w+)(\{[^}]*\})?", page.read_text())
    ]

    assert [(page, name) for page, name, _ in told if name not in names] == []
    assert [(page, name) for page, name, labels in told if labels - names[name]] == []
    assert len(told) > 10


def test_a_process_without_any_instance_is_missed_too():
    (rule,) = [alert for alert in alerts() if alert["alert"] == "TanggapProcessDown"]

    missed = set(re.findall(r'absent\(tanggap_ready\{service="(\w+)"\}\)', rule["expr"]))

    assert missed == {folder.name for folder in (ROOT / "services").iterdir() if folder.is_dir()}
    assert "absent(tanggap_gateway_ready)" in rule["expr"]


def test_every_label_that_is_asked_for_is_one_of_its_metric():
    names = exported()

    wrong = {
        (name, label)
        for expression in expressions()
        for name, labels in selected(expression)
        if name in names
        for label in labels - names[name]
    }

    assert wrong == set()


def test_every_metric_is_on_a_dashboard_or_in_an_alert():
    asked = set().union(*map(named, expressions()))

    unseen = {
        family.name
        for metric in metrics()
        for family in metric.describe()
        if not any(name == family.name or name.startswith(f"{family.name}_") for name in asked)
    }

    assert unseen == set()


def test_no_label_can_lead_to_a_person_or_a_case():
    assert {label for labels in exported().values() for label in labels} & PERSONAL == set()


def test_every_alert_says_who_acts_and_what_it_is_in_indonesian():
    names = [alert["alert"] for alert in alerts()]

    assert len(names) == len(set(names))
    for alert in alerts():
        assert alert["labels"].keys() == {"severity", "owner"}, alert["alert"]
        assert alert["labels"]["severity"] in {"page", "ticket", "none"}
        assert alert["annotations"].keys() == {"summary", "runbook_url"}, alert["alert"]


def test_every_alert_has_a_runbook_of_its_own_and_every_runbook_an_alert():
    pages = {alert["annotations"]["runbook_url"]: alert["alert"] for alert in alerts()}

    assert len(pages) == len(alerts())
    assert set(pages) == {str(page.relative_to(ROOT)) for page in (ROOT / "docs" / "runbooks").glob("*.md")}
    for page, alert in pages.items():
        text = (ROOT / page).read_text()
        assert text.startswith(f"# {alert}\n"), page
        for part in ("For a citizen", "First look", "What to do", "Whom to call"):
            assert re.search(rf"\*\*{part}\.\*\*\s+\S", text), f"{page}: {part}"


def test_links_in_runbooks_lead_somewhere():
    for page in (ROOT / "docs" / "runbooks").glob("*.md"):
        for link in re.findall(r"\]\(([^)#]+)", page.read_text()):
            assert (page.parent / link).exists(), f"{page.name}: {link}"


def test_every_alert_is_tested_to_fire_and_but_for_the_watchdog_to_stay_silent():
    expected: dict[str, set[bool]] = {}
    for test in cases():
        for case in test["alert_rule_test"]:
            expected.setdefault(case["alertname"], set()).add(bool(case["exp_alerts"]))

    wanted = {a["alert"]: {True, False} for a in alerts()} | {"TanggapWatchdog": {True}}
    assert expected == wanted


def test_dashboards_can_be_told_apart_and_depend_on_no_installation():
    boards = dashboards()

    assert len({board["uid"] for board in boards.values()}) == len(boards)
    for name, board in boards.items():
        assert board["uid"] == f"tanggap-{name}"
        assert board["time"]["from"].startswith("now-"), name
        assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
        for panel in board["panels"]:
            assert panel["title"] and panel["fieldConfig"]["defaults"]["unit"], name
            sources = {panel["datasource"]["uid"], *(t["datasource"]["uid"] for t in panel["targets"])}
            assert sources == {"${datasource}"}, panel["title"]


def test_panels_do_not_lie_on_each_other():
    for name, board in dashboards().items():
        taken: set[tuple[int, int]] = set()
        for panel in board["panels"]:
            at = panel["gridPos"]
            cells = {(at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])}
            assert at["x"] + at["w"] <= 24 and not cells & taken, f"{name}: {panel['title']}"
            taken |= cells
