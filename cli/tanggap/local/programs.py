import shlex
import sys
from dataclasses import dataclass, field
from pathlib import Path

from tanggap.files import write_private
from tanggap.local.layout import Layout

MARK = "TANGGAP_INSTALLATION"
"""Every process of an installation carries its directory in this variable, so that none is left behind."""

LOG_BYTES = "10MB"
LOG_BACKUPS = 3


@dataclass(frozen=True)
class Program:
    """One supervised process: started by the supervisor, and restarted by it when it ends."""

    name: str
    command: list[str]
    environment: dict[str, str] = field(repr=False)
    priority: int = 100
    stop_seconds: int = 15
    ready_url: str | None = None


def write_script(layout: Layout, program: Program) -> Path:
    """A script that becomes the program with its environment; a person can run it by hand too.

    It holds secrets, so only its owner reads it. What the caller's environment holds of ours is dropped: a
    variable left over from another installation must not leak into this one.
    """
    lines = [
        "#!/bin/sh",
        'for name in $(env | sed -n "s/^\\(TANGGAP_[A-Z_]*\\)=.*/\\1/p"); do unset "$name"; done',
    ]
    settings = {MARK: str(layout.directory), **program.environment}
    lines += [f"export {name}={shlex.quote(value)}" for name, value in sorted(settings.items())]
    lines.append("exec " + shlex.join(program.command))
    path = layout.run / program.name
    write_private(path, "\n".join(lines) + "\n")
    path.chmod(0o700)
    return path


def write_supervisor_config(layout: Layout, programs: list[Program]) -> None:
    """Configuration of a supervisor whose socket only the owner reaches.

    Nothing starts by itself: the order matters, and `Stack.up` keeps it. What has been started is kept
    running, with growing pauses between attempts, for as long as the supervisor lives.
    """
    sections = [
        "[unix_http_server]",
        f"file = {escape(layout.socket)}",
        "chmod = 0700",
        "[supervisord]",
        f"logfile = {escape(layout.log / 'supervisor.log')}",
        f"logfile_maxbytes = {LOG_BYTES}",
        f"logfile_backups = {LOG_BACKUPS}",
        f"pidfile = {escape(layout.run / 'supervisord.pid')}",
        f"childlogdir = {escape(layout.log)}",
        f"directory = {escape(layout.directory)}",
        f"identifier = tanggap-{layout.identity}",
        "umask = 077",
        "[rpcinterface:supervisor]",
        "supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface",
    ]
    for program in programs:
        sections += [
            f"[program:{program.name}]",
            f"command = {escape(write_script(layout, program))}",
            "autostart = false",
            "autorestart = true",
            "startsecs = 1",
            "startretries = 1000",
            "stopsignal = TERM",
            f"stopwaitsecs = {program.stop_seconds}",
            "killasgroup = true",
            f"priority = {program.priority}",
            "redirect_stderr = true",
            f"stdout_logfile = {escape(layout.log / (program.name + '.log'))}",
            f"stdout_logfile_maxbytes = {LOG_BYTES}",
            f"stdout_logfile_backups = {LOG_BACKUPS}",
        ]
    write_private(layout.supervisor_config, "\n".join(sections) + "\n")


def escape(value: object) -> str:
    """supervisor expands `%(name)s` in values and splits commands like a shell."""
    return str(value).replace("%", "%%")


def python(*arguments: str) -> list[str]:
    return [sys.executable, *arguments]
