"""(a) Only an unspecified code is supported though a better one exists, and it matters.

Asked of a chosen diagnosis alone, where it is assessed, and not where the missing
element stands anywhere in the note or another place bears the better code.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import lru_cache

from data.schemas import Assertion
from data.terminology.icd10cm import Release
from models.coding.queries.chart import Chart, Raised, apart
from models.coding.queries.tables import Family, families, site_words, vocabulary

KIND = "specificity"
INDICATORS = 3
LATERALITY_IMPORTANCE = 5
_EPISODE_AT = 8  # length of a dotted code with its 7th character
_SIDE = re.compile(
    r"\b(?:[Rr]ight|RIGHT|[Ll]eft|LEFT|[Bb]ilat\w*|BILAT\w*|[Bb]oth|[Ee]ach|[Uu]nilat\w*|[Rr]t|RT|"
    r"[Ll]t|LT|[RL]|[Bb]/[Ll]|B|O[DSU]|A[DSU]|[RL][A-Z]{1,3}|B[UL]E|[Dd]extro|[Ll]evo)\b"
)
# What follows is the site, up to the words that say something else of it.
_UNSPECIFIED = re.compile(
    r"\bunspecified (?P<site>[a-z]+"
    r"(?: (?!(?:with|without|and|due|or|in|at|of|unspecified)\b)[a-z]+){0,3})",
    re.IGNORECASE,
)
_BESIDE = 60  # characters


def base_code(code: str) -> str:
    """A diagnosis without the character that counts its encounters, and its placeholders."""
    return code[: _EPISODE_AT - 1].rstrip("X") if len(code) == _EPISODE_AT else code


def is_of(family: Family, code: str, description: str) -> bool:
    """Whether a code is one of a family's unspecified ones."""
    base = base_code(code)
    for pattern in family.codes:
        if pattern.startswith("~"):
            if re.search(pattern[1:], description, re.IGNORECASE):
                return True
        elif fnmatchcase(base, pattern) or fnmatchcase(code, pattern):
            return True
    return False


@lru_cache(maxsize=4096)
def _families_of(code: str, description: str) -> tuple[Family, ...]:
    return tuple(family for family in families() if is_of(family, code, description))


def sides_of(code: str, release: Release) -> tuple[tuple[str, ...], str]:
    """(sides that a code leaves open, the site's word); no side where no code names one."""
    node = release.nodes[code]
    siblings = {
        release.nodes[c].description
        for above in [node.parent, *(a.parent for a in release.ancestors(code))][:2]
        for c in (
            *release.children.get(above, ()),
            *(g for c in release.children.get(above, ()) for g in release.children.get(c, ())),
        )
    }
    for match in _UNSPECIFIED.finditer(node.description):
        head, tail = node.description[: match.start()], node.description[match.start("site") :]
        sides = [side for side in ("right", "left") if f"{head}{side} {tail}" in siblings]
        if len(sides) == 2:
            behind = node.description[match.end() :]
            both = (f"{head}bilateral{behind}", f"{head}bilateral {tail}")
            sides += ["bilateral"] * any(words in siblings for words in both)
            return tuple(sides), match["site"].lower()
    return (), ""


def _indicators(chart: Chart, family: Family) -> list[tuple[int, int]]:
    return chart.matches(family.indicators, INDICATORS)


def _stated_elsewhere(chart: Chart, family: Family) -> bool:
    said = chart.spoken(family.better, (Assertion.PRESENT, Assertion.UNCERTAIN))
    return next(said, None) is not None


def _is_stated(chart: Chart, family: Family, code: str) -> bool:
    """Whether the note says the element: a common word only beside the condition itself."""
    if family.stated is None:
        return False
    places = [
        (o.start - _BESIDE, o.end + _BESIDE)
        for other, candidate in chart.found.items()
        if other[:3] == code[:3]
        for o in candidate.occurrences
        if o.words
    ]
    for match in family.stated.finditer(chart.text):
        if not vocabulary("common_elements").fullmatch(match.group().strip()):
            return True
        if any(a <= match.start() and match.end() <= b for a, b in places):
            return True
    return False


def _missing_element(chart: Chart, code: str) -> Iterator[Raised]:
    for family in _families_of(code, chart.release.description(code)):
        importance = family.importance[chart.setting]
        if not importance:
            continue
        if family.requires is not None and not family.requires.search(chart.text):
            continue
        places = chart.addressed(code)
        if not places or _is_stated(chart, family, code) or _stated_elsewhere(chart, family):
            continue
        spans = [(o.start, o.end) for o in places[:2]] + _indicators(chart, family)
        yield Raised(
            KIND,
            family.condition,
            importance,
            f"The note documents {family.condition}. Based on your clinical judgment, can the "
            f"{family.element} be further specified?",
            family.options,
            apart(spans),
        )


def _words_of(site: str) -> re.Pattern[str]:
    """How notes speak of a site: the words of the longest one of ``sites.csv`` that it names."""
    known = [name for name in site_words() if re.search(rf"\b{name}\b", site)]
    if known:
        return site_words()[max(known, key=len)]
    return re.compile(rf"\b(?:{'|'.join(map(re.escape, site.split()))})", re.IGNORECASE)


def _missing_side(chart: Chart, code: str) -> Iterator[Raised]:
    if "unspecified" not in chart.release.description(code).lower():
        return
    places = chart.addressed(code)
    if not places:
        return
    sides, site = sides_of(code, chart.release)
    if not sides:
        return
    speaks = _words_of(site)
    near: set[int] = set()
    for o in chart.found[code].occurrences:
        near.update((o.sentence - 1, o.sentence, o.sentence + 1))
    for number, sentence in enumerate(chart.document.sentences):
        words = chart.text[sentence.start : sentence.end]
        if (number in near or speaks.search(words)) and _SIDE.search(words):
            return
    yield Raised(
        KIND,
        f"side of {site}",
        LATERALITY_IMPORTANCE,
        f"The note documents the condition quoted here without its side. Which side ({site}) "
        "is affected?",
        sides,
        apart((o.start, o.end) for o in places[:2]),
    )


def missing_specificity(chart: Chart) -> Iterator[Raised]:
    """Queries for what the chosen diagnoses leave unsaid."""
    for code in chart.documented:
        yield from _missing_element(chart, code)
        yield from _missing_side(chart, code)
