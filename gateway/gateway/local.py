"""Signing in as a sample member of staff: development only, with a key that production refuses to load."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from pathlib import Path

import orjson
from joserfc import jwt
from joserfc.jwk import ECKey

from gateway.config import LOCAL_ISSUER, Config
from gateway.pages.settings import StaffIdentity
from servicekit.yaml_files import read_yaml

_TOKEN_SECONDS = 10 * 3600


def sample_staff(config: Config) -> tuple[StaffIdentity, ...]:
    """The invented people of the sample city; nobody outside development."""
    if not config.development or not config.sample_staff:
        return ()
    document = read_yaml(config.sample_staff) or []
    people = document.get("staff", []) if isinstance(document, dict) else document
    return tuple(
        StaffIdentity(person["ref"], person["name"], tuple(person.get("roles") or ()), person.get("unit"))
        for person in people
    )


def token_maker(config: Config) -> Callable[[StaffIdentity], str] | None:
    """Signs tokens of the local issuer, or None where there is no such key."""
    if not config.development or not config.local_issuer_key:
        return None
    key = ECKey.import_key(orjson.loads(Path(config.local_issuer_key).read_bytes()))

    def make(person: StaffIdentity) -> str:
        now = int(time.time())
        claims = {
            "iss": LOCAL_ISSUER,
            "aud": config.jwt_audience,
            "sub": person.ref,
            "iat": now,
            "exp": now + _TOKEN_SECONDS,
            "jti": str(uuid.uuid4()),
            "roles": list(person.roles),
            **({"unit": person.unit} if person.unit else {}),
        }
        return jwt.encode({"alg": "ES256", "typ": "at+jwt", "kid": key.kid}, claims, key)

    return make
