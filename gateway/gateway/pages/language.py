"""Choice of language and its texts.

Message ids are the Indonesian texts themselves; `locale/en` translates them. Catalogues are compiled in
memory when the process starts, so that the `.po` file is the only source and nothing has to be built.
"""

import gettext
import io
from functools import cache
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from starlette.requests import Request

LANGUAGES = ("id", "en")
COOKIE = "tanggap_lang"
LOCALE_DIR = Path(__file__).parent / "locale"


def N_(message: str) -> str:
    """Mark a text for translation where it is defined; it is translated where it is shown."""
    return message


def choose(request: Request) -> str:
    """Return the language of a request: `?lang=`, then the cookie, then Accept-Language, then Indonesian."""
    for wish in (request.query_params.get("lang"), request.cookies.get(COOKIE)):
        if wish in LANGUAGES:
            return str(wish)
    for wish in accepted(request.headers.get("accept-language", "")):
        if wish in LANGUAGES:
            return wish
    return LANGUAGES[0]


def accepted(header: str) -> list[str]:
    """Return the primary language tags of an Accept-Language header, best first; tolerant of nonsense."""
    weighted = []
    for position, part in enumerate(header[:500].split(",")):
        tag, _, weight = part.strip().partition(";q=")
        try:
            quality = float(weight) if weight else 1.0
        except ValueError:
            continue
        if quality > 0:
            weighted.append((-quality, position, tag.split("-")[0].strip().lower()))
    return [tag for _, _, tag in sorted(weighted)]


@cache
def translations(language: str) -> gettext.NullTranslations:
    """Return the texts of a language; Indonesian is the language of the ids."""
    if language == LANGUAGES[0]:
        return gettext.NullTranslations()
    with (LOCALE_DIR / language / "LC_MESSAGES" / "pages.po").open("rb") as source:
        catalogue = read_po(source, locale=language)
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)
