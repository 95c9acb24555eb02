"""`tanggap verify` agrees with what was published, and names the one answer that somebody altered since."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import uuid
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pymongo import MongoClient

from support.city import City
from support.waiting import eventually
from tanggap.local import Stack

ROOT = Path(__file__).resolve().parents[2]
ELEMENTS = (
    "persyaratan", "prosedur", "waktu", "biaya", "produk", "kompetensi", "perilaku", "pengaduan", "sarana",
)  # fmt: skip
FEW, MANY = "dkp3", "disparpora"


def here() -> str:
    """The quarter that today is in, in the city."""
    today = datetime.now(ZoneInfo("Asia/Jakarta"))
    return f"{today.year}-Q{(today.month + 2) // 3}"


def filled_in(city: City, unit: str, number: int) -> None:
    """Paper questionnaires of a unit, typed in by the desk."""
    chance = random.Random(unit)
    rows = [",".join(str(chance.randint(2, 4)) for _ in ELEMENTS) for _ in range(number)]
    answer = city.client.post(
        f"/v1/surveys/paper?unit={unit}",
        content="\n".join([",".join(ELEMENTS), *rows, ""]),
        headers={
            **city.bearer("desk"),
            "Content-Type": "text/csv",
            "Idempotency-Key": str(uuid.uuid4()),
        },
    )
    assert answer.status_code in (200, 202), answer.text


def act(city: City, unit: str, action: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    answer = city.client.post(
        f"/v1/surveys/periods/{unit}/{here()}/{action}",
        json=body or {},
        headers={**city.bearer("admin"), "Idempotency-Key": str(uuid.uuid4())},
    )
    assert answer.status_code == 200, f"{action}: {answer.status_code} {answer.text}"
    done: dict[str, Any] = answer.json()
    return done


@pytest.fixture(scope="module")
def periods(city: City) -> None:
    """One unit with 23 answers and an index, one with 9 and none; both closed, the first published."""
    for unit, number in ((MANY, 23), (FEW, 9)):
        filled_in(city, unit, number)

        def arrived(unit: str = unit, number: int = number) -> bool:
            path = f"/v1/surveys/results/{unit}/{here()}"
            answer = city.client.get(path, headers=city.bearer("admin"))
            return bool(answer.status_code == 200 and answer.json()["progress"]["n"] == number)

        eventually(arrived, within=60)
        act(city, unit, "close")
    act(city, MANY, "publish")


def verify(stack: Stack, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [Path(sys.executable).with_name("tanggap"), "verify", "skm", *arguments],
        cwd=ROOT,
        env={**os.environ, **stack.env, "TERM": "dumb"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=90,
    )


@pytest.fixture
def answers(stack: Stack) -> Iterator[Any]:
    """The stored answers, as somebody who has the database's administrator sees them."""
    with MongoClient[dict[str, Any]](stack.env["MONGODB_URL"]) as client:
        yield client["surveys"]["answers"]


@pytest.mark.usefixtures("periods")
def test_a_published_index_agrees_with_its_raw_answers(stack: Stack) -> None:
    done = verify(stack, MANY, here())

    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{MANY} {here()}: 23 answers, IKM " in done.stdout
    assert "Everything agrees" in done.stdout


@pytest.mark.usefixtures("periods")
def test_a_unit_with_nine_answers_agrees_that_there_is_no_figure(stack: Stack) -> None:
    done = verify(stack, FEW, here())

    assert done.returncode == 0, done.stdout + done.stderr
    assert "no figure (below_minimum_n" in done.stdout


@pytest.mark.usefixtures("periods")
def test_every_closed_period_agrees(stack: Stack) -> None:
    done = verify(stack, "--all", "--json")

    documents = json.loads(done.stdout)
    assert [one for one in documents if not one["agrees"]] == []
    assert {(MANY, here()), (FEW, here())} <= {(one["unit"], one["period"]) for one in documents}
    assert done.returncode == 0


@pytest.mark.usefixtures("periods")
def test_one_altered_answer_is_named_and_so_is_one_that_is_gone(stack: Stack, answers: Any) -> None:
    query = {"period": f"{MANY}:{here()}"}
    before, other = answers.find(query).sort("_id", 1).limit(2)
    score = before["scores"]["waktu"]

    answers.update_one({"_id": before["_id"]}, {"$set": {"scores.waktu": score % 4 + 1}})
    answers.delete_one({"_id": other["_id"]})
    try:
        done = verify(stack, MANY, here(), "--json")
    finally:
        answers.replace_one({"_id": before["_id"]}, before)
        answers.insert_one(other)

    (document,) = json.loads(done.stdout)
    found = {(finding["what"], finding["where"]) for finding in document["findings"]}
    assert done.returncode == 1
    assert {("altered", before["_id"]), ("missing", other["_id"]), ("figure", "inputs_hash")} <= found
    assert verify(stack, MANY, here()).returncode == 0
