"""Drugs: adverse effects, underdosing and poisoning (T36-T50), allergies.

Guideline I.C.19.e. An effect needs a cue beside the drug that says so ("due to",
"-induced", "ran out of"). Long-term use is read in ``drug_use.py``.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

from data.schemas import Assertion
from models.coding.circumstances.drug_use import NOT_TAKEN, beside, long_term_codes
from models.coding.circumstances.reading import Hit, Reading, age_in_years
from models.coding.circumstances.tables import (
    CUE,
    EFFECT,
    drug_allergies,
    drug_classes,
    drug_routes,
    word_set,
)
from models.coding.occurrences import ALTERNATIVE, CHOSEN, Occurrence
from models.coding.specify import episode

ADVERSE, UNDERDOSING = "5", "6"
_NOT_GIVEN = "Y63.6"
# Words that begin something else behind a drug.
_ENDS_ROUTE = frozenset({"and", "or", "with", "to", "for", "then", "but", "on", "in", "plus"})
# Eating mushrooms, swallowing "pills": no poisoning by itself.
_FOOD_OR_VAGUE = ("T40.99", "T50.9", "T43.61")
_ABUSED = ("T40", "T42.4", "T43.6", "T51", "T65.2")
# Words behind a drug that leave it the drug that harmed, or that was not taken.
_SAME_DRUG = {
    "use": "adverse",
    "infusion": "adverse",
    "refill": "underdosing",
    "refills": "underdosing",
}
_CHILD = 12  # years; below, who gives the drug decides (Z91.A)

_SELF_HARM = re.compile(
    r"suicid|self[- ]?harm|intentional(?<!unintentional)|wanted to die|kill (?:him|her|my)|"
    r"end (?:his|her|my|their) (?:own )?life|to end life|deliberate|on purpose|to die|"
    r"take (?:his|her) own life|\bSI\b"
)
_NOT_MEANT = re.compile(r"accident|unintentional|inadvertent|by mistake")
_UNDETERMINED = re.compile(r"undetermined|intent (?:is )?(?:unclear|unknown)|unclear intent")
_COST = re.compile(
    r"afford|cost|expens|money|copay|co-pay|insurance|price|ration|stretch|financ|\$"
)
_FORGOT = re.compile(
    r"forg[eo]t|memory|confus|dementia|mix(?:ed)? up|misunderst|did ?n.t (?:know|realize)"
)
_AGED = re.compile(r"dementia|memory|cognitive|frail|arthritic hands|poor vision")
_CHOSE = re.compile(
    r"stop|quit|refus|declin|skip|side effect|did ?n.t like|felt (?:better|fine|well)|decided|"
    r"on (?:his|her|their) own|purpose|self|tired of|worr|afraid|does ?n.t (?:like|want)"
)
_ALLERGIC = re.compile(r"allerg|\bsensitivity\b|hypersensitiv|anaphyla")
_BY_SELF = re.compile(
    r"\bon (?:(?:his|her|their|my) )?own\b|\bby (?:him|her|them)self\b|\bself[- ]|\bwithout "
    r"(?:telling|asking|calling|consult)|against (?:medical )?advice|\b(?:because|since|as) "
    r"(?:he|she|they|it|of|the)\b|\b(?:he|she|pt|patient|mom|mother|they|family) "
    r"(?:had |has |has been |just )?(?:stopped|quit)|did ?n.t (?:like|think|want|refill)|felt "
    r"(?:better|fine|well)|made (?:him|her|them)|\b(?:cost|copay|afford|insurance|expens)"
)


# "Toxicity, taken as prescribed": a right dose makes no poisoning (I.C.19.e.5.a).
_RIGHTLY = re.compile(
    r"(?<!not )(?<!than )(?:taken|took|taking|given|used|using|administered|dosed|on it) "
    r"(?:it |them |exactly |only |just )?(?:as|correctly|properly|appropriately)(?! needed)\b|"
    r"\btherapeutic (?:use|dos\w+)|\b(?:correct|usual|prescribed|right) dose\b(?! (?:of|x))|"
    r"\btaking (?:his|her|the) (?:usual|prescribed|regular) dose"
)
_WRONGLY = re.compile(r"overdos|\bod\b|too m|double|extra|instead|wrong|accident|more than|twice")
# Those who give the drug left it out: no choice of the patient's (Y63.6).
_STAFF_ERR = re.compile(
    r"our (?:error|mistake|fault|oversight)|\b(?:facility|nursing|staff|pharmacy|transcription|"
    r"order|medication|charting|clerical|system|reconciliation|med rec|dispensing) "
    r"(?:entry )?(?:error|mistake|omission|oversight|mix-?up)|\bfell off|dropped off|left off|"
    r"\b(?:never|not) (?:re-?ordered|re-?started|resumed|continued|transcribed|carried over|given)|"
    r"omitted (?:from|on|in|by|at|during)|inadvertently (?:omitted|held|stopped|discontinued|not)|"
    r"forgot(?:ten)? to (?:re-?order|re-?start|resume|give)|"
    r"mistakenly (?:omitted|held|stopped|disc)|"
    r"in error\b|missed by (?:staff|nurs|facility|the)|not (?:on|in) (?:the|his|her) mar\b"
)
# Between two drugs that one cue holds for: "both lisinopril and amlodipine".
_DOSE = r"(?:\s*\(?[\d.,/]+\s?(?:mg|mcg|g|units?|u)?\b\)?(?:\s?(?:daily|bid|tid|qd|qhs|hs|po))*)?"
_JOINED = re.compile(
    _DOSE + r"\s*(?:and(?: also)?|&|\+|/|or|as well as|plus)\s*(?:her|his|their|the)?\s*", re.I
)
_LISTED = re.compile(_DOSE + r"\s*,\s*(?:(?:and|or|&)\s*)?(?:her|his|their|the)?\s*", re.I)
_TOPICAL_REACH = 2  # words between a drug and the word that says where it is put


def drug_codes(reading: Reading) -> Iterator[tuple[str, Occurrence]]:
    """Every code that the note's drugs bear."""
    yield from long_term_codes(reading)
    drugs: dict[int, list[Hit]] = defaultdict(list)
    cues: dict[int, list[Hit]] = defaultdict(list)
    for hit in _widest(reading.hits[EFFECT]):
        drugs[hit.sentence].append(hit)
    for hit in reading.hits[CUE]:
        cues[hit.sentence].append(hit)
    for sentence, found in drugs.items():
        yield from _allergies(reading, sentence, [d for d in found if not _is_toxin(d)])
        if reading.kind(sentence) == "allergies":
            continue
        routed = [_routed(reading, drug) for drug in found]
        kinds = [_kinds(reading, drug, cues[sentence]) for drug in routed]
        _share(reading, routed, kinds)
        for drug, told in zip(routed, kinds, strict=True):
            yield from _effects(reading, drug, told)


def _is_toxin(drug: Hit) -> bool:
    """A substance that is no drug (T51-T65): it has no effect that was meant."""
    return drug.rule.code >= "T51"


def _widest(hits: list[Hit]) -> list[Hit]:
    """Without a name that stands inside a longer one."""
    kept: list[Hit] = []
    for hit in sorted(hits, key=lambda h: (h.first, -h.last)):
        if not kept or hit.first >= kept[-1].last:
            kept.append(hit)
    return kept


def _names_other(reading: Reading, drug: Hit) -> bool:
    """ "Iron deficiency", "opioid use disorder": the name is part of another thing's."""
    tokens = reading.document.tokens
    end = reading.document.sentences[drug.sentence].last
    return drug.last < end and tokens[drug.last].text.lower() in word_set("other_thing")


def t_code(stem: str, effect: str, character: str) -> str:
    """A code of T36-T50 from its stem, kind of effect and 7th character (I.A.4, I.A.5)."""
    bare = (stem.replace(".", "") + effect).ljust(6, "X") + character
    return f"{bare[:3]}.{bare[3:]}"


def _routed(reading: Reading, drug: Hit) -> Hit:
    """The drug under the stem of what is put on one place ("prednisolone drops": T49.5)."""
    tokens = reading.document.tokens
    sentence = reading.document.sentences[drug.sentence]
    before = "" if drug.first == sentence.first else tokens[drug.first - 1].text.lower()
    behind: list[str] = []
    for i in range(drug.last, min(sentence.last, drug.last + 1 + _TOPICAL_REACH)):
        if re.search(r"[,;.:]\s", reading.gap(i - 1, i)):
            break
        word = tokens[i].text.lower()
        if word in _ENDS_ROUTE:
            break
        behind.append(word)
    for row in drug_routes():
        if not drug.rule.code.startswith(tuple(row["stems"].split("|"))):
            continue
        if before in row["before"].split("|") or not set(behind).isdisjoint(
            row["behind"].split("|")
        ):
            return replace(drug, rule=replace(drug.rule, code=row["code"]))
    return drug


def _kinds(reading: Reading, drug: Hit, cues: list[Hit]) -> dict[str, Hit]:
    """The cues that stand beside a drug, by what they make of it."""
    kinds: dict[str, Hit] = {}
    for cue in cues:
        # Some effects are told by their place alone, of the drugs known for them.
        stems = tuple(s for s in cue.rule.columns["stems"].split("|") if s)
        if stems and not drug.rule.code.startswith(stems):
            continue
        if beside(reading, drug, cue):
            kinds.setdefault(cue.rule.columns["kind"], cue)
    return kinds


def _share(reading: Reading, drugs: list[Hit], kinds: list[dict[str, Hit]]) -> None:
    """Let a cue hold for every drug of a row: "stopped both lisinopril and amlodipine"."""
    gaps = [reading.gap(a.last - 1, b.first) for a, b in pairwise(drugs)]
    row = 0
    while row < len(gaps):
        end = row
        while end < len(gaps) and (_JOINED.fullmatch(gaps[end]) or _LISTED.fullmatch(gaps[end])):
            end += 1
        joined = end > row and re.search(r"\b(?:and|or)\b|[&+/]", gaps[end - 1])
        if joined:
            plain = all(_JOINED.fullmatch(g) for g in gaps[row:end])
            _spread(drugs[row], kinds[row : end + 1], plain)
        row = max(end, row) + 1


def _spread(first: Hit, kinds: list[dict[str, Hit]], plain: bool) -> None:
    """Give the drugs of a row what is said before the first of them or after the last."""
    for kind, cue in list(kinds[0].items()):
        # A comma may part the drug that harmed from the one that helped.
        if cue.last <= first.first and (plain or kind != "adverse"):
            for other in kinds[1:]:
                other.setdefault(kind, cue)
    for kind, cue in list(kinds[-1].items()):
        if cue.first > first.first and kind in ("underdosing", "poisoning", "stopped"):
            for other in kinds[:-1]:
                other.setdefault(kind, cue)


def _effects(
    reading: Reading, drug: Hit, kinds: dict[str, Hit]
) -> Iterator[tuple[str, Occurrence]]:
    if _names_other(reading, drug):
        # "AKI due to ibuprofen use" blames the drug still; "opioid use" is another matter.
        other = reading.document.tokens[drug.last].text.lower()
        kind = _SAME_DRUG.get(other, "")
        if kind not in kinds or (kind == "adverse" and drug.rule.code.startswith(_ABUSED)):
            return
        kinds = {kind: kinds[kind]}
    if _is_toxin(drug):
        yield from _toxic(reading, drug, kinds)
        return
    kinds.pop("met", None)
    food = drug.rule.code.startswith(_FOOD_OR_VAGUE)
    if "consumed" in kinds and not food:  # "ate her gummies", "drank the cough syrup"
        kinds.setdefault("poisoning", kinds["consumed"])
    kinds.pop("consumed", None)
    # "Stopped apixaban on her own": stopping is no underdosing unless the patient chose it.
    if (stopped := kinds.pop("stopped", None)) and _BY_SELF.search(reading.lower(drug.sentence)):
        kinds.setdefault("underdosing", stopped)
    if "poisoning" in kinds:
        said_here = reading.around(drug.sentence)
        if _RIGHTLY.search(said_here) and not _WRONGLY.search(said_here):
            kinds.setdefault("adverse", kinds.pop("poisoning"))
    for kind, cue in kinds.items():
        # The cue of an underdosing may deny by itself ("not taking"): its own words do not count.
        at = cue if kind == "underdosing" else drug
        said = reading.assertion(at.sentence, at.first, at.first + 1)
        if kind == "poisoning" and said is Assertion.FAMILY:
            said = Assertion.PRESENT  # "swallowed her grandfather's amlodipine"
        if said in NOT_TAKEN or (kind == "adverse" and _effect_denied(reading, cue)):
            continue
        span = Hit(drug.rule, drug.sentence, min(drug.first, cue.first), max(drug.last, cue.last))
        stem = drug.rule.code
        if kind == "adverse":
            named = _named_of_class(reading, drug)
            for specific in named:
                yield from _with_episode(reading, specific, ADVERSE, span, said, CHOSEN)
            role = ALTERNATIVE if named else CHOSEN
            yield from _with_episode(reading, stem, ADVERSE, span, said, role)
        elif kind == "underdosing":
            yield from _with_episode(reading, stem, UNDERDOSING, span, Assertion.PRESENT, CHOSEN)
            yield from _reasons(reading, span)
        else:
            role = ALTERNATIVE if "adverse" in kinds else CHOSEN
            yield from _with_episode(reading, stem, _intent(reading), span, said, role)


def _toxic(reading: Reading, drug: Hit, kinds: dict[str, Hit]) -> Iterator[tuple[str, Occurrence]]:
    """A poison: some wordings say it by themselves ("bee sting"), others need a cue beside."""
    cue = next((kinds[k] for k in ("poisoning", "consumed", "met") if k in kinds), None)
    alone = drug.rule.columns.get("when") == "alone"
    if not alone and cue is None:
        return
    said = reading.said(drug)
    if said in NOT_TAKEN:
        return
    span = drug
    if cue is not None:
        span = Hit(drug.rule, drug.sentence, min(drug.first, cue.first), max(drug.last, cue.last))
    # Who was only near it may bear a contact code instead (Z77).
    role = CHOSEN if alone or "poisoning" in kinds or "consumed" in kinds else ALTERNATIVE
    yield from _with_episode(reading, drug.rule.code, _intent(reading), span, said, role)


def _effect_denied(reading: Reading, cue: Hit) -> bool:
    """ "No cough from lisinopril": what stands before the cue is denied."""
    before = cue.first - 1
    if before < reading.document.sentences[cue.sentence].first:
        return False
    return reading.assertion(cue.sentence, before, cue.first) in NOT_TAKEN


def _named_of_class(reading: Reading, drug: Hit) -> list[str]:
    """Stems of the drugs of a class that the note names, where only the class is blamed."""
    classes = drug_classes()
    members = classes.get(reading.document.tokens[drug.first].text.lower().rstrip("s"))
    if not members:
        return []
    named = {
        h.rule.code
        for h in reading.hits[EFFECT]
        if h.rule.code.startswith(members)
        and reading.kind(h.sentence) != "allergies"
        and reading.document.tokens[h.first].text.lower().rstrip("s") not in classes
    }
    return sorted(named - {drug.rule.code}) if len(named) <= 2 else []


def _with_episode(
    reading: Reading, stem: str, effect: str, span: Hit, said: Assertion, role: str
) -> Iterator[tuple[str, Occurrence]]:
    """The effect under treatment; where the note tells of a late effect, the sequela too."""
    yield t_code(stem, effect, "A"), reading.place(span, said, role=role)
    if episode(reading.context(span), frozenset("ADS"))[0] == "S":
        yield t_code(stem, effect, "S"), reading.place(span, said, role=ALTERNATIVE)


def _intent(reading: Reading) -> str:
    """Poisoning is accidental unless the note says otherwise (I.C.19.e.5.b)."""
    text = reading.document.text.lower()
    if _UNDETERMINED.search(text):
        return "4"
    if _NOT_MEANT.search(text):
        return "1"
    return "2" if _SELF_HARM.search(text) else "1"


def _reasons(reading: Reading, span: Hit) -> Iterator[tuple[str, Occurrence]]:
    """Why a drug was not taken as prescribed (I.C.19.e.5.c, I.C.21.c.18)."""
    text = reading.around(span.sentence)
    if _STAFF_ERR.search(text):
        yield _NOT_GIVEN, reading.place(span, Assertion.PRESENT)
        return
    age = age_in_years(reading.note)
    cost, forgot = bool(_COST.search(text)), bool(_FORGOT.search(text))
    if age is not None and age < _CHILD:
        first = "Z91.A20" if cost else "Z91.A3" if forgot else "Z91.A28"
        second = ""
    elif cost:
        first, second = "Z91.120", "Z91.141"
    elif forgot:
        first, second = ("Z91.130" if _AGED.search(text) else "Z91.138"), "Z91.148"
    elif _CHOSE.search(text):
        first, second = "Z91.128", "Z91.148"
    else:
        first, second = "Z91.148", "Z91.138"
    yield first, reading.place(span, Assertion.PRESENT)
    if second:
        yield second, reading.place(span, Assertion.PRESENT, role=ALTERNATIVE)


def _allergies(
    reading: Reading, sentence: int, drugs: list[Hit]
) -> Iterator[tuple[str, Occurrence]]:
    """Allergy status of the drugs of an allergy list, or said to be allergic to."""
    listed = reading.kind(sentence) == "allergies"
    if not listed and not _ALLERGIC.search(reading.lower(sentence)):
        return
    for drug in drugs:
        said = reading.said(drug)
        if said in NOT_TAKEN:
            continue
        tokens = reading.document.tokens
        near = " ".join(
            t.text.lower() for t in tokens[max(0, drug.first - 3) : min(len(tokens), drug.last + 2)]
        )
        if not listed and not _ALLERGIC.search(near):
            continue
        stem = drug.rule.code
        code = drug.rule.columns.get("allergy") or next(
            target for prefix, target in drug_allergies() if stem.startswith(prefix)
        )
        if code:
            yield code, reading.place(drug, Assertion.PRESENT)
