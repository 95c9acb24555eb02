"""The job against a mongod as its image leaves it: a member of no set, which knows its administrator."""

import os
import secrets
import socket
import subprocess
import sys
from contextlib import closing, contextmanager

import pytest
from pymongo import MongoClient
from pymongo.errors import OperationFailure

from tanggap.local.database import binary


@contextmanager
def mongod(directory, port, *arguments):
    command = [str(binary()), "--dbpath", str(directory), "--port", str(port), "--bind_ip", "127.0.0.1"]
    command += ["--nounixsocket", "--wiredTigerCacheSizeGB", "0.25", *arguments]
    command += ["--setParameter", "shutdownTimeoutMillisForSignaledShutdown=0"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT) as process:
        try:
            with MongoClient(port=port, directConnection=True, serverSelectionTimeoutMS=20_000) as client:
                client.admin.command("ping")
                yield client
        finally:
            process.terminate()
            process.wait(timeout=20)


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    """The URL of a server that is what the official image makes of an empty volume."""
    folder = tmp_path_factory.mktemp("database")
    (folder / "data").mkdir()
    key = folder / "key"
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    key.write_text(secrets.token_hex(24))
    key.chmod(0o400)
    with mongod(folder / "data", port) as client:
        client.admin.command("createUser", "admin", pwd="administers", roles=["root"])
    with mongod(folder / "data", port, "--replSet", "rs0", "--auth", "--keyFile", str(key)):
        yield f"127.0.0.1:{port}"


def run(address, **changes):
    admin = f"mongodb://admin:administers@{address}/"
    environ = {
        "PATH": os.environ["PATH"],
        "TANGGAP_DATABASES": "keeper,lender",
        "MONGODB_ADMIN_URL_KEEPER": admin,
        "MONGODB_ADMIN_URL_LENDER": admin,
        "TANGGAP_DATABASE_PASSWORD_KEEPER": "keeps",
        "TANGGAP_DATABASE_PASSWORD_LENDER": "lends",
        "TANGGAP_DATABASE_PASSWORD_OPERATOR": "operates",
        **changes,
    }
    command = [sys.executable, "-m", "servicekit.database_job"]
    return subprocess.run(command, env=environ, capture_output=True, text=True, timeout=90, check=False)


def login(address, user, password, database):
    url = f"mongodb://{user}:{password}@{address}/{database}?replicaSet=rs0&authSource={database}"
    return MongoClient(url, serverSelectionTimeoutMS=10_000)


def test_the_job_makes_a_set_and_users_and_may_run_again(fresh):
    first, second = run(fresh), run(fresh)

    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    with login(fresh, "keeper", "keeps", "keeper") as client:
        with client.start_session() as session, session.start_transaction():
            client.keeper.things.insert_one({"_id": 1}, session=session)
        with pytest.raises(OperationFailure):
            client.lender.things.find_one()
    with login(fresh, "operator", "operates", "keeper") as client:
        assert client.keeper.things.count_documents({}) == 1
        with pytest.raises(OperationFailure):
            client.keeper.things.insert_one({"_id": 2})


def test_a_new_password_replaces_the_old_one(fresh):
    run(fresh)

    done = run(fresh, TANGGAP_DATABASE_PASSWORD_LENDER="lends anew")

    assert done.returncode == 0, done.stderr
    with login(fresh, "lender", "lends%20anew", "lender") as client:
        client.lender.things.insert_one({})
    with login(fresh, "lender", "lends", "lender") as client, pytest.raises(OperationFailure):
        client.lender.things.find_one()


def test_a_refusal_is_told_without_a_password(fresh):
    wrong = f"mongodb://admin:mistaken-secret@{fresh}/"

    done = run(fresh, MONGODB_ADMIN_URL_KEEPER=wrong)

    assert done.returncode == 1
    assert done.stderr == "database keeper: OperationFailure 18\n"


def test_everything_that_is_missing_is_named(fresh):
    done = run(fresh, MONGODB_ADMIN_URL_KEEPER="", TANGGAP_DATABASE_PASSWORD_LENDER="")

    assert done.returncode == 2
    named = {line.split()[1] for line in done.stderr.splitlines()}
    assert named == {"MONGODB_ADMIN_URL_KEEPER:", "TANGGAP_DATABASE_PASSWORD_LENDER:"}
