"""The ranker: features of any note, the file it is kept in, scores."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import HistGradientBoostingClassifier

from data.authored import load_notes
from data.terminology.icd10cm import Release
from models.boosting import mean_of
from models.bundle import SHIPPED
from models.coding.coder import Coder
from models.coding.document import read_document
from models.coding.features import FEATURES, features
from models.coding.linking import Linker
from models.coding.note_facts import SECTION_GROUPS
from models.coding.ranking import LinearRanker, Ranker
from tests.models.coding.reading import document, note_texts

SHIPPED_RANKER = SHIPPED / "coder" / "billing" / "ranker.json"


@pytest.fixture(scope="module")
def linker(shipped_coder: Coder, release: Release) -> Linker:
    return shipped_coder.linker_for(release)


def rows_of(linker: Linker, text: str, **fields: object) -> dict[str, dict[str, float]]:
    doc = document(text, **fields)
    found = linker.candidates(doc)
    codes = sorted(found)
    rows = features(doc, found, codes, linker.facts)
    return {
        code: dict(zip(FEATURES, row.tolist(), strict=True))
        for code, row in zip(codes, rows, strict=True)
    }


def test_names_are_unique() -> None:
    assert len(set(FEATURES)) == len(FEATURES)
    kinds = [k for group in SECTION_GROUPS.values() for k in group]
    assert len(set(kinds)) == len(kinds)


@settings(max_examples=60)
@given(
    note_texts,
    st.sampled_from([None, "inpatient", "outpatient", "emergency"]),
    st.sampled_from([None, "facility", "professional"]),
)
def test_features_of_any_note_are_finite(
    linker: Linker, text: str, setting: str | None, claim_type: str | None
) -> None:
    doc = document(text, setting=setting, claim_type=claim_type)
    found = linker.candidates(doc)
    rows = features(doc, found, sorted(found), linker.facts)
    assert rows.shape == (len(found), len(FEATURES))
    assert np.isfinite(rows).all()
    assert np.abs(rows).max(initial=0) < 20


def test_features_say_what_a_coder_would(linker: Linker) -> None:
    text = "HPI: denies chest pain.\nPMH: gout\nAssessment:\n1. Asthma\n2. Possible pneumonia\n"
    rows = rows_of(linker, text, setting="emergency")
    asthma, chest, pneumonia = rows["J45.909"], rows["R07.9"], rows["J18.9"]
    assert asthma["asserted_in_final"] == asthma["problem_first"] == 1
    assert asthma["said_present"] > 0 == asthma["only_not_asserted"]
    assert chest["only_not_asserted"] == chest["is_symptom"] == chest["in_story"] == 1
    assert chest["symptom_in_emergency"] == chest["emergency"] == 1
    assert pneumonia["said_uncertain"] > 0 == pneumonia["uncertain_counts"]
    assert rows["M10.9"]["only_past"] == 1
    inpatient = rows_of(linker, text, setting="inpatient")["J18.9"]
    assert inpatient["uncertain_counts"] == inpatient["inpatient"] == 1


def test_row_hangs_on_the_candidate_not_on_the_order(linker: Linker) -> None:
    doc = read_document(load_notes("samples")[0].note)
    found = linker.candidates(doc)
    codes = sorted(found)
    ahead = features(doc, found, codes, linker.facts)
    back = features(doc, found, codes[::-1], linker.facts)
    np.testing.assert_allclose(ahead, back[::-1])


def test_saved_and_loaded_ranker_is_the_same(linker: Linker, tmp_path: Path) -> None:
    ranker = Ranker.load(SHIPPED_RANKER.parent)
    ranker.save(tmp_path)
    again = Ranker.load(tmp_path)
    doc = read_document(load_notes("samples")[0].note)
    found = linker.candidates(doc)
    codes = sorted(found)
    rows = features(doc, found, codes, linker.facts)
    beside = ranker.beside(doc, found, codes)
    scores = ranker.scores(rows, codes, beside)
    np.testing.assert_allclose(scores, again.scores(rows, codes, beside), atol=1e-9)
    assert scores.std() > 0
    assert ranker.scores(rows[:0], [], ranker.beside(doc, found, [])).shape == (0,)


def test_trees_of_other_features_are_refused(tmp_path: Path) -> None:
    ranker = Ranker.load(SHIPPED_RANKER.parent)
    ranker.save(tmp_path)
    rows = np.random.default_rng(0).normal(size=(60, 3))
    other = HistGradientBoostingClassifier(max_iter=2).fit(rows, rows[:, 0] > 0)
    mean_of([other], 3).save(tmp_path / "trees.onnx")
    with pytest.raises(ValueError, match="retrain the bundle"):
        Ranker.load(tmp_path)
    (tmp_path / "trees.onnx").unlink()
    with pytest.raises(ValueError, match=r"trees\.onnx is missing; retrain"):
        Ranker.load(tmp_path)


def test_scores_are_the_weighted_sum() -> None:
    weights, scale = np.zeros(len(FEATURES)), np.ones(len(FEATURES))
    weights[0], scale[0] = 3.0, 2.0
    rows = np.zeros((2, len(FEATURES)))
    rows[1, 0] = 4.0
    codes = ["I10", "E11.9"]
    assert LinearRanker(weights, -1.0, scale).scores(rows, codes).tolist() == [-1.0, 5.0]
    offset = LinearRanker(weights, -1.0, scale, {"E11-": 0.5, "E11.9": 0.25, "I11-": 9.0})
    assert offset.scores(rows, codes).tolist() == [-1.0, 5.75]


@pytest.mark.parametrize("change", ["missing", "other"])
def test_ranker_of_other_features_is_refused(tmp_path: Path, change: str) -> None:
    raw = json.loads(SHIPPED_RANKER.read_text("utf-8"))
    if change == "missing":
        del raw["features"]["dense"]
    else:
        raw["features"]["moon_phase"] = [1.0, 1.0]
    path = tmp_path / "ranker.json"
    path.write_text(json.dumps(raw), "utf-8")
    with pytest.raises(ValueError, match="retrain the bundle"):
        LinearRanker.load(path)


def test_weights_of_another_length_are_refused() -> None:
    with pytest.raises(ValueError, match="3 weights for"):
        LinearRanker(np.zeros(3), 0.0, np.ones(3))
