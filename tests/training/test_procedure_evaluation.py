"""What the evaluation of procedures counts, on notes made by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

import pytest

import training.procedure_evaluation as evaluation
from data.authored.procedures import Done, Level, Service, Visit
from data.authored.procedures import Status as Gold
from data.schemas import (
    ClaimType,
    CodingResult,
    Evidence,
    GoldCode,
    GoldNote,
    Note,
    Suggestion,
    System,
)
from data.terminology.procedure_codes import ProcedureCodes
from models.bundle import SHIPPED
from models.coding.coder import Coder
from models.procedures.model import ProcedureModel
from training.errors import TrainingError
from training.procedure_evaluation import (
    Judged,
    calibration,
    counts_of,
    element_counts,
    figures,
    judge_note,
    run_evaluate_procedures,
)
from training.procedure_notes import coded_notes

TEXT = "X-ray of the ankle done, ECG ordered, flu shot declined."
WORDS = Evidence.of(TEXT, 0, 5)


def line(code: str, *, m: str = "", units: int = 1, to: str = "I10") -> GoldCode:
    return GoldCode(
        system=System.CPT, code=code, modifiers=tuple(m.split()), units=units,
        linked_diagnoses=tuple(to.split()), evidence=(WORDS,),
    )  # fmt: skip


def ours(
    code: str, confidence: float = 0.9, *, m: str = "", units: int = 1, to: str = "I10"
) -> Suggestion:
    return Suggestion(
        system=System.CPT, code=code, description="d", confidence=confidence,
        selected=confidence >= 0.5, auto_accept=False, evidence=(WORDS,), units=units,
        modifiers=tuple(m.split()), linked_diagnoses=tuple(to.split()),
    )  # fmt: skip


Family = Literal["office", "nursing facility", "home", "hospital", "preventive"]


def judged(
    gold: list[GoldCode], found: list[Suggestion], *, visit: Visit | None = None,
    claim: ClaimType = ClaimType.PROFESSIONAL, worksheet: dict[str, object] | None = None,
    statuses: str = "",
) -> Judged:  # fmt: skip
    """``statuses``: "gold:read" of each service."""
    pairs = [pair.split(":") for pair in statuses.split()]
    services = tuple(Service(evidence=WORDS, status=Gold(wanted)) for wanted, _ in pairs)
    note = Note(id="n", text=TEXT, claim_type=claim)
    done = Done(note="n", lines=tuple(gold), visit=visit, services=services)
    read = tuple(Gold(got) for _, got in pairs)
    return Judged(GoldNote(note=note), done, tuple(found), worksheet or {}, read)


def levelled(code: str, family: Family, **levels: Level) -> Visit:
    return Visit(code=code, family=family, method="decision making", **levels)


@pytest.fixture(scope="module")
def codes() -> ProcedureCodes:
    return ProcedureCodes.load()


def test_lines_count_once_a_note_and_by_family(codes: ProcedureCodes) -> None:
    gold = [line("73610"), line("73610"), line("93000"), line("99213"), line("Z9999")]
    found = [ours("73600"), ours("93000"), ours("93000"), ours("99214"), ours("71046", 0.3)]
    counts = counts_of(judged(gold, found), codes)
    assert counts["lines exact"] == (1, 3, 4)
    assert counts["lines family"] == (3, 3, 4)  # ankle, ECG, established office visit
    assert counts["lines exact, visits apart"] == (1, 2, 3)


def test_modifiers_over_all_lines_units_and_pointers_over_shared(codes: ProcedureCodes) -> None:
    gold = [line("73610", m="RT 26"), line("96372", units=2, to="M54.50 I10"), line("93000")]
    found = [ours("73610", m="LT 26"), ours("96372", to="I10 E11.9"), ours("71046", m="26")]
    counts = counts_of(judged(gold, found), codes)
    assert counts["modifiers"] == (1, 3, 2)
    assert counts["units of shared lines"] == (1, 2, 2)
    assert counts["pointers of shared lines"] == (2, 3, 3)


@pytest.mark.parametrize(
    ("family", "wanted", "found", "code", "exact", "near"),
    [
        ("office", "99214", "99214", 1, 1, 1),
        ("office", "99214", "99213", 0, 0, 1),
        ("office", "99214", "99212", 0, 0, 0),
        ("office", "99214", "99204", 0, 0, 0),  # the same level of a new patient's family
        ("office", "99214", "99203 99215", 0, 0, 1),
        ("office", "99214", "", 0, 0, 0),
        ("hospital", "99233", "99234", 0, 0, 0),  # neighbours in number, not in level
        ("nursing facility", "99306", "99307", 0, 0, 0),
        ("nursing facility", "99309", "99310", 0, 0, 1),
        ("home", "99342", "99344", 0, 0, 1),
        ("home", "99349", "99350", 0, 0, 1),
    ],
)
def test_visit_exact_and_within_one(
    codes: ProcedureCodes, family: Family, wanted: str, found: str,
    code: int, exact: int, near: int,
) -> None:  # fmt: skip
    note = judged([line(wanted)], [ours(c) for c in found.split()], visit=levelled(wanted, family))
    counts = counts_of(note, codes)
    assert counts["visit code"] == (code, 1, 1)
    assert counts["level exact"] == (exact, 1, 1)
    assert counts["level within one"] == (near, 1, 1)


def test_a_visit_without_levels_is_judged_by_its_code_alone(codes: ProcedureCodes) -> None:
    visit = Visit(code="99396", family="preventive", method="age")
    counts = counts_of(judged([line("99396")], [ours("99396")], visit=visit), codes)
    assert counts["visit code"] == (1, 1, 1)
    assert not {"level exact", "level within one"} & set(counts)
    assert "visit code" not in counts_of(judged([], []), codes)


def test_elements_where_both_have_one() -> None:
    visit = levelled("99214", "office", problems=Level.MODERATE, data=Level.LOW)
    sheet: dict[str, object] = {
        "problems": {"name": "moderate"}, "data": {"name": "high"}, "risk": {"name": "low"},
    }  # fmt: skip
    counts = element_counts(judged([], [], visit=visit, worksheet=sheet))
    assert counts == {"element problems": (1, 1, 1), "element data": (0, 1, 1)}
    assert element_counts(judged([], [], worksheet=sheet)) == {}
    assert element_counts(judged([], [], visit=visit)) == {}


STATUSES = "performed:performed performed:ordered ordered:ordered planned:performed"


def test_status_f1(codes: ProcedureCodes) -> None:
    note = judged([], [], statuses=STATUSES)
    counts = counts_of(note, codes)
    assert counts["status performed"] == (1, 2, 2)
    assert counts["status ordered"] == (1, 2, 1)
    assert counts["status planned"] == (0, 0, 1)
    assert counts["status refused"] == (0, 0, 0)
    found = figures([note], codes)["status ordered"]
    assert (found["precision"], found["recall"]) == (0.5, 1)
    assert found["f1"] == pytest.approx(2 / 3)


def test_facility_claims_are_left_out_but_for_their_statuses(codes: ProcedureCodes) -> None:
    note = judged(
        [], [ours("93000")], claim=ClaimType.FACILITY, statuses=STATUSES,
        visit=levelled("99213", "office"),
    )  # fmt: skip
    assert {name.partition(" ")[0] for name in counts_of(note, codes)} == {"status"}
    assert calibration([note])["ece listed"] == 0
    billed = judged([line("93000")], [ours("93000")], visit=levelled("99213", "office"))
    found = figures([billed, note], codes)
    assert found["lines exact"]["precision"] == 1


def test_figures_sum_over_notes_and_intervals_hold_them(codes: ProcedureCodes) -> None:
    notes = [
        judged([line("93000")], [ours("93000")]),
        judged([line("73610"), line("93000")], [ours("93000"), ours("71046")]),
        judged([line("96372")], []),
        judged([], [ours("93000")]),
    ] * 5
    found = figures(notes, codes)
    exact = found["lines exact"]
    assert (exact["precision"], exact["recall"]) == (0.5, 0.5)
    assert exact["gold"] == 20
    for figure in found.values():
        assert 0 <= figure["low"] <= figure["f1"] <= figure["high"] <= 1
    assert exact["low"] < exact["f1"] < exact["high"]
    assert figures(notes, codes) == found


def test_calibration_of_what_is_listed_and_selected() -> None:
    note = judged([line("93000")], [ours("93000", 0.8), ours("71046", 0.6), ours("73610", 0.1)])
    found = calibration([note])
    assert found["ece listed"] == pytest.approx((0.2 + 0.6 + 0.1) / 3)
    assert found["ece selected"] == pytest.approx((0.2 + 0.6) / 2)
    assert found["brier skill selected"] == pytest.approx(1 - (0.04 + 0.36) / 2 / 0.25)


def test_a_note_is_judged_by_its_procedures_and_worksheet(codes: ProcedureCodes) -> None:
    gold, done = next(pair for pair in coded_notes("samples") if pair[1].services)
    diagnosis = ours("99213").model_copy(update={"system": System.ICD10CM, "code": "I10"})
    result = CodingResult(
        id="n", bundle="b", release="r", suggestions=(ours("93000"), diagnosis, ours("71046", 0.2)),
        em={"code": "99213"},
    )  # fmt: skip
    model = ProcedureModel.load(SHIPPED / "procedures")
    note = judge_note(gold, done, result, codes, model)
    assert [s.code for s in note.lines] == ["93000", "71046"]
    assert [s.code for s in note.selected] == ["93000"]
    assert note.worksheet == {"code": "99213"}
    assert len(note.statuses) == len(done.services)
    right = [s is w.status for s, w in zip(note.statuses, done.services, strict=True)]
    assert sum(right) > len(right) / 2


def test_unknown_split_and_bundle_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shipped_coder: Coder
) -> None:
    with pytest.raises(TrainingError, match="no bundle 'nothing'"):
        run_evaluate_procedures("nothing", "test", None, tmp_path, print)
    monkeypatch.setattr(Coder, "load", lambda *_: shipped_coder)
    with pytest.raises(TrainingError, match="no split 'blind'; there are train, dev, test"):
        run_evaluate_procedures(None, "blind", None, tmp_path, print)
    monkeypatch.setattr(evaluation, "coded_notes", lambda _batch: [])
    with pytest.raises(TrainingError, match="no note of dev has its procedures coded"):
        run_evaluate_procedures(None, "dev", None, tmp_path, print)


def test_figures_are_printed_returned_and_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shipped_coder: Coder
) -> None:
    few: list[Any] = coded_notes("samples")[:3]
    monkeypatch.setattr(Coder, "load", lambda *_: shipped_coder)
    monkeypatch.setattr(evaluation, "coded_notes", lambda _batch: few)
    said: list[str] = []
    path = tmp_path / "figures.json"
    out = run_evaluate_procedures(None, "dev", path, tmp_path, said.append)
    assert said[0].startswith("== dev (tuned on these): 3 notes, authored")
    assert out["lines exact"]["gold"] > 0
    assert 0 <= out["confidence"]["ece listed"] <= 1
    written = json.loads(path.read_text("utf-8"))
    assert written.pop("bundle") == shipped_coder.bundle_id
    assert written == out
