"""Names of releases and the days they are for.

CMS files come by quarter, ``2026-04``, and the next quarter's replaces them. CPT comes by
year, ``2026``, in force from January; a quarterly delivery is in force until the year ends.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, timedelta

from data.terminology.official.text import refuse

QUARTERS = {"jan": "01", "apr": "04", "jul": "07", "oct": "10"}
"""Release names in file names and headings → month."""
_NAME = re.compile(r"^(\d{4})(?:-(01|04|07|10))?$")
_YEARS = range(1990, 2100)


def quarter(year: str, month: str) -> str:
    """``("26", "Apr")`` or ``("2026", "April")`` → ``2026-04``."""
    return f"{year if len(year) == 4 else '20' + year}-{QUARTERS[month[:3].lower()]}"


def period_of(release: str, yearly: bool, name: str) -> tuple[date, date]:
    """First and last day of a release.

    Args:
        yearly: whether it is in force until its year ends rather than its quarter.
        name: the file that is loaded, for the error.

    Raises:
        OfficialFileError: the release's name has another form.
    """
    match = _NAME.match(release)
    if not match or int(match[1]) not in _YEARS or not (match[2] or yearly):
        form = "YYYY, or YYYY-01, -04, -07 or -10" if yearly else "YYYY-01, -04, -07 or -10"
        raise refuse(name, None, f"release {release!r}: write {form}")
    first = date(int(match[1]), int(match[2] or 1), 1)
    if yearly or first.month == 10:
        return first, date(first.year, 12, 31)
    return first, date(first.year, first.month + 3, 1) - timedelta(days=1)


def agreed(told: Mapping[str, str | None], name: str) -> str:
    """The one release that all who name it agree on.

    Args:
        told: who says so (``"the file's name"``) → the release, or None.

    Raises:
        OfficialFileError: nobody names a release, or two name different ones.
    """
    said = {who: release for who, release in told.items() if release}
    if not said:
        raise refuse(name, None, "nothing says which release this is; add --release, as 2026-04")
    if len(set(said.values())) > 1:
        words = ", ".join(f"{who} says {release}" for who, release in said.items())
        raise refuse(name, None, f"{words}; take the file of the release you mean")
    return next(iter(said.values()))
