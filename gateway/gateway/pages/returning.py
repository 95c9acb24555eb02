"""Back to where a link in a message led, after the login it asked for."""

from urllib.parse import urlencode

PREFIXES = ("/petugas", "/evaluasi", "/pelatihan", "/rekomendasi")
START = "/petugas"
MOST_CHARACTERS = 300


def is_for_staff(path: str) -> bool:
    return any(path == prefix or path.startswith(f"{prefix}/") for prefix in PREFIXES)


def login_address(path: str) -> str:
    """The login, which will lead to this page; the start of the staff's pages is where it leads anyway."""
    return "/masuk" if path == START else f"/masuk?{urlencode({'lanjut': path})}"


def safe_return(asked: object) -> str:
    """A page of ours to go to after the login: what was asked for, if it is one, else the queue.

    The address is anybody's to write, so it can lead to nothing but a page of the staff's here.
    """
    path = asked if isinstance(asked, str) else ""
    plain = len(path) <= MOST_CHARACTERS and path.isascii() and path.isprintable() and "\\" not in path
    return path if plain and is_for_staff(path) and "//" not in path else START
