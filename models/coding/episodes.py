"""The 7th character: which episode of care an injury or a pathological fracture is in.

Active treatment is A for as long as it lasts, whoever gives it; healing and recovery
are D and what follows it, late effects S (guideline I.C.19.a, I.C.13.c). Fractures
say besides whether they were open and how they heal (I.C.19.c). A visit's kind
decides where the words around an injury do not: nobody rechecks in an emergency room.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from functools import cache

from data.schemas import Note, Setting
from models.coding.headers import RESOURCES

ACTIVE, AFTER, UNKNOWN = "active", "after", ""
HEAD = 400  # characters in which a note says what kind of visit it is
TITLE = 120  # characters that hold the title and the first line

# Letters of a stage: closed or no fracture, open I or II or not said, open IIIA to IIIC.
_LETTERS: Mapping[str, str] = {
    "active": "ABC",
    "after": "DEF",
    "delayed": "GHJ",
    "nonunion": "KMN",
    "malunion": "PQR",
    "sequela": "SSS",
}
_OPEN = re.compile(
    r"(?<!no )(?<!not )(?<!non)(?<!non-)\b(?:open|compound)\b"
    r"(?! (?:reduction|treatment|wound|repair|approach|surgery|access|book|bite|area))"
)
_FRACTURE = re.compile(r"\b(?:fx|fxs|fract\w*|frx|tib\W?fib|broken)\b")
_GRADED = re.compile(r"\bgustilo\b|\b(?:type|grade) i{1,3}[abc]? open\b")
_GRADE_III = re.compile(r"\b(?:gustilo|type|grade|g-?a)\b[\w\s,.-]{0,22}?\b(?:iii|3)\s?-?[abc]?\b")
_NOT_SO = re.compile(
    r"\b(?:no|not|without|if|denies|denied|r/o|rule out|vs|versus|risk of|evidence of|concern for"
    r"|say|watch for|possible|poss)\b[^.;:\n]{0,28}$"
)
# What is to come says nothing of today: "follow up in a week", "PT if not better".
_PLANNED = re.compile(
    r"\b(?:follow[ -]?up|f/u|recheck|re-?check|rehab|therapy|pt|ot|suture removal"
    r"|wound check)[^\w\n]+(?:in|with|w|by|as|if|prn|within|at|for|after|when|next|on|\d+)\b"
    r"|\b(?:no|to|for|needs?|will|refer\w*|outpatient|home|schedule\w*|arrange\w*|d/c) "
    r"(?:follow[ -]?up|f/u|recheck|rehab|therapy|physical therapy|pt|ot|hand therapy)\b"
    r"|\bpost-?op(?:erative)?\s+(?:diagnos[ei]s|dx)\b"
    r"|\b(?:return|rtc|rto|come back|back|see)\b[^.;\n]{0,12}\d[^.;\n]{0,14}"
    r"\b(?:suture|staple|stitch)\w* (?:removal|out)\b"
    r"|\b(?:sutures|staples|stitches)\s(?:out|to be removed)\s(?:in\s|after\s)?~?\d"
)
_SINCE_YEAR = re.compile(r"\bsince\b[^.;\n]{0,60}\b(?:19|20)\d\d\b")
# "Old brachial plexus injury", not "a 6 year old".
_OLD = re.compile(
    r"(?<!year )(?<!years )(?<!yr )(?<!yo )(?<!month )(?<!months )(?<!week )(?<!day )(?<!days )"
    r"(?<!\w)(?:old|remote|prior|childhood) (?:[\w-]+ ){0,3}"
    r"(?:injur\w+|fracture|fx|burns?|trauma|laceration|dislocation|tbi|sci)\b"
)
_COUNTED = re.compile(
    r"\b(?:\d+|one|two|three|four|five|six|eight|ten|twelve)\+?\W?(?:wks?|weeks?|mos?|months?)\b"
    r"[^.;\n]{0,6}\b(?:out|post|s/p|after|status post|from (?:injury|surgery))\b"
    r"|\b(?:wk|week|pow|pod|pov)\W{0,2}\d+\b"
)


@cache
def encounter_cues() -> Mapping[str, tuple[str, ...]]:
    """Kind of cue → wordings, from ``resources/encounter_cues.csv``."""
    table: dict[str, list[str]] = {}
    with (RESOURCES / "encounter_cues.csv").open(encoding="utf-8", newline="") as handle:
        for row in csv.DictReader(handle):
            table.setdefault(row["kind"], []).append(row["cue"])
    return {kind: tuple(cues) for kind, cues in table.items()}


@cache
def _cues(kind: str) -> re.Pattern[str]:
    wordings = sorted(encounter_cues()[kind], key=len, reverse=True)
    return re.compile(r"(?<!\w)(?:" + "|".join(map(re.escape, wordings)) + r")(?!\w)")


def _says(kind: str, text: str) -> bool:
    """Whether the text claims a cue: "not calling it a nonunion" does not."""
    return any(
        not _NOT_SO.search(text[max(0, m.start() - 40) : m.start()])
        for m in _cues(kind).finditer(text)
    )


def stage_of_visit(note: Note) -> str:
    """``active`` or ``after`` for what the visit as a whole is for; ``""`` where nothing says."""
    kind = f"{note.note_type or ''}\n{note.specialty or ''}\n".lower()
    head = _PLANNED.sub(" ", kind + note.text[:HEAD].lower())
    title = head[: len(kind) + TITLE]
    if _says("check_visit", head) or _says("therapy_visit", title):
        return AFTER
    if note.setting is Setting.EMERGENCY or _says("visit_active", title):
        return ACTIVE
    if _says("visit_after", head) or _COUNTED.search(head):
        return AFTER
    return ACTIVE if note.setting is Setting.INPATIENT else UNKNOWN


HEALING = ("nonunion", "malunion", "delayed")
SEQUELA = "sequela"
# What an external cause has of an injury's character: initial, subsequent, sequela.
_OF_CAUSE: Mapping[str, str] = {"A": "A", "B": "A", "C": "A", "S": "S"}


def healing(text: str) -> str:
    """What became of a note's injuries, by its lower-case text; ``""`` where nothing says.

    A fracture that fails to heal, or else a late effect: where one sentence names the scar,
    another names the burn that left it.
    """
    late = _says(SEQUELA, text) or _says("sequela_maybe", text) or bool(_OLD.search(text))
    return next((s for s in HEALING if _says(s, text)), SEQUELA if late else "")


def of_cause(character: str) -> str:
    """The 7th character of the external cause of an injury that has this one (I.C.20.a.1)."""
    return _OF_CAUSE.get(character, "D")


def of_cause_by_visit(visit: str) -> str:
    """The same where no injury says its own: what the visit is for."""
    return "D" if visit == AFTER else "A"


def open_grade(text: str) -> int:
    """0 closed or not said, 1 open, 2 open of grade III; of lower-case text."""
    spoken = bool(_GRADED.search(text)) or (
        bool(_FRACTURE.search(text)) and bool(_OPEN.search(text))
    )
    if not spoken:
        return 0
    return 2 if _GRADE_III.search(text) else 1


def _letter(stage: str, grade: int, available: frozenset[str]) -> str:
    """The stage's letter for the grade, or for the nearest lower one that the code has."""
    return next((c for c in _LETTERS[stage][grade::-1] if c in available), "")


def episodes(
    text: str,
    visit: str,
    available: frozenset[str],
    note_grade: int = 0,
    note_healing: str = "",
) -> tuple[str, ...]:
    """7th characters, best first; those after it are what it would be at other stages of care.

    Args:
        text: lower-case words around the injury.
        visit: as :func:`stage_of_visit` says.
        available: the characters that the code has.
        note_healing: what becomes of the note's injuries, as :func:`healing` says.
        note_grade: the :func:`open_grade` of any fracture of the note, which may be this one.
    """
    told = _PLANNED.sub(" ", text)
    stages = [s for s in HEALING if _says(s, told)]
    if _says(SEQUELA, told):
        stages.insert(0, SEQUELA)
    after = visit == AFTER or (
        visit != ACTIVE and (_says("after", told) or bool(_COUNTED.search(told)))
    )
    stages += ["after", "active"] if after else ["active", "after"]
    if SEQUELA not in stages and (_SINCE_YEAR.search(told) or _OLD.search(told)):
        stages.insert(1, SEQUELA)
    grade = open_grade(told)
    found = [_letter(s, grade, available) for s in stages]
    if note_healing and note_healing not in stages and (after or note_healing == SEQUELA):
        found.insert(1, _letter(note_healing, max(grade, note_grade), available))
    if note_grade > grade:
        found.insert(1, _letter(stages[0], note_grade, available))
    letters = tuple(dict.fromkeys(filter(None, found)))
    return letters or tuple(c for c in ("A", "0") if c in available)
