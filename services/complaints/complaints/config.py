"""What this process needs to know, read once from the environment."""

from __future__ import annotations

from dataclasses import dataclass, field

from servicekit.config import ServiceConfig, Settings, read_service_config
from servicekit.sealing import KeyRing

SERVICE = "complaints"


@dataclass(frozen=True)
class ComplaintsConfig:
    """The kit's settings, and the ring that wraps the vault's data keys."""

    kit: ServiceConfig
    vault_keys: KeyRing = field(repr=False)


def read_config() -> ComplaintsConfig:
    """Raises ConfigurationError with one line for every variable that is missing or wrong."""
    settings = Settings()
    vault_keys = settings.key_ring("TANGGAP_VAULT_KEYS")
    kit = read_service_config(SERVICE, settings)
    if vault_keys is None or kit.seal_keys is None:
        settings.problems.append("TANGGAP_SEAL_KEYS_COMPLAINTS, TANGGAP_VAULT_KEYS: expected key rings")
        settings.check()
        raise AssertionError("unreachable")
    return ComplaintsConfig(kit, vault_keys)
