"""Names of survey periods as people say them, from the codes that travel between programs."""

import re
from collections.abc import Callable
from datetime import date

from .language import N_

CODE = re.compile(r"(\d{4})(?:-(?:Q([1-4])(-R4)?|H([12])|(0[1-9]|1[0-2])))?")
ROMAN = ("", "I", "II", "III", "IV")
ROLLING = N_("Empat triwulan sampai triwulan %(number)s %(year)s")
QUARTER = N_("Triwulan %(number)s %(year)s")
HALF = N_("Semester %(number)s %(year)s")
YEAR = N_("Tahun %(year)s")


def is_period(code: str) -> bool:
    """Tell whether a text can be a period's code: `2026-Q3`, `2026-Q3-R4`, `2026-H2`, `2026-07` or `2026`."""
    return CODE.fullmatch(code) is not None


def around(day: date) -> list[str]:
    """The codes of the periods that a unit may be asking about on a day, or has just asked about."""
    quarter = (day.month - 1) // 3 + 1
    before = f"{day.year}-Q{quarter - 1}" if quarter > 1 else f"{day.year - 1}-Q4"
    half = 1 if day.month <= 6 else 2
    former_half = f"{day.year}-H1" if half == 2 else f"{day.year - 1}-H2"
    return [
        f"{day.year}-Q{quarter}", before, f"{day.year}-H{half}", former_half, str(day.year), str(day.year - 1)
    ]  # fmt: skip


def name(code: str | None, translate: Callable[[str], str], month: Callable[[str], str]) -> str:
    """`Triwulan III 2026` from `2026-Q3`; a code of another form comes back unchanged."""
    found = CODE.fullmatch(code or "")
    if found is None:
        return code or ""
    year, quarter, rolling, half, month_number = found.groups()
    if month_number:
        return month(found[0])
    if quarter:
        text = ROLLING if rolling else QUARTER
        return translate(text) % {"number": ROMAN[int(quarter)], "year": year}
    if half:
        return translate(HALF) % {"number": half, "year": year}
    return translate(YEAR) % {"year": year}
