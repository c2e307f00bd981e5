"""What a user has loaded, kept under ``var/terminology``: checked, written whole or not at all.

A delivered file is read, checked and written in one form: a first line that says what it came
from (JSON), then one row a line, cells parted by tabs. What was kept before is replaced in one
step, and stays where the new file is refused.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

from data.files import replace_text
from data.terminology.official.ama import LAYOUTS, copyright_year, layout_of, parse_cpt
from data.terminology.official.fees import (
    fee_release_in_name,
    fee_release_in_title,
    fee_years,
    parse_fees,
)
from data.terminology.official.hcpcs import HcpcsRow, hcpcs_release_in_name, parse_hcpcs
from data.terminology.official.periods import agreed, period_of
from data.terminology.official.text import AGAIN, read_lines, refuse
from data.terminology.procedure_codes import cpt_is_on

FORM = 1
"""Version of the kept files' form."""
ENDING = ".tsv"
Rows = Sequence[tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Kept:
    """What a kept file says of itself.

    Attributes:
        source: the delivered file's name, and ``sha256`` its bytes.
        first, last: the days the release is for, both included.
    """

    kind: str
    release: str
    source: str
    sha256: str
    first: date
    last: date
    rows: int
    form: int = FORM

    @property
    def name(self) -> str:
        return f"{self.kind}-{self.release}{ENDING}"

    @property
    def is_ama(self) -> bool:
        """Whether the file is the AMA's, and stays out where CPT is switched off."""
        return self.kind.startswith("cpt-")


@dataclass(frozen=True, slots=True)
class Delivery:
    """A delivered file as it was read: rows to keep, and the release they are of."""

    kind: str
    release: str
    rows: Rows
    yearly: bool = False


LEAST = {
    "hcpcs": 5000,
    "fees": 8000,
    "cpt-short": 5000,
    "cpt-medium": 5000,
    "cpt-long": 5000,
    "cpt-consumer": 5000,
    "cpt-clinician": 5000,
}
"""Fewer rows than a whole file has: one that ends before its time, at a line's end."""
WORDS = {
    "hcpcs": "HCPCS Level II",
    "fees": "physician fee schedule",
    **{f"cpt-{layout.kind}": f"CPT {layout.kind} descriptors" for layout in LAYOUTS},
}
"""Kind → what it is called."""


def _read_cpt(lines: Sequence[str], name: str, release: str | None) -> Delivery:
    layout = layout_of(name)
    year = copyright_year(lines)
    told = release or (str(year + 1) if year else None)
    if told is None:
        raise refuse(name, None, "nothing says of which year this is; add --release, as 2026")
    period_of(told, True, name)
    if year and int(told[:4]) not in (year, year + 1):
        raise refuse(
            name, None, f"its notice says copyright {year}, which is CPT {year + 1}, and "
            f"--release {told}; take the file of the year you mean",
        )  # fmt: skip
    return Delivery(f"cpt-{layout.kind}", told, parse_cpt(lines, name, layout), True)


def _read_hcpcs(lines: Sequence[str], name: str, release: str | None) -> Delivery:
    told = agreed({"--release": release, "the file's name": hcpcs_release_in_name(name)}, name)
    first, _ = period_of(told, False, name)
    rows = parse_hcpcs(lines, name)
    newest = max((row.changed for row in rows if row.changed), default=None)
    # Every January brings changes, and later quarters keep them: the newest is of the year.
    if newest is None or not first.year <= newest.year <= first.year + 1:
        raise refuse(
            name, None, f"its newest change is of {newest}, so it is not of {told}; take the "
            "file of the release you mean",
        )  # fmt: skip
    return Delivery("hcpcs", told, [_cells(row) for row in rows])


def _cells(row: HcpcsRow) -> tuple[str, ...]:
    days = (day.isoformat() if day else "" for day in (row.added, row.changed, row.ended))
    return row.code, row.long, row.short, *days, row.action


def _read_fees(lines: Sequence[str], name: str, release: str | None) -> Delivery:
    told = {
        "--release": release,
        "the file's name": fee_release_in_name(name),
        "the heading": fee_release_in_title(lines),
    }
    agreed_on = agreed(told, name)
    period_of(agreed_on, False, name)
    agreed({**fee_years(lines, name), f"the release {agreed_on}": agreed_on[:4]}, name)
    return Delivery("fees", agreed_on, parse_fees(lines, name))


READERS: dict[str, Callable[[Sequence[str], str, str | None], Delivery]] = {
    "cpt": _read_cpt,
    "hcpcs": _read_hcpcs,
    "fees": _read_fees,
}
"""What ``superbill data load`` is told → the reader."""


def keep_official(what: str, source: Path, folder: Path, release: str | None = None) -> Kept:
    """Check a delivered file and keep its rows under ``folder``.

    Args:
        what: one of :data:`READERS`.
        release: the release's name, where neither the file's name nor its heading has it.

    Raises:
        OfficialFileError: the file cannot be taken; what was kept before stays.
    """
    lines, data = read_lines(source)
    delivery = READERS[what](lines, source.name, release)
    kind, least = delivery.kind, LEAST[delivery.kind]
    if len(delivery.rows) < least:
        raise refuse(
            source.name, len(lines), f"the file ends after {len(delivery.rows)} rows, a whole one "
            f"has more than {least}; it may be cut: {AGAIN}",
        )  # fmt: skip
    days = period_of(delivery.release, delivery.yearly, source.name)
    digest = hashlib.sha256(data).hexdigest()
    kept = Kept(kind, delivery.release, source.name, digest, *days, len(delivery.rows))
    about = json.dumps(asdict(kept), default=str)
    body = "".join("\t".join(row) + "\n" for row in _without_tabs(delivery.rows))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        replace_text(f"{about}\n{body}", folder / kept.name)
    except OSError as error:
        reason = (error.strerror or "not writable").lower()
        raise refuse(str(folder / kept.name), None, f"cannot be written: {reason}") from error
    return kept


def _without_tabs(rows: Rows) -> Iterator[tuple[str, ...]]:
    """Rows whose cells keep to one line and one column, whatever stood in them."""
    for row in rows:
        yield tuple(" ".join(c.split()) if any(b in c for b in "\t\r\n") else c for c in row)


def _about(path: Path, line: str) -> Kept:
    try:
        said = json.loads(line)
        days = [date.fromisoformat(said.pop(name)) for name in ("first", "last")]
        kept = Kept(first=days[0], last=days[1], **said)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise _damaged(path) from error
    if kept.form != FORM or kept.name != path.name:
        raise _damaged(path)
    return kept


def _damaged(path: Path) -> Exception:
    kind = path.name.split("-")[0]
    return refuse(
        str(path), None, f"is damaged or of another version; load it again with "
        f"`superbill data load {kind}`",
    )  # fmt: skip


def kept_files(folder: Path | None, kinds: Sequence[str] = tuple(WORDS)) -> list[Kept]:
    """What is kept under ``folder``, oldest release first; the AMA's too.

    Raises:
        OfficialFileError: a kept file is damaged.
    """
    found = []
    if folder is None:
        return []
    for kind in kinds:
        for path in folder.glob(f"{kind}-[12]*{ENDING}"):
            with path.open(encoding="utf-8", errors="replace") as handle:
                found.append(_about(path, handle.readline()))
    return sorted(found, key=lambda kept: kept.first)


def kept_in_use(folder: Path | None, kinds: Sequence[str] = tuple(WORDS)) -> list[Kept]:
    """As :func:`kept_files`, without the AMA's files where CPT is switched off."""
    on = cpt_is_on()
    return [kept for kept in kept_files(folder, kinds) if on or not kept.is_ama]


def read_rows(kept: Kept, folder: Path) -> list[str]:
    """The rows of a kept file as they stand, cells parted by tabs.

    Raises:
        OfficialFileError: the file has fewer or more rows than it says.
    """
    path = folder / kept.name
    try:
        rows = path.read_text("utf-8").split("\n")[1:-1]
    except (OSError, UnicodeDecodeError) as error:
        raise _damaged(path) from error
    if len(rows) != kept.rows:
        raise _damaged(path)
    return rows
