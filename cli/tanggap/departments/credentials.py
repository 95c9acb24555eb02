"""What a department's system proves itself with. Made here, shown once, stored nowhere."""

import hashlib
import json
import secrets
import shlex
from dataclasses import dataclass, field

KEY_BYTES = 32


def new_key(code: str) -> str:
    """An API key `tgd_<code>_<43 characters>` of 256 random bits."""
    return f"tgd_{code}_{secrets.token_urlsafe(KEY_BYTES)}"


def digest(key: str) -> str:
    """What Tanggap stores of a key: its SHA-256 in hex."""
    return hashlib.sha256(key.encode()).hexdigest()


def code_of(key: str) -> str:
    """The department that a key names; empty for what is no key."""
    prefix, _, rest = key.partition("_")
    return rest[: -len("_") - 43] if prefix == "tgd" and len(rest) > 44 else ""


@dataclass(frozen=True)
class Credentials:
    """Both ways in, to be handed to a department. `amqp_url` is None where only HTTP is possible."""

    code: str
    url: str
    api_key: str = field(repr=False)
    amqp_url: str | None = field(default=None, repr=False)

    def as_env(self) -> str:
        """Shell assignments, for `eval`."""
        values = {"TANGGAP_URL": self.url, "TANGGAP_DEPARTMENT_KEY": self.api_key}
        if self.amqp_url:
            values["TANGGAP_DEPARTMENT_AMQP_URL"] = self.amqp_url
        return "\n".join(f"export {name}={shlex.quote(value)}" for name, value in values.items())

    def as_json(self) -> str:
        return json.dumps(
            {"code": self.code, "url": self.url, "api_key": self.api_key, "amqp_url": self.amqp_url}, indent=1
        )

    def as_text(self) -> str:
        """For a person: what to hand over, and a first call to try."""
        lines = [
            "",
            "Hand these over by a safe way. They are shown this once and kept nowhere:",
            f"  API key    {self.api_key}",
        ]
        if self.amqp_url:
            lines.append(f"  AMQP URL   {self.amqp_url}")
        lines += [
            "",
            "The first event, over HTTP:",
            f"  curl -i {self.url}/v1/events \\",
            f"    -H 'Authorization: Bearer {self.api_key}' \\",
            "    -H 'Content-Type: application/cloudevents+json' -d @event.json",
        ]
        if self.amqp_url:
            lines += [
                "",
                f"Over AMQP: exchange departments.events, routing key {self.code}.<type>, mandatory, with",
                f"confirms, user_id {self.amqp_url.partition('://')[2].partition(':')[0]}.",
            ]
        lines += ["", "How to go on: docs/departments.md"]
        return "\n".join(lines)
