import os
import subprocess
import sys
from urllib.parse import urlsplit

import pytest
import yaml

from servicekit import topology_job
from servicekit.broker import BrokerRefused
from servicekit.errors import ConfigurationError
from servicekit.topology import Topology


@pytest.fixture
def job(kit, management_url):
    """Runs the job as a deployment does."""

    def run(**environ):
        secrets = {f"TANGGAP_BROKER_PASSWORD_{u.upper()}": kit.passwords[u] for u in kit.topology.users}
        env = {
            **os.environ,
            "AMQP_MANAGEMENT_URL": management_url,
            "TANGGAP_CONTRACTS_DIR": str(kit.contracts),
            "TANGGAP_VHOST": kit.vhost,
            "TANGGAP_BROKER_USER_PREFIX": kit.prefix,
            **secrets,
            **environ,
        }
        command = [sys.executable, "-m", "servicekit.topology_job"]
        return subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)

    return run


def change_limit(kit):
    path = kit.contracts / "topology.yaml"
    document = yaml.safe_load(path.read_text())
    document["delivery_limit"] = 9
    path.write_text(yaml.safe_dump(document))


def test_the_job_may_run_as_often_as_you_like(kit, job, make_things):
    (event,) = make_things(1)
    kit.publish(event)

    first, second = job(), job()

    assert (first.returncode, second.returncode) == (0, 0)
    assert "queues declared" in second.stdout
    assert kit.length("evt-keeper-on_thing") == 1


def test_a_queue_with_other_arguments_is_named(kit, job):
    change_limit(kit)

    done = job()

    assert done.returncode == 2
    assert "queue evt-keeper-" in done.stderr
    assert "exists with other arguments" in done.stderr


def test_a_missing_password_is_named(job):
    done = job(TANGGAP_BROKER_PASSWORD_KEEPER="")

    assert done.returncode == 2
    assert "TANGGAP_BROKER_PASSWORD_KEEPER" in done.stderr


def test_a_wrong_administrator_is_refused_without_a_password_in_the_message(job, management_url):
    parts = urlsplit(management_url)
    done = job(AMQP_MANAGEMENT_URL=f"http://admin:hunter2@{parts.hostname}:{parts.port}")

    assert done.returncode == 1
    assert "401" in done.stderr
    assert "hunter2" not in done.stderr


def test_a_single_user_declares_over_amqp(kit, make_things):
    url = f"amqp://{kit.admin[0]}:{kit.admin[1]}@{kit.host}/{kit.vhost}"
    with kit.channel() as channel:
        for queue in kit.topology.queues():
            channel.queue_delete(queue.name)

    topology_job.declare(kit.topology, url)
    topology_job.declare(kit.topology, url)

    (event,) = make_things(1)
    kit.publish(event)
    assert kit.length("evt-keeper-on_thing") == 1
    change_limit(kit)
    with pytest.raises(BrokerRefused, match="406"):
        topology_job.declare(Topology.load(kit.contracts), url)


def test_a_service_refuses_to_start_for_a_handler_that_is_not_in_the_topology(kit):
    from component.servicekit import sample

    from servicekit.handling import handles

    class Lost(sample.Keeper):
        @handles("on_nothing")
        def on_nothing(self, events):
            return None

    with pytest.raises(ConfigurationError, match="on_nothing"), kit.running(Lost):
        pass
