"""Work queues that take nothing more, until there is room again."""

from __future__ import annotations

import random
import time

from chaos.faults import Fault
from servicekit.topology import Consumer, Topology
from support.broker import CONTRACTS, Management
from tanggap.local import Stack

POLICY = "/policies/%2F/chaos"
USED = ("on_submitted", "on_case_event", "on_message_outcome", "on_survey_event", "on_answers")
"""The handlers whose queues a complaint passes on its way."""


def consumers_used() -> list[Consumer]:
    consumers = Topology.load(CONTRACTS).consumers.values()
    return sorted((one for one in consumers if one.handler in USED), key=lambda one: one.queue)


def full(stack: Stack, chance: random.Random) -> None:
    """One work queue holds a single message, and nobody takes it: every further one is refused.

    Whoever publishes gets a negative confirm. The policy goes before the consumer is back.
    """
    consumer = chance.choice(consumers_used())
    management = Management(stack.env["AMQP_MANAGEMENT_URL"])
    policy = {
        "pattern": f"^{consumer.queue}$",
        "definition": {"max-length": 1, "overflow": "reject-publish"},
        "apply-to": "queues",
    }
    process = stack.process(consumer.service)
    process.pause()
    try:
        management.call("PUT", POLICY, policy)
        time.sleep(chance.uniform(2, 6))
    finally:
        try:
            management.call("DELETE", POLICY)
        finally:
            process.resume()


FULL = Fault("full queue", full)
