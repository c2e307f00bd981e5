"""ICD-10-CM releases, read from the official Tabular List XML.

The release that ships is the one inside the ``simple-icd-10-cm`` package
(public-domain CDC/NCHS text in an MIT package). That package keeps one release
at a time in module-level state; a note can be coded under any loaded release,
so the XML is read here into immutable values instead.

Layout of the XML: ``ICD10CM.tabular > chapter > section > diag``, ``diag``
nested; a ``diag`` has ``name``, ``desc`` and notes, and ``sevenChrDef`` on a
node holds for every leaf below it (padded with the placeholder X, guideline
I.A.4 and I.A.5).
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path
from xml.etree import ElementTree

from data.bulk import uncollected

CODE_PATTERN = re.compile(r"^[A-Z][0-9A-Z]{2}(\.[0-9A-Z]{1,4})?$")
"""A category, subcategory or code, written with its dot."""

_NOTE_TAGS = {
    "inclusionTerm": "inclusion_terms",
    "includes": "includes",
    "excludes1": "excludes1",
    "excludes2": "excludes2",
    "codeFirst": "code_first",
    "useAdditionalCode": "use_additional",
    "codeAlso": "code_also",
}


DEATH_BEFORE_WAKING = "with death due to"
"""S06 codes for death before regaining consciousness exist for the initial encounter
only (the official order file lists no D or S form), which the XML does not say."""


class ReleaseError(ValueError):
    """A release file that cannot be read; the message names file, place and fix."""


@dataclass(frozen=True, slots=True)
class Node:
    """One category, subcategory or code of the Tabular List.

    Attributes:
        parent: the next wider node's code; ``""`` for a category.
        billable: whether a claim may carry it (a leaf, 7th character included).
        seventh: 7th characters with their meaning, defined here or above.
    """

    code: str
    description: str
    parent: str
    chapter: int
    billable: bool
    inclusion_terms: tuple[str, ...] = ()
    includes: tuple[str, ...] = ()
    excludes1: tuple[str, ...] = ()
    excludes2: tuple[str, ...] = ()
    code_first: tuple[str, ...] = ()
    use_additional: tuple[str, ...] = ()
    code_also: tuple[str, ...] = ()
    seventh: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Release:
    """One release of ICD-10-CM, valid for services in ``[effective_from, effective_to]``."""

    name: str
    effective_from: date
    effective_to: date
    nodes: dict[str, Node]
    chapters: dict[int, str]
    chapter_notes: dict[int, tuple[str, ...]] = field(default_factory=dict)

    def __contains__(self, code: str) -> bool:
        return code in self.nodes

    def covers(self, day: date) -> bool:
        return self.effective_from <= day <= self.effective_to

    def is_billable(self, code: str) -> bool:
        node = self.nodes.get(code)
        return node is not None and node.billable

    def description(self, code: str) -> str:
        """Full description; raises KeyError for an unknown code."""
        return self.nodes[code].description

    @cached_property
    def children(self) -> dict[str, tuple[str, ...]]:
        below: dict[str, list[str]] = {}
        for node in self.nodes.values():
            if node.parent:
                below.setdefault(node.parent, []).append(node.code)
        return {code: tuple(codes) for code, codes in below.items()}

    @cached_property
    def billable_codes(self) -> tuple[str, ...]:
        return tuple(code for code, node in self.nodes.items() if node.billable)

    def ancestors(self, code: str) -> Iterator[Node]:
        """The nodes above ``code``, nearest first."""
        node = self.nodes.get(code)
        while node is not None and node.parent:
            node = self.nodes.get(node.parent)
            if node is not None:
                yield node

    def descendants(self, code: str) -> Iterator[Node]:
        """The nodes below ``code``, in Tabular List order."""
        for child in self.children.get(code, ()):
            yield self.nodes[child]
            yield from self.descendants(child)

    def billable_below(self, code: str) -> tuple[str, ...]:
        """``code`` itself if billable, else every billable code below it."""
        if self.is_billable(code):
            return (code,)
        return tuple(node.code for node in self.descendants(code) if node.billable)


def _texts(element: ElementTree.Element) -> tuple[str, ...]:
    return tuple(" ".join("".join(n.itertext()).split()) for n in element.findall("note"))


def _seventh(element: ElementTree.Element) -> tuple[tuple[str, str], ...]:
    return tuple(
        (extension.get("char", "").strip(), (extension.text or "").strip())
        for extension in element.findall("extension")
    )


def _with_seventh(code: str, character: str) -> str:
    """Append a 7th character, padding with the placeholder X (guideline I.A.4)."""
    bare = code.replace(".", "").ljust(6, "X") + character
    return f"{bare[:3]}.{bare[3:]}"


def _read_diag(
    element: ElementTree.Element,
    parent: str,
    chapter: int,
    seventh: tuple[tuple[str, str], ...],
    path: str,
) -> Iterator[Node]:
    code = (element.findtext("name") or "").strip()
    if not CODE_PATTERN.match(code):
        raise ReleaseError(f"{path}: <name> {code!r} under {parent or 'a section'} is not a code")
    notes: dict[str, tuple[str, ...]] = {}
    children: list[ElementTree.Element] = []
    for sub in element:
        if sub.tag == "diag":
            children.append(sub)
        elif sub.tag == "sevenChrDef":
            seventh = _seventh(sub) or seventh
        elif sub.tag in _NOTE_TAGS:
            key = _NOTE_TAGS[sub.tag]
            notes[key] = notes.get(key, ()) + _texts(sub)
    description = " ".join((element.findtext("desc") or "").split())
    own = Node(
        code=code,
        description=description,
        parent=parent,
        chapter=chapter,
        billable=not children and not seventh,
        seventh=seventh,
        **notes,
    )
    yield own
    for child in children:
        yield from _read_diag(child, code, chapter, seventh, path)
    if not children:
        for character, meaning in seventh:
            if character != "A" and DEATH_BEFORE_WAKING in description:
                continue
            full = _with_seventh(code, character)
            yield Node(
                code=full,
                description=f"{description}, {meaning}",
                parent=code,
                chapter=chapter,
                billable=True,
                seventh=seventh,
            )


def read_tabular(path: Path, name: str, effective_from: date, effective_to: date) -> Release:
    """Read one official Tabular List XML file.

    Raises:
        ReleaseError: the file is not XML, is cut, or has no chapters and codes.
    """
    try:
        with uncollected():
            root = ElementTree.parse(path).getroot()
    except ElementTree.ParseError as error:
        line, column = error.position
        raise ReleaseError(
            f"{path.name}: line {line}, column {column}: not well-formed XML; the file may be cut. "
            "Fetch the release again; what was loaded before stays."
        ) from error
    nodes: dict[str, Node] = {}
    chapters: dict[int, str] = {}
    chapter_notes: dict[int, tuple[str, ...]] = {}
    with uncollected():
        _read_chapters(root, path.name, nodes, chapters, chapter_notes)
    if len(chapters) < 1 or not nodes:
        raise ReleaseError(
            f"{path.name}: no <chapter> with <diag> codes found; is this the Tabular List XML "
            "(icd10cm-tabular-…xml)? What was loaded before stays."
        )
    return Release(name, effective_from, effective_to, nodes, chapters, chapter_notes)


def _read_chapters(
    root: ElementTree.Element,
    file: str,
    nodes: dict[str, Node],
    chapters: dict[int, str],
    chapter_notes: dict[int, tuple[str, ...]],
) -> None:
    for chapter in root.iter("chapter"):
        name = (chapter.findtext("name") or "").strip()
        if not name.isdecimal():
            raise ReleaseError(f"{file}: chapter {name!r}: <name> is not a number")
        number = int(name)
        chapters[number] = " ".join((chapter.findtext("desc") or "").split())
        chapter_notes[number] = tuple(
            t for sub in chapter for t in _texts(sub) if sub.tag in _NOTE_TAGS
        )
        for section in chapter.iter("section"):
            for diag in section.findall("diag"):
                for node in _read_diag(diag, "", number, (), file):
                    nodes.setdefault(node.code, node)


# Effective periods of the releases; ICD-10-CM changes each October and April.
PACKAGED_RELEASE = ("2026-04", date(2026, 4, 1), date(2026, 9, 30))


def period_of(name: str) -> tuple[date, date]:
    """First and last date of service of a release named ``YYYY-04`` or ``YYYY-10``.

    Raises:
        ReleaseError: the name has another form.
    """
    match = re.fullmatch(r"(\d{4})-(04|10)", name)
    if not match:
        raise ReleaseError(
            f"release {name!r}: name it YYYY-04 or YYYY-10 after its effective month"
        )
    year = int(match[1])
    if match[2] == "04":
        return date(year, 4, 1), date(year, 9, 30)
    return date(year, 10, 1), date(year + 1, 3, 31)


def load_packaged() -> Release:
    """The release inside the installed ``simple-icd-10-cm`` package."""
    # Located, not imported: the package parses its file, and warns, when imported.
    spec = importlib.util.find_spec("simple_icd_10_cm")
    places = list(spec.submodule_search_locations or ()) if spec else []
    found = sorted(Path(places[0], "data").glob("*.xml")) if places else []
    if len(found) != 1:
        raise ReleaseError(
            f"simple-icd-10-cm: expected one Tabular List XML, found {len(found)}; "
            "install the version in requirements.lock"
        )
    return read_tabular(found[0], *PACKAGED_RELEASE)


@dataclass(frozen=True)
class ReleaseChoice:
    """The release used for a date of service, and what the reader must be told."""

    release: Release
    warning: str | None = None


def choose_release(releases: Iterable[Release], day: date | None) -> ReleaseChoice:
    """The release that covers ``day``; the newest one, with a warning, where none does."""
    ordered = sorted(releases, key=lambda r: r.effective_from)
    if not ordered:
        raise ReleaseError("no ICD-10-CM release is loaded")
    newest = ordered[-1]
    if day is None:
        return ReleaseChoice(
            newest, f"no date of service: coded under the newest release, ICD-10-CM {newest.name}"
        )
    for release in reversed(ordered):
        if release.covers(day):
            return ReleaseChoice(release)
    return ReleaseChoice(
        newest,
        f"no loaded ICD-10-CM release covers {day.isoformat()}: coded under {newest.name}, "
        f"valid {newest.effective_from.isoformat()} to {newest.effective_to.isoformat()}",
    )
