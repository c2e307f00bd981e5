"""Files in the layouts of the AMA and of CMS, in invented words: nothing here is theirs."""

from __future__ import annotations

from pathlib import Path

NOTICE = (
    "To buy more of these invented files, write to nobody at 800-555-0100.\r\n"
    "Made up for a test, copyright 1995-2025 Nobody. All rights imagined.\r\n"
    "12 lines further down there is nothing, IL 60611-5885, 312 464-5022.\r\n"
    "\r\n"
)
"""A notice of 2025, so of CPT 2026."""
FEE_COLUMNS = (
    "HCPCS", "MOD", "DESCRIPTION", "STATUS CODE", "NOT USED FOR MEDICARE PAYMENT", "WORK RVU",
    "NON-FAC PE RVU", "NON-FAC NA INDICATOR", "FACILITY PE RVU", "FACILITY NA INDICATOR",
    "MP RVU", "NON-FACILITY TOTAL", "FACILITY TOTAL", "PCTC IND", "GLOB DAYS", "PRE OP",
    "INTRA OP", "POST OP", "MULT PROC", "BILAT SURG", "ASST SURG", "CO- SURG", "TEAM SURG",
    "ENDO BASE", "CONV FACTOR", "PHYSICIAN SUPERVISION OF DIAGNOSTIC PROCEDURES",
    "CALCULATION FLAG", "DIAGNOSTIC IMAGING FAMILY INDICATOR",
    "NON-FACILITY PE USED FOR OPPS PAYMENT AMOUNT", "FACILITY PE USED FOR OPPS PAYMENT AMOUNT",
    "MP USED FOR OPPS PAYMENT AMOUNT",
)  # fmt: skip
FEE_ROW = (
    "", "Invented svc", "A", "", "1.30", "1.33", "", "0.53", "NA", "0.10", "2.73", "1.93", "1",
    "010", "0.10", "0.80", "0.10", "2", "3", "0", "1", "9", "", "33.4009", "01", "0", "99",
    "0.00", "0.00", "0.00",
)  # fmt: skip
"""All cells of a row but its code; modifier first."""
WHOLE = 8100
"""Rows enough for a whole file of any kind."""


def cpt_code(number: int) -> str:
    return f"{10000 + number}"


def cpt_lines(count: int, words: str = "INVENTED DEED", tab: bool = False) -> str:
    """SHORTU, MEDU, or with ``tab`` LONGULT."""
    gap = "\t" if tab else " "
    return NOTICE + "".join(f"{cpt_code(i)}{gap}{words} {i}\r\n" for i in range(count))


def consumer_lines(count: int, words: str = "A deed nobody does") -> str:
    rows = (f"{100 + i}\t{cpt_code(i)}\t{words} {i}\r\n" for i in range(count))
    return "Concept Id\tCPT Code\tConsumer Friendly Descriptor\r\n" + "".join(rows)


def clinician_lines(count: int, words: str = "Deed, invented") -> str:
    rows = (f"{100 + i}\t{cpt_code(i // 2)}\t{9000 + i}\t{words} {i}\r\n" for i in range(2 * count))
    heading = "Concept Id\tCPT Code\tClinician Descriptor Id\tClinician Descriptor\r\n"
    return heading + "".join(rows)


def hcpcs_record(
    code: str,
    record: str = "3",
    long: str = "Invented article, each",
    short: str = "Invented article",
    sequence: int = 100,
    added: str = "20200101",
    changed: str = "20260101",
    ended: str = "",
    action: str = "N",
) -> str:
    """One record of 320 characters (a continuation has its text alone)."""
    name = f"{code:>5}{sequence:05d}{record}{long:<80}"
    if record in "48":
        return f"{name:<320}"
    dates = f"{added:<8}{changed:<8}{ended:<8}{action:<1}"
    return f"{name}{short:<28}".ljust(268) + f"{dates:<52}"


def hcpcs_lines(count: int) -> str:
    records = (hcpcs_record(f"{'ABCE'[i % 4]}{i // 4:04d}") for i in range(count))
    return "".join(f"{record}\r\n" for record in records)


HCPCS_HEADINGS = (
    "HCPC,SEQNUM,RECID,LONG DESCRIPTION,SHORT DESCRIPTION,PRICE1,ADD DT,ACT EFF DT,TERM DT,"
    "ACTION CD\n"
)


def fee_row(code: str, **cells: str) -> str:
    """One row; ``cells`` by place in the file, as ``c19="1"``."""
    row = [code, *FEE_ROW]
    for name, cell in cells.items():
        row[int(name[1:])] = cell
    return ",".join(row) + "\n"


def fee_headings(title: str = "2026 National Physician Fee Schedule Relative Value File April "
                 "Release") -> str:  # fmt: skip
    """Title, notice, and the headings stacked over four lines as CMS has them."""
    stack = [[""] * len(FEE_COLUMNS) for _ in range(4)]
    for place, heading in enumerate(FEE_COLUMNS):
        words = heading.split(" ", 3)
        for line, word in zip(stack[4 - len(words) :], words, strict=True):
            line[place] = word
    blank = "," * (len(FEE_COLUMNS) - 1) + "\n"
    notice = '"Invented, copyright 2025 Nobody. All rights, all of them, imagined."' + blank
    rows = "".join(",".join(line) + "\n" for line in stack)
    return title + blank + notice + "RELEASED 03/10/2026" + blank + blank + rows


def fee_lines(count: int, title: str | None = None) -> str:
    rows = [fee_row(cpt_code(i)) for i in range(count - 3)]
    rows += [fee_row("G0001"), fee_row("G0001", c1="26"), fee_row("G0001", c1="TC", c5="0.00")]
    return (fee_headings(title) if title else fee_headings()) + "".join(rows)


def delivered(folder: Path, name: str, content: str | bytes) -> Path:
    """The file as a user has it."""
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    return path
