#!/usr/bin/env python3
"""Make the secrets of an installation with compose: `make_secrets.py [FOLDER]`, by default .local/compose.

By the repository's Python, or by the tools image (`docker compose run --rm secrets`). It may run again: what
exists is kept, and what is made of other files follows them.

The folder is its owner's alone. The files in it may be read by everybody who gets that far, and that is a
container they are mounted into: its user is nobody on this machine.
"""

import secrets
import sys
from pathlib import Path
from shlex import quote

from servicekit.sealing import generate_key
from tanggap import issuer

SERVICES = ("complaints", "notifications", "surveys", "evaluation")
BROKER_USERS = ("gateway", *SERVICES)
RINGS = (
    *(f"seal_keys_{service}" for service in SERVICES),
    "vault_keys",
    "survey_keys",
    "survey_store_keys",
    "hmac_keys",
    "backup_key",
)


class Folder:
    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(parents=True, exist_ok=True)
        path.chmod(0o700)

    def once(self, name: str, fresh: str) -> str:
        """What the file holds; `fresh`, kept from now on, if there is none."""
        file = self.path / name
        if not file.exists():
            self.put(name, fresh)
        return file.read_text().strip()

    def put(self, name: str, text: str) -> None:
        file = self.path / name
        written = file.with_suffix(".new")
        written.write_text(text + "\n")
        written.chmod(0o444)
        written.rename(file)

    def password(self, name: str) -> str:
        return self.once(name, secrets.token_hex(24))


def make(folder: Folder) -> None:
    admin = folder.password("broker_admin_password")
    folder.put("broker_admin.conf", f"default_user = admin\ndefault_pass = {admin}")
    folder.put("broker_management_url", f"http://admin:{admin}@broker:15672")
    for user in BROKER_USERS:
        password = folder.password(f"{user}_broker_password")
        folder.put(f"{user}_amqp_url", f"amqp://{user}:{password}@broker:5672/%2F")
    operators = {
        "AMQP_URL": f"amqp://admin:{admin}@broker:5672/%2F",
        "AMQP_MANAGEMENT_URL": f"http://admin:{admin}@broker:15672",
    }
    operator = folder.password("operator_database_password")
    for name in SERVICES:
        server = f"database-{name}:27017"
        folder.once(f"{name}_database_key", secrets.token_hex(128))
        admin = folder.password(f"{name}_database_admin_password")
        password = folder.password(f"{name}_database_password")
        options = f"replicaSet=rs0&authSource={name}"
        folder.put(f"{name}_database_admin_url", f"mongodb://admin:{admin}@{server}/")
        folder.put(f"{name}_mongodb_url", f"mongodb://{name}:{password}@{server}/{name}?{options}")
        operators[f"MONGODB_ADMIN_URL_{name.upper()}"] = f"mongodb://admin:{admin}@{server}/"
        reading = f"mongodb://operator:{operator}@{server}/{name}?{options}"
        operators[f"TANGGAP_{name.upper()}_DB"] = reading
    for ring in RINGS:
        folder.once(ring, generate_key("k1"))
    folder.put("operator.env", "\n".join(f"export {name}={quote(url)}" for name, url in operators.items()))
    make_issuer(folder)


def make_issuer(folder: Folder) -> None:
    """The key that signs staff's tokens in the development profile, and what the gateway checks them with."""
    key, public = folder.path / "issuer.json", folder.path / "issuer_jwks.json"
    if not (key.exists() and public.exists()):
        issuer.ensure_key(key, public)
        key.chmod(0o444)
        public.chmod(0o444)


if __name__ == "__main__":
    target = Path(sys.argv[1] if len(sys.argv) > 1 else ".local/compose") / "secrets"
    make(Folder(target))
    sys.stdout.write(f"{len(list(target.iterdir()))} secrets are in {target}\n")
