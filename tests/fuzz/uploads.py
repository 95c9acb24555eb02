"""Mutated bodies and files at every interface of the gateway that takes one, in process."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import Any

from unit.gateway.harness import App, bearer, filing

from fuzz.mutations import TEXTS, mutated, spoiled
from support.gateway_inputs import answered, delivered, department

PAPER = b'waktu,pengaduan,sarana,date,sex,comment\n1,2,3,2026-01-05,P,Baik\n4,4,4,,L,"Baik, cepat"\n'
STAFF = (
    b"staff_ref,unit,status,position,rater_ref\nstaf-1,dpupr,asn_pns,Analis,staf-9\nstaf-2,dpupr,asn_pns,,\n"
)
FORM = (
    b'--tepi\r\nContent-Disposition: form-data; name="description"\r\n\r\nLubang\r\n'
    b'--tepi\r\nContent-Disposition: form-data; name="foto"; filename="x.jpg"\r\n\r\nx\r\n--tepi--\r\n'
)
CLOUD = "application/cloudevents+json"


@dataclass(frozen=True)
class Target:
    """An interface with a body that it takes."""

    path: str
    media: str
    body: Any  # bytes of a file, or a document
    roles: tuple[str, ...] = ()


def targets(code: str) -> tuple[Target, ...]:
    return (
        Target("/v1/complaints", "application/json", filing()),
        Target("/v1/complaints", "application/json", filing(), ("desk",)),
        Target(f"/v1/complaints/{code}/verify", "application/json", {"version": 1}, ("coordinator",)),
        Target("/v1/survey-responses", "application/json", answered(unit="dpupr"), ("desk",)),
        Target("/v1/surveys/paper?unit=dpupr", "text/csv", PAPER, ("desk",)),
        Target("/v1/evaluation/staff/import", "text/csv", STAFF, ("hr",)),
        Target("/v1/evaluation/staff/import", "application/json", {"rows": [{"staff_ref": "s"}]}, ("hr",)),
        Target("/v1/events", CLOUD, delivered(), ("department",)),
        Target("/v1/events", "application/cloudevents-batch+json", [delivered()] * 3, ("department",)),
        Target(
            "/v1/contacts", "application/json", {"audience": "citizen", "email": "a@x.invalid"}, ("desk",)
        ),
        Target("/lapor/info", "multipart/form-data; boundary=tepi", FORM),
        Target("/lapor/info", "application/x-www-form-urlencoded", b"service_code=info&description=Lubang"),
    )


def table(body: bytes, random: Random) -> bytes:
    """A file whose cells, rows, quotes and separators are not what they were."""
    rows = [row.split(b",") for row in body.split(b"\n")]
    for _ in range(random.choice((1, 2, 6))):
        row = random.choice(rows)
        cell = random.choice(TEXTS).encode("utf-8", "replace")
        match random.randrange(6):
            case 0:
                row.append(cell)
            case 1:
                rows.append(list(random.choice(rows)) * random.choice((1, 1, 300)))
            case 2:
                row[random.randrange(len(row))] = b'"' + cell
            case 3:
                row[random.randrange(len(row))] = random.choice((b"\xff\xfe", b"\x00", b"=cmd()", b"9" * 400))
            case _:
                row[random.randrange(len(row))] = cell
    made = random.choice((b",", b",", b",", b";", b"\t", b"|")).join
    return random.choice((b"\n", b"\n", b"\r\n", b"\r")).join(made(row) for row in rows)


def hostile(target: Target, random: Random) -> bytes:
    if isinstance(target.body, bytes):
        body = table(target.body, random)
        return spoiled(body, random) if random.random() < 0.3 else body
    body = json.dumps(mutated(target.body, random)).encode()
    return spoiled(body, random) if random.random() < 0.25 else body


@dataclass
class Uploads:
    """Sends `count` bodies; `wrong` names what was answered with a fault of ours or no clear refusal."""

    seed: int
    answers: Counter[int] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.app = App(rate_address=None, rate_staff=None, rate_case=None, rate_contact=None)
        self.app.rpc.otherwise = lambda **_: {"status": "filed", "items": [], **department()}
        self.targets = targets(self.app.codes.identify("public", "k", b"")[0].code)

    def send(self, count: int) -> None:
        random = Random(self.seed)
        for number in range(count):
            target = self.targets[number % len(self.targets)]
            body = hostile(target, random)
            who = bearer(*target.roles, sub="dept-antrian" if "department" in target.roles else "staf-1")
            headers = {"Content-Type": target.media, **(who if target.roles else {})}
            answer = self.app.post(target.path, content=body, headers=headers)
            self.answers[answer.status_code] += 1
            if not self._clear(target, answer):
                self.wrong.append(f"{number} {target.path} {answer.status_code}")
            self.app.intake.events.clear()

    def _clear(self, target: Target, answer: Any) -> bool:
        if answer.status_code < 400:
            return True
        if answer.status_code >= 500:
            return False
        page = not target.path.startswith("/v1")
        kind = "text/html" if page else "application/problem+json"
        return bool(answer.headers["content-type"].startswith(kind))
