import base64
import json
import secrets
from pathlib import Path

from tanggap.files import write_private
from tanggap.local.layout import Layout

RINGS = (
    "TANGGAP_SEAL_KEYS_COMPLAINTS",
    "TANGGAP_SEAL_KEYS_NOTIFICATIONS",
    "TANGGAP_SEAL_KEYS_SURVEYS",
    "TANGGAP_SEAL_KEYS_EVALUATION",
    "TANGGAP_SURVEY_KEYS",
    "TANGGAP_SURVEY_STORE_KEYS",
    "TANGGAP_HMAC_KEYS",
    "TANGGAP_VAULT_KEYS",
)
PASSWORDS = ("broker_admin", "database_admin", "database_operator", "database_key", "erlang_cookie")


class Secrets:
    """Random secrets of one installation, made once and kept in a file that only its owner reads."""

    def __init__(self, layout: Layout) -> None:
        self.file: Path = layout.secrets / "secrets.json"
        self.values: dict[str, str] = json.loads(self.file.read_text()) if self.file.exists() else {}
        fresh = {name: ring() for name in RINGS if name not in self.values}
        fresh |= {name: secrets.token_hex(24) for name in PASSWORDS if name not in self.values}
        if fresh:
            self.values |= fresh
            self.save()

    def __getitem__(self, name: str) -> str:
        """A secret of this name; one that is asked for the first time is made and kept."""
        if name not in self.values:
            self.values[name] = secrets.token_hex(24)
            self.save()
        return self.values[name]

    def save(self) -> None:
        write_private(self.file, json.dumps(self.values, indent=1))


def ring() -> str:
    """A key ring of one 256-bit key, `kid:base64url`."""
    key = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode().rstrip("=")
    return f"k1:{key}"
