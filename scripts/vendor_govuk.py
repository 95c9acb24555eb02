"""Fetch govuk-frontend from npm and write the stylesheet the pages ship.

Needed only to change the version: the result is committed and `VENDOR.json` pins its hash, so neither
a build nor a run needs npm. The font and the crest in the package may not be used outside gov.uk; they
are cut out here, and the script stops if upstream moved anything it relies on.

    python scripts/vendor_govuk.py
"""

import hashlib
import json
import re
import subprocess
import tarfile
import tempfile
from pathlib import Path

VERSION = "6.3.0"
FONT_PLACES = 55
VENDOR = Path(__file__).parent.parent / "gateway/gateway/pages/static/vendor"
TARGET = VENDOR / f"govuk-frontend-{VERSION}"


def rewrite(css: str) -> str:
    """Return the stylesheet without the font and the images that are licensed for gov.uk only."""
    css, faces = re.subn(r"@font-face\{[^}]*\}", "", css)
    expect(faces == 2, f"2 font faces, found {faces}")
    css = re.sub(r"/\*! Copyright \(c\) 2011 by Margaret Calvert.*?\*/", "", css)
    css = re.sub(r"/\*# sourceMappingURL=.*?\*/", "", css)
    places = css.count("GDS Transport,arial,sans-serif")
    expect(places == FONT_PLACES, f"{FONT_PLACES} uses of the font, found {places}")
    css = css.replace("GDS Transport,arial,sans-serif", "arial,sans-serif")
    crests = css.count("url(/assets/images/govuk-crest.svg)")
    expect(crests == 3, f"3 uses of the crest, found {crests}")
    css = re.sub(r"(?<=[{}])[^{}]*\{[^{}]*govuk-crest\.svg[^{}]*\}", "", css)
    for forbidden in ("GDS Transport", "crest", "/assets/", "url("):
        expect(forbidden not in css, f"no {forbidden!r} left")
    return css.strip() + "\n"


def expect(condition: bool, what: str) -> None:
    if not condition:
        raise SystemExit(f"govuk-frontend {VERSION} is not as expected: {what}")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            ["npm", "pack", "--silent", f"govuk-frontend@{VERSION}"], cwd=folder, check=True, timeout=300
        )
        with tarfile.open(Path(folder) / f"govuk-frontend-{VERSION}.tgz") as archive:
            member = archive.extractfile("package/dist/govuk/govuk-frontend.min.css")
            expect(member is not None, "a minified stylesheet")
            source = member.read().decode()  # type: ignore[union-attr]  # checked in the line above
    TARGET.mkdir(parents=True, exist_ok=True)
    css = TARGET / "govuk-frontend.min.css"
    css.write_text(rewrite(source))
    entry = {
        "name": "govuk-frontend",
        "version": VERSION,
        "licence": "MIT",
        "source": f"https://registry.npmjs.org/govuk-frontend/-/govuk-frontend-{VERSION}.tgz",
        "licence_source": f"https://github.com/alphagov/govuk-frontend/blob/v{VERSION}/LICENSE.txt",
        "changes": "scripts/vendor_govuk.py: gov.uk font, crest and source map removed",
        "files": {
            str(path.relative_to(VENDOR)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(TARGET.iterdir())
        },
    }
    (VENDOR / "VENDOR.json").write_text(json.dumps([entry], indent=2) + "\n")


if __name__ == "__main__":
    main()
