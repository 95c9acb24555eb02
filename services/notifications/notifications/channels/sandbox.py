"""Nothing leaves: the answers are made here, by the address, as GOV.UK Notify's simulators do."""

from __future__ import annotations

from notifications.channels import Mail
from notifications.domain.smtp_replies import Outcome, classify

SIMULATOR_DOMAIN = "simulator.tanggap.invalid"

_ANSWERS = {
    "ok": (250, b"2.0.0 simulated"),
    "permfail": (550, b"5.1.1 simulated"),
    "tempfail": (451, b"4.3.0 simulated"),
    "techfail": (554, b"5.7.1 simulated"),
}


class SandboxLine:
    """Accepts every mail, but for simulated recipients (`permfail@simulator.tanggap.invalid` and others)."""

    def send(self, mail: Mail) -> Outcome:
        local, _, domain = mail.to.partition("@")
        return classify(*_ANSWERS.get(local if domain == SIMULATOR_DOMAIN else "ok", _ANSWERS["ok"]))

    def close(self) -> None:
        """There is no line."""
