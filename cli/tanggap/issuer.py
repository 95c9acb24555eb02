"""The local issuer of staff tokens, for the development profile: production refuses what it signs."""

import json
import secrets
import time
from pathlib import Path
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey

from tanggap.files import write_private

ISSUER = "urn:tanggap:local"
AUDIENCE = "tanggap"


def ensure_key(key_file: Path, jwks_file: Path) -> None:
    """Make the signing key once, and write the public key set that the gateway reads."""
    if not key_file.exists():
        key = ECKey.generate_key(
            "P-256", {"kid": secrets.token_hex(8), "use": "sig", "alg": "ES256"}, private=True
        )
        write_private(key_file, json.dumps(key.as_dict(private=True)))
    public = load(key_file).as_dict(private=False)
    jwks_file.write_text(json.dumps({"keys": [public]}, indent=1) + "\n")


def load(key_file: Path) -> ECKey:
    return ECKey.import_key(json.loads(key_file.read_text()))


def token(
    key_file: Path,
    *,
    sub: str,
    roles: list[str],
    unit: str | None = None,
    name: str | None = None,
    hours: float = 8,
) -> str:
    """A signed access token (RFC 9068) as the gateway expects it from an identity provider."""
    key = load(key_file)
    now = int(time.time())
    claims: dict[str, Any] = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": sub,
        "roles": roles,
        "iat": now,
        "exp": now + int(hours * 3600),
        "jti": secrets.token_hex(16),
    }
    if unit:
        claims["unit"] = unit
    if name:
        claims["name"] = name
    header = {"alg": "ES256", "typ": "at+jwt", "kid": str(key.kid)}
    return jwt.encode(header, claims, key, algorithms=["ES256"])
