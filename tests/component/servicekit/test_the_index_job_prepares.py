"""Collections and indexes come from a job, and a service that waits for them makes none."""

import os
import subprocess
import sys
from pathlib import Path

from component.servicekit import sample

from servicekit import index_job
from servicekit.index_job import preparations
from servicekit.indexes import missing, needed


def indexes(kit):
    return {
        f"{name}.{index['name']}"
        for name in kit.database.list_collection_names()
        for index in kit.database[name].list_indexes()
    }


def test_a_service_that_waits_for_the_job_begins_when_all_is_there(kit, make_things):
    (event,) = make_things(1)
    kit.publish(event)

    with kit.running(awaits_indexes=True) as container:
        consumer = next(e for e in container.entrypoints if getattr(e, "_name", "") == "on_thing")
        assert not consumer.mongo.handle.prepared.wait(1)
        assert (indexes(kit), kit.length("evt-keeper-on_thing")) == (set(), 1)

        index_job.run(sample.Keeper, kit.mongodb_url)
        made = indexes(kit)

        kit.kept(event)
        assert "things.subject_1" in made
        assert {name for name in indexes(kit) - made if not name.startswith(("leases.", "ticks."))} == set()


def test_the_job_makes_what_the_service_would(kit):
    with kit.running() as container:
        consumer = next(e for e in container.entrypoints if getattr(e, "_name", "") == "on_thing")
        assert consumer.mongo.handle.prepared.wait(10)
        wanted = needed(preparations(sample.Keeper))
        assert missing(kit.database, wanted) == []

        kit.database["outbox"].drop_index("sent_at_1")
        kit.database["things"].drop()

        assert missing(kit.database, wanted) == ["outbox.sent_at_1", "things._id_", "things.subject_1"]
    index_job.run(sample.Keeper, kit.mongodb_url)
    assert missing(kit.database, wanted) == []


def run(kit, name, url):
    environ = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(Path(sample.__file__).parent),
        "PYTHONWARNINGS": "ignore",
        "TANGGAP_MONGODB_URL": url,
    }
    command = [sys.executable, "-m", "servicekit.index_job", name]
    return subprocess.run(command, env=environ, capture_output=True, text=True, timeout=30)


def test_the_job_may_run_again_and_says_in_one_line_what_is_wrong(kit):
    first, second = (run(kit, "sample:Keeper", kit.mongodb_url) for _ in range(2))
    unknown = run(kit, "sample:Lender", kit.mongodb_url)
    kit.database["things"].drop_index("subject_1")
    kit.database["things"].create_index("subject", unique=True)
    other = run(kit, "sample:Keeper", kit.mongodb_url)

    assert (first.returncode, second.returncode, second.stdout) == (
        0,
        0,
        "indexes of sample:Keeper are in place\n",
    )
    assert (unknown.returncode, unknown.stderr) == (
        2,
        "configuration: sample:Lender: no such service is installed here\n",
    )
    assert (other.returncode, other.stderr) == (1, "indexes of sample:Keeper: OperationFailure 86\n")
