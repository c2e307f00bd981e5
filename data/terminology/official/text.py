"""Reading a delivered file: decoded, in lines, and refused with a reason where it is no such file.

Every refusal is an :class:`OfficialFileError` that names file, line (where there is one),
what is wrong and what to do.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

from data.schemas import System
from data.terminology.icd10cm import ReleaseError
from data.terminology.procedure_codes import CODE_FORMS

AGAIN = "download the file again"
_HTML_HEAD = 1000
"""Characters at the beginning of a file where a saved web page shows itself."""
_BINARY = {
    b"PK\x03\x04": "a zip archive or an Excel workbook: unpack it, or save the sheet as CSV",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook: save the sheet as CSV",
    b"%PDF": "a PDF: take the text or CSV file of the same delivery",
    b"\xff\xfe": "UTF-16 text: save it as UTF-8",
    b"\xfe\xff": "UTF-16 text: save it as UTF-8",
}
_DOS_END = "\x1a"
_NO_CODE = "{!r} is no {} code; spreadsheets drop leading zeros, so load the file as delivered"


class OfficialFileError(ReleaseError):
    """A delivered file that cannot be taken; the message names file, line and fix."""


def refuse(name: str, line: int | None, reason: str) -> OfficialFileError:
    """The error to raise for ``line`` (from 1) of the file ``name``."""
    return OfficialFileError(f"{name}: line {line}: {reason}" if line else f"{name}: {reason}")


def _decoded(data: bytes, name: str) -> str:
    """UTF-8, else the Windows code page that older deliveries are written in.

    Raises:
        OfficialFileError: neither fits; the message gives the line of the first bad byte.
    """
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            return data.decode("cp1252")
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            raise refuse(
                name, line, f"byte {data[error.start]:#04x} is neither UTF-8 nor Windows-1252 text"
            ) from error


def lines_of(data: bytes, name: str) -> list[str]:
    """The lines of a delivered text file, without their ends.

    Raises:
        OfficialFileError: empty, binary, a web page, of another encoding, or ending in the
            middle of a line (a download that broke off).
    """
    for magic, what in _BINARY.items():
        if data.startswith(magic):
            raise refuse(name, None, f"this is {what}")
    text = _decoded(data, name).rstrip(_DOS_END)
    if not text.strip():
        raise refuse(name, None, f"the file is empty; {AGAIN}")
    head = text[:_HTML_HEAD].lower()
    if "<html" in head or "<!doctype html" in head:
        line = next(i for i, t in enumerate(text.split("\n"), 1) if "<" in t)
        raise refuse(
            name, line, "a web page was saved instead of the file; accept the licence there, "
            f"then {AGAIN}",
        )  # fmt: skip
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise refuse(name, line, f"holds a null character, so it is damaged; {AGAIN}")
    # Not splitlines: it also parts at characters that may stand inside a description.
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    if lines[-1].strip():
        raise refuse(
            name, len(lines), "the file ends in the middle of this line: it may be cut; "
            f"{AGAIN} (if it is whole, end its last line)",
        )  # fmt: skip
    return lines[:-1]


def read_lines(path: Path) -> tuple[list[str], bytes]:
    """The lines of the file at ``path``, and its bytes.

    Raises:
        OfficialFileError: as :func:`lines_of`, or the file cannot be read.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        reason = (error.strerror or "cannot be read").lower()
        raise refuse(path.name, None, reason) from error
    return lines_of(data, path.name), data


def csv_rows(
    lines: Sequence[str], name: str, delimiter: str = ","
) -> Iterator[tuple[int, list[str]]]:
    """(line, cells without outer blanks) of every row that is not blank.

    Raises:
        OfficialFileError: a quote that is never closed, or one out of place.
    """
    if delimiter == "\t":  # quotes are characters there
        reader = csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
    else:
        reader = csv.reader(lines, delimiter=delimiter, strict=True)
    line = 0
    try:
        for line, cells in ((reader.line_num, row) for row in reader):
            stripped = [cell.strip() for cell in cells]
            if any(stripped):
                yield line, stripped
    except csv.Error as error:
        raise refuse(name, line + 1, f"no CSV row ({error}); {AGAIN}") from error


def procedure_system(code: str, name: str, line: int) -> System:
    """CPT or HCPCS, by the code's form.

    Raises:
        OfficialFileError: the code has neither form.
    """
    for system, form in CODE_FORMS.items():
        if form.match(code):
            return system
    raise refuse(name, line, _NO_CODE.format(code, "CPT or HCPCS"))


def check_code(system: System, code: str, name: str, line: int) -> None:
    """Hold a code against the form of its system.

    Raises:
        OfficialFileError: the code has another form.
    """
    if not CODE_FORMS[system].match(code):
        raise refuse(name, line, _NO_CODE.format(code, system.value))


def day_of(cell: str, name: str, line: int, column: str) -> date | None:
    """A ``YYYYMMDD`` cell; None where it is blank or zero.

    Raises:
        OfficialFileError: the cell is no date.
    """
    if not cell.strip("0 "):
        return None
    if len(cell) == 8 and cell.isascii() and cell.isdigit():
        try:
            return date(int(cell[:4]), int(cell[4:6]), int(cell[6:]))
        except ValueError:
            pass
    raise refuse(name, line, f"{column} {cell!r} is no date of the form YYYYMMDD; {AGAIN}")
