import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
"""The repository: the local installation always runs the code beside it."""

SOCKET_PATH_LIMIT = 100


@dataclass(frozen=True)
class Layout:
    """Where an installation keeps its things; every path lies below one directory."""

    directory: Path

    @property
    def data(self) -> Path:
        return self.directory / "data"

    @property
    def secrets(self) -> Path:
        return self.directory / "secrets"

    @property
    def run(self) -> Path:
        return self.directory / "run"

    @property
    def log(self) -> Path:
        return self.directory / "log"

    @property
    def mail(self) -> Path:
        return self.directory / "mail"

    @property
    def env(self) -> Path:
        return self.directory / "env"

    @property
    def sample_journal(self) -> Path:
        return self.directory / "sample.sqlite"

    @property
    def jwks(self) -> Path:
        return self.directory / "jwks.json"

    @property
    def issuer_key(self) -> Path:
        return self.secrets / "issuer.json"

    @property
    def supervisor_config(self) -> Path:
        return self.run / "supervisord.conf"

    @property
    def identity(self) -> str:
        """Tells this installation from others on the same machine."""
        return hashlib.sha256(str(self.directory).encode()).hexdigest()[:8]

    @property
    def socket(self) -> Path:
        """The supervisor's socket; outside the directory only when its path would be too long for one."""
        inside = self.run / "supervisor.sock"
        if len(str(inside)) <= SOCKET_PATH_LIMIT:
            return inside
        return Path(tempfile.gettempdir()) / f"tanggap-{os.getuid()}-{self.identity}.sock"

    def create(self) -> None:
        for folder in (self.directory, self.data, self.secrets, self.run, self.log, self.mail):
            folder.mkdir(parents=True, exist_ok=True)
        for private in (self.data, self.secrets, self.run, self.mail):
            private.chmod(0o700)
