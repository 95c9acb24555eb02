import os
from dataclasses import dataclass
from pathlib import Path

from tanggap import issuer
from tanggap.errors import CliError
from tanggap.local.layout import ROOT, Layout
from tanggap.local.stack import read_env


@dataclass(frozen=True)
class Settings:
    """Where the gateway is and how the command line proves who it is.

    What the environment says comes first, then the `env` file of the local installation: the one in
    TANGGAP_LOCAL_DIR, in a `.local` of the working directory or one above it, or in the repository.
    """

    values: dict[str, str]
    layout: Layout | None

    def need(self, name: str) -> str:
        value = self.values.get(name)
        if not value:
            raise CliError(
                f"{name} is not set and no local installation was found: `make up`, then `. .local/env`."
            )
        return value

    @property
    def url(self) -> str:
        return self.need("TANGGAP_URL").rstrip("/")

    @property
    def local(self) -> Layout:
        if self.layout is None:
            raise CliError("This needs the local installation: `make up` makes it.")
        return self.layout

    def token(self, role: str, *, unit: str | None = None, sub: str | None = None, hours: float = 8) -> str:
        """A token for one role: TANGGAP_TOKEN where it is set, else one of the local issuer."""
        given = self.values.get("TANGGAP_TOKEN")
        if given:
            return given
        return self.local_token(sub=sub or f"local-{role}", roles=[role], unit=unit, hours=hours)

    def local_token(
        self,
        *,
        sub: str,
        roles: list[str],
        unit: str | None = None,
        name: str | None = None,
        hours: float = 8,
    ) -> str:
        if os.environ.get("TANGGAP_PROFILE") == "production":
            raise CliError("The local issuer works in the development profile only.")
        if self.layout is None or not self.layout.issuer_key.exists():
            raise CliError("There is no local issuer here: `make up` makes one, or set TANGGAP_TOKEN.")
        return issuer.token(self.layout.issuer_key, sub=sub, roles=roles, unit=unit, name=name, hours=hours)


def load() -> Settings:
    directory = find_local()
    values = read_env(directory / "env") if directory else {}
    values |= {name: value for name, value in os.environ.items() if value}
    return Settings(values, Layout(directory) if directory else None)


def find_local() -> Path | None:
    named = os.environ.get("TANGGAP_LOCAL_DIR")
    here = Path.cwd()
    candidates = [Path(named)] if named else [folder / ".local" for folder in (here, *here.parents, ROOT)]
    return next((folder.absolute() for folder in candidates if (folder / "env").exists()), None)
