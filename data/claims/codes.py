"""Codes as they are written on claims: dots put back, systems told apart."""

from __future__ import annotations

import csv
import re
from functools import cache
from importlib import resources

from data.schemas import System

_UNDOTTED = re.compile(r"^[A-Z]\d[0-9A-Z][0-9A-Z]{1,4}$")
_PROCEDURE = re.compile(r"^(?:\d{5}|\d{4}[A-Z]|[A-Z]\d{4})$")
_CPT = re.compile(r"^\d{4}[0-9A-Z]$")


def dotted(code: str) -> str:
    """An ICD-10-CM code in upper case with its dot: ``e1122`` → ``E11.22``.

    Text of another form is only trimmed and put in upper case.
    """
    text = code.strip().upper()
    return f"{text[:3]}.{text[3:]}" if _UNDOTTED.match(text) else text


def undotted(code: str) -> str:
    """The code as X12 carries it, without its dot."""
    return code.replace(".", "")


def has_procedure_form(code: str) -> bool:
    """Whether ``code`` has the form of a CPT (12345, 1234T) or HCPCS level II (A1234) code."""
    return bool(_PROCEDURE.match(code))


def procedure_system(code: str) -> System:
    """CPT for codes that begin with four digits, HCPCS for the rest."""
    return System.CPT if _CPT.match(code) else System.HCPCS


@cache
def payer_type_by_filing_indicator() -> dict[str, str]:
    """SBR09 (claim filing indicator) → payer type, from ``payer_types.csv``."""
    text = (resources.files("data.claims") / "payer_types.csv").read_text("utf-8")
    rows = csv.DictReader(text.splitlines())
    return {row["claim_filing_indicator"]: row["payer_type"] for row in rows}


@cache
def denial_categories() -> dict[str, str]:
    """Denial category → our words for it, from ``denial_categories.csv``."""
    text = (resources.files("data.claims") / "denial_categories.csv").read_text("utf-8")
    return {row["category"]: row["words"] for row in csv.DictReader(text.splitlines())}
