"""Citizens and officers who do not give up: whatever is refused for now is repeated with the same key."""

from __future__ import annotations

import random
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import httpx

from support.city import City
from support.counter import scores

UNIT, SERVICE = "dpmptsp", "pendampingan-nib"
OFFICERS = ("dpmptsp-1", "dpmptsp-2", "dpmptsp-3")
FOR_NOW = {429, 503, 504}
PATIENCE_SECONDS = 180


class Stuck(AssertionError):
    """Something was refused for longer than anything may be away."""


def repeated(what: str, call: Callable[[], httpx.Response]) -> httpx.Response:
    """The first answer that is more than "not now"; the call keeps its key."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    last = "no answer"
    while time.monotonic() < deadline:
        try:
            answer = call()
        except httpx.TransportError as error:
            last = type(error).__name__
        else:
            if answer.status_code not in FOR_NOW:
                return answer
            last = str(answer.status_code)
        time.sleep(0.3)
    raise Stuck(f"{what}: {last} for {PATIENCE_SECONDS} s")


@dataclass
class Filed:
    """One accepted filing and how far its case was taken."""

    address: str
    code: str
    secret: str
    repeated: bool
    """Whether it got a 503 before it was accepted."""
    closed: bool = False


@dataclass
class Load:
    """Threads that file all the time; every fourth case goes its way to the end."""

    city: City
    seed: int
    filed: list[Filed] = field(default_factory=list)
    trouble: list[str] = field(default_factory=list)
    _stopping: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def start(self, workers: int = 4) -> None:
        for number in range(workers):
            thread = threading.Thread(target=self._work, args=(number,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def stop(self) -> None:
        """Let everybody finish what they have begun."""
        self._stopping.set()
        for thread in self._threads:
            thread.join(10 * PATIENCE_SECONDS)

    def _work(self, worker: int) -> None:
        chance = random.Random(self.seed * 100 + worker)
        number = 0
        while not self._stopping.is_set():
            number += 1
            try:
                one = self._file(f"kacau-{self.seed}-{worker}x{number}@example.invalid")
                self.filed.append(one)
                if number % 4 == 0:
                    self._handle(one, chance.choice(OFFICERS))
            except (AssertionError, KeyError, ValueError) as error:
                self.trouble.append(f"{worker}/{number}: {type(error).__name__}: {str(error)[:300]}")
            time.sleep(chance.uniform(0, 0.2))

    def _file(self, address: str) -> Filed:
        key = str(uuid.uuid4())
        statuses: list[int] = []
        body = {
            "service_code": SERVICE,
            "description": "Mohon dibantu membuat NIB untuk warung.",
            "attributes": {"jenis_usaha": "Warung", "skala": "mikro"},
            "reporter": {"name": "Ibu Contoh", "email": address, "language": "id"},
        }

        def once() -> httpx.Response:
            answer = self.city.file(body, key)
            statuses.append(answer.status_code)
            return answer

        answer = repeated("file", once)
        assert answer.status_code == 202, answer.text
        receipt = answer.json()
        return Filed(address, receipt["tracking_code"], receipt["secret"], 503 in statuses)

    def _handle(self, one: Filed, officer: str) -> None:
        who = {"role": "officer", "unit": UNIT, "ref": officer}
        steps: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
            ("verify", {"public_text": "Permohonan pendampingan NIB."}, {"role": "coordinator"}),
            ("assign", {"unit": UNIT, "officer": officer}, {"role": "coordinator"}),
            ("progress", {"note": "Diproses."}, who),
            ("resolve", {"outcome": "granted", "answer": "NIB sudah terbit."}, who),
            ("confirm", {}, {"secret": one.secret}),
        ]
        for action, payload, actor in steps:
            version = self._version(one, actor, first=action == "verify")
            key = str(uuid.uuid4())
            act = partial(self.city.act, one.code, action, payload, version=version, key=key, **actor)
            answer = repeated(action, act)
            assert answer.status_code == 200, f"{action}: {answer.status_code} {answer.text}"
        one.closed = True

    def _version(self, one: Filed, actor: dict[str, Any], first: bool) -> int:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            answer = repeated("read", lambda: self.city.get_case(one.code, **({"secret": None} | actor)))
            # Accepted, but not stored yet: staff do not see it before.
            if answer.status_code == 404 and first:
                time.sleep(0.2)
                continue
            assert answer.status_code == 200, answer.text
            return int(answer.json()["version"])
        raise Stuck(f"accepted, and not stored within {PATIENCE_SECONDS} s")


def answer_survey(city: City, token: str) -> bool:
    """Answer an invitation; whether it was taken."""
    body = {
        "submission_id": str(uuid.uuid4()),
        "token": token,
        "answers": scores(3),
        "consents": {"process": True},
    }
    answer = repeated("answer", lambda: city.client.post("/v1/survey-responses", json=body))
    return answer.status_code == 202
