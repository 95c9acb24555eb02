"""Citizens who report at random moments, and what became of every report."""

from __future__ import annotations

import asyncio
import re
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import httpx
import pymongo

from support.city import pothole

ADDRESS = re.compile(rb"^To: .*?(banjir-\d+@example\.invalid)", re.MULTILINE)
FILED = 202


@dataclass
class Flood:
    """`count` reports within `seconds`; nobody waits for anybody else's answer."""

    url: str
    count: int
    seconds: float
    seed: int
    accepted: dict[str, str] = field(default_factory=dict)
    """Tracking codes by the reporter's address."""
    waits: list[float] = field(default_factory=list)
    """Seconds from the moment when a report was due to its answer, refusals included."""
    accepted_at: dict[str, float] = field(default_factory=dict)
    statuses: Counter[str] = field(default_factory=Counter)

    async def run(self) -> None:
        random = Random(self.seed)
        moments = sorted(random.uniform(0, self.seconds) for _ in range(self.count))
        limits = httpx.Limits(max_connections=200, max_keepalive_connections=50)
        async with httpx.AsyncClient(base_url=self.url, timeout=30, limits=limits) as client:
            began = time.monotonic()
            tasks = []
            for number, moment in enumerate(moments):
                await asyncio.sleep(max(0.0, began + moment - time.monotonic()))
                tasks.append(asyncio.create_task(self._report(client, number, began + moment, random)))
            await asyncio.gather(*tasks)

    async def _report(self, client: httpx.AsyncClient, number: int, due: float, random: Random) -> None:
        address = f"banjir-{number}@example.invalid"
        body = pothole(
            title="Banjir di depan rumah",
            description="Air setinggi lutut sejak subuh. " * random.randrange(2, 25),
            location={
                "lat": -0.68 + random.uniform(-0.01, 0.01),
                "lon": 100.78 + random.uniform(-0.01, 0.01),
            },
            reporter={"name": "Ibu Contoh", "email": address, "language": "id"},
        )
        headers = {"Idempotency-Key": str(uuid.uuid4())}
        try:
            answer = await client.post("/v1/complaints", json=body, headers=headers)
            self.statuses[str(answer.status_code)] += 1
        except httpx.TransportError as error:
            self.statuses[type(error).__name__] += 1
            return
        finally:
            self.waits.append(time.monotonic() - due)
        if answer.status_code == FILED:
            self.accepted[address] = answer.json()["tracking_code"].replace("-", "")
            self.accepted_at[address] = time.time()


@dataclass
class Effects:
    """What the databases and the mail sink hold of a flood."""

    database: pymongo.database.Database[dict[str, Any]]
    maildir: Path
    _read: dict[Path, tuple[str, float]] = field(default_factory=dict)

    def stored(self, codes: list[str]) -> int:
        return int(self.database["cases"].count_documents({"_id": {"$in": codes}}))

    def mails(self) -> Counter[str]:
        """How many mails the sink has for each reporter."""
        return Counter(address for address, _ in self._told())

    def told_at(self) -> dict[str, float]:
        """When each reporter's first mail was delivered."""
        found: dict[str, float] = {}
        for address, at in self._told():
            found[address] = min(at, found.get(address, at))
        return found

    def _told(self) -> Iterator[tuple[str, float]]:
        for file in (self.maildir / "new").iterdir():
            if file not in self._read:
                addressed = ADDRESS.search(file.read_bytes())
                address = addressed[1].decode() if addressed else ""
                self._read[file] = (address, file.stat().st_mtime)
        return iter([one for one in self._read.values() if one[0]])
