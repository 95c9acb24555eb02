import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import xmlrpc.client
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from supervisor.xmlrpc import SupervisorTransport

from tanggap.errors import LocalError
from tanggap.local.layout import Layout
from tanggap.local.programs import MARK

RPC_TIMEOUT_SECONDS = 60
ENDING_SECONDS = 60


class Supervisor:
    """The running supervisor of one installation, over its socket."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout

    @property
    def running(self) -> bool:
        with contextlib.suppress(OSError, xmlrpc.client.Error, LocalError):
            return bool(self.call("getState")["statename"] == "RUNNING")
        return False

    def start(self) -> None:
        """Start the supervisor in the background; returns once it answers."""
        self.layout.socket.unlink(missing_ok=True)
        command = [sys.executable, "-m", "supervisor.supervisord", "-c", str(self.layout.supervisor_config)]
        environment = {**os.environ, MARK: str(self.layout.directory)}
        done = subprocess.run(
            command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30
        )
        if done.returncode != 0:
            raise LocalError(f"The process supervisor did not start: {done.stderr.strip()[-500:]}")
        deadline = time.monotonic() + 15
        while not self.running:
            if time.monotonic() > deadline:
                raise LocalError(
                    f"The process supervisor does not answer; see {self.layout.log}/supervisor.log"
                )
            time.sleep(0.05)

    def shutdown(self) -> None:
        """Stop every program in reverse order, then the supervisor; returns when it is gone."""
        pid = self.call("getPID")
        self.call("shutdown")
        wait_gone(pid, seconds=90)

    def programs(self) -> dict[str, dict[str, Any]]:
        return {info["name"]: info for info in self.call("getAllProcessInfo")}

    def call(self, method: str, *arguments: Any) -> Any:
        transport = SupervisorTransport(None, None, f"unix://{self.layout.socket}")
        before = socket.getdefaulttimeout()
        socket.setdefaulttimeout(RPC_TIMEOUT_SECONDS)
        try:
            proxy = xmlrpc.client.ServerProxy("http://127.0.0.1", transport=transport)
            return getattr(proxy.supervisor, method)(*arguments)
        except xmlrpc.client.Fault as fault:
            raise LocalError(
                f"supervisor: {method} {' '.join(map(str, arguments))}: {fault.faultString}"
            ) from fault
        finally:
            socket.setdefaulttimeout(before)
            transport.close()


class Process:
    """One program of a running installation, for tests that hurt it."""

    def __init__(self, supervisor: Supervisor, name: str) -> None:
        self.supervisor = supervisor
        self.name = name

    @property
    def pid(self) -> int:
        """Its process id; 0 while it does not run."""
        return int(self.info()["pid"])

    @property
    def state(self) -> str:
        """RUNNING, STOPPED, STARTING, BACKOFF, STOPPING, EXITED or FATAL."""
        return str(self.info()["statename"])

    def info(self) -> dict[str, Any]:
        info: dict[str, Any] = self.supervisor.call("getProcessInfo", self.name)
        return info

    def start(self) -> None:
        """Start it; no-op when it runs already. `Stack.wait_ready` tells when it is of use."""
        if self.state not in {"RUNNING", "STARTING", "BACKOFF"}:
            self.supervisor.call("startProcess", self.name, False)

    def stop(self) -> None:
        """SIGTERM, and SIGKILL after its grace period; it stays down until `start`."""
        if self.state in {"RUNNING", "STARTING", "BACKOFF"}:
            self.supervisor.call("stopProcess", self.name)

    def kill(self, number: signal.Signals = signal.SIGKILL) -> None:
        """End it with a signal; returns when that process is gone. The supervisor starts a new one."""
        pid = self.pid
        os.kill(pid, number)
        wait_gone(pid, seconds=ENDING_SECONDS)
        deadline = time.monotonic() + ENDING_SECONDS
        while self.pid == pid and time.monotonic() < deadline:
            time.sleep(0.02)

    def pause(self) -> None:
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        os.kill(self.pid, signal.SIGCONT)


def left_over(directory: Path) -> Iterator[int]:
    """Processes that carry the installation's mark, whoever their parent is now."""
    mark = f"{MARK}={directory}".encode()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            with contextlib.suppress(OSError):
                if mark in (entry / "environ").read_bytes().split(b"\0") and not is_zombie(entry):
                    yield int(entry.name)


def is_zombie(entry: Path) -> bool:
    """Whether a process has ended and waits for its parent. One that is gone altogether raises OSError."""
    return (entry / "stat").read_text().rpartition(")")[2].split()[0] == "Z"


def end_left_over(directory: Path, seconds: float = 10) -> None:
    """Terminate, then kill, what a supervisor that died left behind."""
    for number, patience in ((signal.SIGTERM, seconds), (signal.SIGKILL, seconds)):
        pids = list(left_over(directory))
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        deadline = time.monotonic() + patience
        while list(left_over(directory)):
            if time.monotonic() > deadline:
                break
            time.sleep(0.1)
        else:
            return
    raise LocalError(f"These processes do not end: {' '.join(map(str, left_over(directory)))}")


def wait_gone(pid: int, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    # It may go at any moment, also while it is being looked at.
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        while not is_zombie(Path(f"/proc/{pid}")):
            if time.monotonic() > deadline:
                raise LocalError(f"Process {pid} does not end.")
            time.sleep(0.05)
