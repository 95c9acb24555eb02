"""What the pages need to know about the installation; the gateway's application builds it once."""

from collections.abc import Callable
from dataclasses import dataclass, field

import httpx


@dataclass(frozen=True)
class StaffIdentity:
    """A sample member of staff whom the development profile lets anybody become."""

    ref: str
    name: str
    roles: tuple[str, ...]
    unit: str | None = None


@dataclass(frozen=True)
class OidcSettings:
    """A client of the city's identity provider: authorization code with PKCE."""

    issuer: str
    client_id: str
    client_secret: str | None = field(default=None, repr=False)
    scope: str = "openid"
    # How the provider is reached; None is the network, tests bring a provider of their own.
    transport: httpx.AsyncBaseTransport | None = field(default=None, repr=False)


@dataclass(frozen=True)
class PageSettings:
    """Immutable settings of the pages.

    `keys` sign forms and the login state; the first signs, all verify. `local_token` turns a sample
    identity into a token and exists in the development profile alone.
    """

    keys: tuple[bytes, ...] = field(repr=False)
    public_url: str
    sample_mark: str = ""
    development: bool = False
    sample_staff: tuple[StaffIdentity, ...] = ()
    local_token: Callable[[StaffIdentity], str] | None = None
    oidc: OidcSettings | None = None

    @property
    def secure(self) -> bool:
        """True when the public address is HTTPS, so cookies may carry the `__Host-` prefix."""
        return self.public_url.startswith("https://")
