"""Receptor status of a breast cancer (Z17): estrogen, progesterone and HER2 read together.

Since FY2026 a combination code says both the hormone receptors and HER2 (Z17.4-);
where the note tells one of them only, its own code stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_SIGN = (
    r"(?P<sign>\+|pos\b|(?:strongly |weakly )?positive|\d{1,3} ?%|"
    r"[-\u2212\u2013](?![A-Za-z0-9])|"
    r"neg\b|negative|non-?amplified|not amplified|amplified|3\+|0\b|1\+|low)"
)
_MARKER = re.compile(
    r"\b(?P<marker>ER\s?/\s?PR|ER and PR|ER|PR|PgR|HR|hormone[- ]receptor|estrogen receptor|"
    r"progesterone receptor|HER-?2(?:[/ ]?neu)?)"
    r"[\s:(=-]{0,3}(?:status |is |was |IHC |FISH )?" + _SIGN,
    re.IGNORECASE,
)
_TRIPLE = re.compile(
    r"\b(?:triple[- ](?P<sign>negative|neg|positive)|(?P<short>TNBC))\b", re.IGNORECASE
)
_NEGATIVE = ("neg", "-", "\u2212", "\u2013", "non", "not", "0", "1+", "low")
BREAST = ("C50", "D05", "Z85.3", "C79.81")


def _positive(sign: str) -> bool:
    return not sign.lower().startswith(_NEGATIVE)


def receptor_codes(text: str) -> Iterator[tuple[str, int, int]]:
    """(code, start, end) of what a note says of a breast cancer's receptors."""
    found: dict[str, bool] = {}
    start, end = len(text), 0
    for match in _TRIPLE.finditer(text):
        sign = not (match["short"] or match["sign"].lower().startswith("neg"))
        found = dict.fromkeys(("er", "pr", "her2"), sign)
        start, end = min(start, match.start()), match.end()
    for match in _MARKER.finditer(text):
        marker, sign = match["marker"].lower(), _positive(match["sign"])
        names = (
            ("her2",)
            if marker.startswith("her")
            else ("er", "pr")
            if "/" in marker or " and " in marker
            else ("hr",)
            if marker == "hr" or marker.startswith("hormone")
            else ("pr",)
            if marker.startswith("p")
            else ("er",)
        )
        for name in names:
            found.setdefault(name, sign)
        if start == len(text):
            start, end = match.start(), match.end()
        elif match.start() - end < 40:
            end = max(end, match.end())
    hormone = [found[name] for name in ("er", "pr", "hr") if name in found]
    if hormone and "her2" in found:
        # Either receptor positive makes the cancer hormone receptor positive.
        digits = ("1" if any(hormone) else "2") + ("0" if found["her2"] else "1")
        yield f"Z17.4{digits}", start, end
        return
    for name, positive, negative in (
        ("er", "Z17.0", "Z17.1"),
        ("hr", "Z17.0", "Z17.1"),
        ("pr", "Z17.21", "Z17.22"),
        ("her2", "Z17.31", "Z17.32"),
    ):
        if name in found:
            yield (positive if found[name] else negative), start, end
