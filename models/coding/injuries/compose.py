"""Which kind of injury a sentence says of which site.

"Burns, R forearm and R hand", "R hand: 2 cm lac, dorsal": a kind and a site belong
together that stand nearest each other, where commas and other kinds between count as
distance. A kind whose sentence names no site takes one of the sentences beside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from models.coding.circumstances.phrases import plain
from models.coding.document import Document, Sentence
from models.coding.injuries.tables import Term, chain, meaning, nodes, nodes_at, terms

COMMA, OTHER_KIND, BEHIND = 4, 3, 1  # what counts as distance, in words
FAR = 24
DEVICE, DEVICE_FAR = "device_", 5  # "infected", "loose": of the device that stands beside
JOIN_REACH = 9
DEGREES = ("degree1", "degree2", "degree3")
_BURNS = frozenset({"burn", "corrosion", *DEGREES})
_STOP = re.compile(r"[,;:()/]|\band\b|\bw/")
_THING = (
    r"(?:glass|gravel|debris|metal|splinters?|wood|needle|nail|hook|thorn|pencil|graphite|screw|wire"
    r"|pellet|bb|rubber|sock|shoe|dirt|plastic|ceramic|rust|stinger|spines?|quills?|staple|tooth)"
)
_FOREIGN = re.compile(
    r"\b(?:with|w/?|retained|embedded|contaminated with)\s?(?:\w+\s){0,2}(?:fb|foreign bod\w+|"
    + _THING
    + r")\b|\b"
    + _THING
    + r"\b\s(?:\w+\s){0,3}(?:embedded|imbedded|retained|lodged|still in|in the wound|in situ)\b"
    r"|\b(?:fragments?|shards?|slivers?|pieces? of \w+|bits? of \w+)\b\s(?:\w+\s){0,4}"
    r"(?:embedded|retained|lodged|removed|extracted|found|visible|in the wound)\b"
    r"|\b(?:fb|foreign bod\w+)\b\W(?:\w+\s){0,2}(?:removed|extracted|retrieved|seen|present)\b",
    re.I,
)
_NO = re.compile(
    r"\b(?:no|not|without|denies|neg(?:ative)?|r/o|ruled out|never)\b[^.;,]{0,20}$", re.I
)
_NAIL = re.compile(
    r"\bnail ?bed\b|\bsubungual\b|\bnail (?:avuls|lac|injur|damag|involv|plate (?:avuls|lift|torn))"
    r"|\b(?:through|into|avulsed|damaged|involving|across) (?:the )?nail\b",
    re.I,
)
_NEOPLASM = re.compile(r"\bmet(?:s|asta\w+)\b|myeloma|lesion|tumou?r|neoplas|carcinoma|lytic", re.I)
_NOT_ITS = re.compile(
    r"[.;,]|\b(?:for|via|through|placed|without|no|because|due|2/2|after|s/p)\b", re.I
)
_HOT = re.compile(
    r"\b(?:boiling|hot|scald\w*|grease|flames?|fire|steam|stove|oven|burner|exhaust|coffee|iron|"
    r"muffler|sunburn|fryer|skillet|TBSA)\b",
    re.I,
)
_OF_BONE = frozenset({"osteoporotic", "pathologic", "stress_fracture"})
_WOUNDS = frozenset({"laceration", "puncture"})
_NAILED = frozenset({"thumb", "finger", "toe"})


@dataclass(frozen=True, slots=True)
class Hit:
    """A kind or a site at ``tokens[first:last]`` of the document."""

    term: Term
    sentence: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Injury:
    """A kind at a site.

    Attributes:
        nodes: what they stand for, best first.
        means: stems of the descriptions' words for them.
        site: the hit that says where; None for a kind that needs no site.
        sure: whether one sentence says both and nothing says it better.
    """

    nodes: tuple[str, ...]
    means: frozenset[str]
    kind: Hit
    site: Hit | None
    sure: bool = True

    @property
    def first(self) -> int:
        return min(self.kind.first, self.site.first if self.near and self.site else self.kind.first)

    @property
    def last(self) -> int:
        return max(self.kind.last, self.site.last if self.near and self.site else self.kind.last)

    @property
    def near(self) -> bool:
        """Whether kind and site stand in one sentence."""
        return self.site is not None and self.site.sentence == self.kind.sentence


def _faulty(hit: Hit) -> bool:
    """Whether a kind is a device's fault: "broken" may be of a bone or of its screw."""
    return hit.term.name.startswith(DEVICE)


def _longest(hits: list[Hit]) -> list[Hit]:
    """Hits that lie in no longer one of their sort; by place."""
    kept: list[Hit] = []
    order = sorted(hits, key=lambda h: (h.first - h.last, not h.term.plural, h.first))
    for hit in order:
        if not any(
            (k.term.is_site, _faulty(k)) == (hit.term.is_site, _faulty(hit))
            and k.first < hit.last
            and hit.first < k.last
            for k in kept
        ):
            kept.append(hit)
    return sorted(kept, key=lambda h: h.first)


def _hits(document: Document, number: int, sentence: Sentence) -> tuple[list[Hit], list[Hit]]:
    """(kinds, sites) of a sentence."""
    tokens = document.sentence_tokens(sentence)
    found = [
        Hit(term, number, sentence.first + first, sentence.first + last)
        for first, last, term in terms().find([plain(t.text) for t in tokens])
    ]
    if not found:
        return [], []

    def many(hit: Hit) -> bool:
        return document.tokens[hit.last - 1].text.lower().endswith("s")

    kinds = _longest([h for h in found if not h.term.is_site])
    several = any(many(h) for h in kinds)
    sites = _longest(
        [
            h
            for h in found
            if h.term.is_site
            and (not h.term.plural or many(h) or (h.term.plural == "any" and several))
        ]
    )
    return kinds, sites


def _joined(sites: Sequence[Hit], detail: Hit) -> Hit | None:
    """The site that a detail is a part of."""
    near = [
        s
        for s in sites
        if not s.term.joins
        and s is not detail
        and max(s.first - detail.last, detail.first - s.last) <= JOIN_REACH
    ]
    fingers = [s for s in near if {"finger", "thumb", "toe"} & set(chain(s.term.name))]
    return min(fingers or near, key=lambda s: abs(s.first - detail.first), default=None)


class _Reader:
    """Pairs kinds and sites sentence by sentence."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._found = [_hits(document, i, s) for i, s in enumerate(document.sentences)]
        said = {k.term.name for kinds, _ in self._found for k in kinds}
        # "Boiling water on R foot, 2nd degree": the degree of a burn that heat tells of.
        self._burns = bool(said & {"burn", "corrosion"}) or (
            bool(said & set(DEGREES)) and bool(_HOT.search(document.text))
        )
        self._caustic = "corrosion" in said
        self._degrees = [d for d in DEGREES if d in said]
        # (kind, site) of wounds in which something was left: said once, it holds for all.
        self._left_in = {
            (k.term.name, s.term.name)
            for kinds, sites in self._found
            for k in kinds
            for s in sites
            if k.term.name in _WOUNDS and self._with_foreign_body(k)
        }
        # Kinds that some sentence places: where another leaves the site out, it is known.
        self._placed = {
            k.term.name
            for kinds, sites in self._found
            for k in kinds
            if any(self._nodes(k, s) for s in sites)
        }

    def _distance(self, kind: Hit, site: Hit, kinds: Sequence[Hit]) -> int:
        left, right = sorted((kind, site), key=lambda h: h.first)
        tokens, text = self._document.tokens, self._document.text
        gap = text[tokens[left.last - 1].end : tokens[right.first].start]
        between = sum(left.last <= k.first < right.first for k in kinds if k is not kind)
        stops = len(_STOP.findall(gap))
        behind = BEHIND * (stops > 0 and kind.first > site.first)
        return max(0, right.first - left.last) + COMMA * stops + OTHER_KIND * between + behind

    def _pairs(self, number: int) -> Iterator[tuple[Hit, Hit, bool]]:
        """(kind, site, sure) of a sentence and, for a kind without one, its neighbours' sites."""
        kinds, sites = self._found[number]
        kinds = [k for k in kinds if ((k.term.name, "") not in nodes())]
        if not kinds:
            return
        taken: set[int] = set()
        for site in sites:
            able = [k for k in kinds if self._nodes(k, site)]
            if not able:
                continue
            best = min(able, key=lambda k: self._distance(k, site, kinds))
            if self._distance(best, site, kinds) <= FAR and self._of_device(best, site):
                taken.add(best.first)
                yield best, site, True
        for kind in kinds:
            if kind.first in taken or kind.term.name.startswith(DEVICE):
                continue
            own = [s for s in sites if self._nodes(kind, s)]
            if own:
                yield kind, min(own, key=lambda s: self._distance(kind, s, kinds)), True
                continue
            if kind.term.name not in self._placed:
                for site in self._sites_beside(number):
                    yield kind, site, False

    def _of_device(self, kind: Hit, site: Hit) -> bool:
        """Whether a fault said near a device is the device's: "PICC for infection" is none."""
        if not kind.term.name.startswith(DEVICE):
            return True
        left, right = sorted((kind, site), key=lambda h: h.first)
        tokens, text = self._document.tokens, self._document.text
        gap = text[tokens[left.last - 1].end : tokens[right.first].start]
        return right.first - left.last <= DEVICE_FAR and not _NOT_ITS.search(gap)

    def _sites_beside(self, number: int) -> list[Hit]:
        """Sites of the sentences before and after that say no kind themselves."""
        sentences = self._document.sentences
        out: list[Hit] = []
        for other in (number - 1, number + 1):
            if not 0 <= other < len(sentences):
                continue
            if sentences[other].section == sentences[number].section:
                kinds, sites = self._found[other]
                out += [] if kinds else [s for s in sites if not s.term.joins][:2]
        return out

    def _nodes(self, kind: Hit, site: Hit, part: Hit | None = None) -> tuple[str, ...]:
        name = kind.term.name
        if name in _BURNS:
            if not self._burns:
                return ()
            degree = name if name in DEGREES else self._degree_near(kind)
            base = "corrosion" if self._caustic else "burn"
            name = base + degree.removeprefix("degree")
            chosen = nodes_at(name, site.term.name)
            # The degree may be said elsewhere.
            others = [] if degree else [n for d in self._degrees for n in self._at(base, d, site)]
            return (*chosen, *others)
        if name == "blister" and self._burns:
            return ()
        detail = part.term.name if part else ""
        found = nodes_at(name, site.term.name, detail)
        if name in _WOUNDS:
            with_foreign = nodes_at(name + "_fb", site.term.name)
            left = (name, site.term.name) in self._left_in or self._with_foreign_body(kind)
            if with_foreign and with_foreign != found and left:
                found = (*with_foreign, *found)
        if name == "pathologic" and self._says(_NEOPLASM, kind):
            return found[::-1]
        nailed = len(found) == 2 and _NAILED & set(chain(site.term.name))
        if nailed and name != "dislocation" and self._says(_NAIL, kind):
            found = (found[1], found[0])
        return found

    @staticmethod
    def _at(base: str, degree: str, site: Hit) -> tuple[str, ...]:
        return nodes_at(base + degree.removeprefix("degree"), site.term.name)

    def _says(self, pattern: re.Pattern[str], hit: Hit) -> bool:
        sentence = self._document.sentences[hit.sentence]
        return bool(pattern.search(self._document.text, sentence.start, sentence.end))

    def _with_foreign_body(self, hit: Hit) -> bool:
        """Whether something is left in a wound: "no glass retained" leaves nothing."""
        sentence = self._document.sentences[hit.sentence]
        text = self._document.text
        return any(
            not _NO.search(text[sentence.start : m.start()])
            for m in _FOREIGN.finditer(text, sentence.start, sentence.end)
        )

    def _degree_near(self, kind: Hit) -> str:
        """The degree said nearest before a burn in its sentence, else after."""
        degrees = [k for k in self._found[kind.sentence][0] if k.term.name in DEGREES]
        best = min(
            degrees, key=lambda d: (d.first > kind.first, abs(d.first - kind.first)), default=None
        )
        return best.term.name if best else ""

    def injuries(self) -> Iterator[Injury]:
        for number, (kinds, sites) in enumerate(self._found):
            for kind in kinds:
                alone = nodes().get((kind.term.name, ""))
                if alone:
                    yield Injury(alone, kind.term.means, kind, None)
            for kind, site, sure in self._pairs(number):
                yield from self._made(kind, site, sure, sites)

    def _made(self, kind: Hit, site: Hit, sure: bool, sites: Sequence[Hit]) -> Iterator[Injury]:
        means = kind.term.means | site.term.means
        if kind.term.name in _OF_BONE:
            means |= meaning(site.term.name)
        if not site.term.joins:
            details = [s for s in sites if s.term.joins and _joined(sites, s) is site]
            found = self._nodes(kind, site)
            # What a detail says better is left to it.
            better = any(self._nodes(kind, site, d) != found for d in details)
            if found:
                yield Injury(found, means, kind, site, sure and not better)
            return
        whole = _joined(sites, site)
        found = self._nodes(kind, whole, site) if whole else ()
        if whole and found:
            yield Injury(found, means | whole.term.means, kind, whole, sure)
        elif found := self._nodes(kind, site):
            yield Injury(found, means, kind, site, sure)


def find_injuries(document: Document) -> list[Injury]:
    """The injuries of a note, by place. Cost is linear in its length but for long lists."""
    return list(_Reader(document).injuries())
