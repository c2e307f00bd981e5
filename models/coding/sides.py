"""Which side a single letter names: "L knee", "b/l", not "2 L NC" or "L-spine"."""

from __future__ import annotations

from models.coding.document import Token
from models.coding.shorthand import BOTH, LEFT, RIGHT

# What follows litres, not a side.
_LITRES = frozenset(
    {
        "o2",
        "nc",
        "ns",
        "lr",
        "of",
        "via",
        "fluid",
        "fluids",
        "iv",
        "bolus",
        "by",
        "per",
        "out",
        "in",
    }
)


def letter_side(text: str, tokens: tuple[Token, ...], i: int) -> str:
    """The side of a single letter: "b/l" is both; "2 L", "r/o" and "L-spine" are none."""
    token = tokens[i]
    before, after = text[max(0, token.start - 1) : token.start], text[token.end : token.end + 1]
    previous = tokens[i - 1].text.lower() if i and before == "/" else ""
    if previous == "b" and token.text in "lL":
        return BOTH
    if after == "/" and i + 1 < len(tokens) and tokens[i + 1].text.lower() == "l":
        return BOTH  # R/L
    if before == "/" or after in ("/", "'"):
        return ""
    if before == "+" and i and tokens[i - 1].text == "U":
        return ""  # U+L lids
    if after == "-" and not text[token.end + 1 :].startswith("sided"):
        return ""
    if (
        i
        and tokens[i - 1].text[:1].isdigit()
        and not text[tokens[i - 1].end : token.start].strip(" ")
        and not _is_numbered(text, tokens, i)
    ):
        return ""
    if token.text.islower() and after not in (" ", ")"):
        return ""
    return LEFT if token.text in "lL" else RIGHT


def _is_numbered(text: str, tokens: tuple[Token, ...], i: int) -> bool:
    """Whether the number before a letter is a list's: "1 L clavicle fx", not "2 L NC"."""
    begin = text.rfind("\n", 0, tokens[i - 1].start) + 1
    after = tokens[i + 1].text.lower() if i + 1 < len(tokens) else ""
    return not text[begin : tokens[i - 1].start].strip(" \t#(") and after not in _LITRES
