"""What a run ran on: a row that says which versions, which machine, and how busy it was."""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import platform
from pathlib import Path
from typing import Any

import pymongo
import results

from support.broker import Management
from tanggap.local import Stack

LIBRARIES = ("nameko", "fastapi", "faststream", "pymongo", "amqp", "uvicorn", "starlette")


def row(stack: Stack, database: pymongo.MongoClient[Any], options: argparse.Namespace) -> results.Row:
    broker = Management(stack.env["AMQP_MANAGEMENT_URL"]).call("GET", "/overview")
    kilobytes = next(
        line.split()[1] for line in Path("/proc/meminfo").read_text().splitlines() if "MemTotal" in line
    )
    models = [
        line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")
    ]
    return {
        **results.context(),
        "rabbitmq": broker["rabbitmq_version"],
        "erlang": broker["erlang_version"],
        "mongodb": database.server_info()["version"],
        **{name: importlib.metadata.version(name) for name in LIBRARIES},
        "processor": models[0].partition(":")[2].strip() if models else platform.processor(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(int(kilobytes) / 1024**2, 1),
        "kernel": platform.release(),
        "load_average": round(os.getloadavg()[0], 2),
        "cases": options.cases,
        "rounds": options.rounds,
        "concurrency": options.concurrency,
        "stored": options.stored,
    }
