"""Two releases of every system, loaded as a user would, once for the tests that only look."""

from __future__ import annotations

from pathlib import Path

import pytest

from data.terminology.official.store import keep_official
from tests.data.terminology.official.delivered import (
    WHOLE,
    clinician_lines,
    consumer_lines,
    cpt_lines,
    delivered,
    fee_headings,
    fee_lines,
    fee_row,
    hcpcs_lines,
    hcpcs_record,
)

TITLE = "2026 National Physician Fee Schedule Relative Value File {} Release"


@pytest.fixture(scope="session")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """CPT 2025 and 2026, HCPCS and fees of January and April 2026.

    99213 and 71046 are in both years' CPT, 99990 in 2025 alone, 99991 in 2026 alone, 99999 in
    the fee schedule of April alone; J3301 ends in April, G9001 begins in February, V0001 is in
    January's HCPCS alone, V0002 in April's.
    """
    source, folder = tmp_path_factory.mktemp("delivered"), tmp_path_factory.mktemp("terminology")

    def keep(what: str, name: str, text: str, release: str | None = None) -> None:
        keep_official(what, delivered(source, name, text), folder, release)

    old = cpt_lines(WHOLE, "OLD").replace("1995-2025", "1995-2024")
    visit = "99213 INVENTED VISIT\r\n71046 INVENTED PICTURE\r\n"
    keep("cpt", "MEDU.txt", f"{old}{visit.replace('INVENTED', 'OLD')}99990 GONE DEED\r\n")
    keep("cpt", "MEDU.txt", f"{cpt_lines(WHOLE)}{visit}99991 NEW DEED\r\n")
    keep("cpt", "SHORTU.txt", f"{cpt_lines(WHOLE, 'SHORT')}99213 SHORT VISIT\r\n")
    long = "99213\tInvented visit of a zebrafish,\r\n  told at length\r\n"
    keep("cpt", "LONGULT.txt", cpt_lines(WHOLE, tab=True) + long)
    keep("cpt", "ConsumerDescriptor.txt", f"{consumer_lines(WHOLE)}1\t99213\tSeeing a quokka\r\n",
         "2026")  # fmt: skip
    keep("cpt", "ClinicianDescriptor.txt", clinician_lines(WHOLE), "2026")
    both = f"{hcpcs_lines(WHOLE)}{hcpcs_record('RT', '7', 'Invented side')}\r\n"
    both += f"{hcpcs_record('G9001', added='20260215')}\r\n"
    both += f"{hcpcs_record('J3301', long='Invented syrup', ended='20260430')}\r\n"
    keep("hcpcs", "HCPC2026_JAN_ANWEB.txt", f"{both}{hcpcs_record('V0001')}\r\n")
    keep("hcpcs", "HCPC2026_APR_ANWEB.txt", f"{both}{hcpcs_record('V0002')}\r\n")
    keep("fees", "PPRRVU26_JAN.csv", fee_lines(WHOLE, TITLE.format("January")))
    rows = "".join(fee_row(f"{10000 + i}", c5="2.60") for i in range(WHOLE))
    own = fee_row("99999", c2="Only here wombat") + fee_row("99213", c2="Fee words", c14="XXX")
    keep("fees", "PPRRVU26_APR.csv", f"{fee_headings(TITLE.format('April'))}{rows}{own}")
    return folder
