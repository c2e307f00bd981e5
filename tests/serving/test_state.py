"""The state of a note's codes is a pure function of suggestions and decisions."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from data.schemas import CodeRef, CodingResult, Decision, DecisionEvent, Evidence, System
from serving.coding.state import NoteState, Origin, Standing, derive

CODES = ("I10", "E11.9", "E11.21", "J45.20", "Z79.84")
WORDS = Evidence(start=0, end=3, text="abc")


def result(*listed: tuple[str, bool]) -> CodingResult:
    return CodingResult.model_validate(
        {
            "id": "n",
            "bundle": "b",
            "release": "r",
            "suggestions": [
                {
                    "system": "ICD-10-CM",
                    "code": code,
                    "description": f"about {code}",
                    "confidence": 0.5,
                    "selected": selected,
                    "auto_accept": False,
                    "evidence": [WORDS],
                }
                for code, selected in listed
            ],
        }
    )


def event(decision: str, code: str, replacement: str | None = None, **more: Any) -> DecisionEvent:
    target = CodeRef(system=System.ICD10CM, code=replacement) if replacement else None
    return DecisionEvent(
        note_id="n",
        decision=Decision(decision),
        system=System.ICD10CM,
        code=code,
        replacement=target,
        **more,
    )


def standing(state: NoteState, code: str) -> Standing | None:
    return next((c.standing for c in state.codes if c.code == code), None)


codes = st.sampled_from(CODES)
events = st.lists(
    st.one_of(
        st.builds(event, st.sampled_from(["accept", "reject", "add"]), codes),
        st.builds(event, st.just("replace"), codes, codes),
    ),
    max_size=15,
)
events_with_undo = st.lists(
    st.one_of(
        st.builds(event, st.sampled_from(["accept", "reject", "add", "undo"]), codes),
        st.builds(event, st.just("replace"), codes, codes),
    ),
    max_size=15,
)
results = st.one_of(
    st.none(),
    st.lists(st.tuples(codes, st.booleans()), unique_by=lambda x: x[0]).map(
        lambda listed: result(*listed)
    ),
)


def test_without_decisions_the_proposal_stands() -> None:
    state = derive(result(("I10", True), ("E11.9", False)), [])
    assert standing(state, "I10") is Standing.PROPOSED
    assert standing(state, "E11.9") is Standing.ALTERNATIVE
    assert (state.proposed, state.accepted) == (1, 0)


def test_each_decision_does_what_it_says() -> None:
    state = derive(
        result(("I10", True), ("E11.9", True), ("J45.20", True)),
        [
            event("accept", "I10"),
            event("reject", "J45.20"),
            event("replace", "E11.9", "E11.21"),
            event("add", "Z79.84", evidence=(WORDS,)),
        ],
    )
    assert {c.code: c.standing for c in state.codes} == {
        "I10": Standing.ACCEPTED,
        "E11.9": Standing.REPLACED,
        "J45.20": Standing.REJECTED,
        "E11.21": Standing.ACCEPTED,
        "Z79.84": Standing.ACCEPTED,
    }
    by_code = {c.code: c for c in state.codes}
    assert by_code["E11.21"].origin is Origin.REPLACEMENT
    assert by_code["E11.21"].evidence == (WORDS,)  # the span of the code replaced
    assert by_code["Z79.84"].origin is Origin.ADDED
    assert by_code["E11.9"].replaced_by == CodeRef(system=System.ICD10CM, code="E11.21")
    assert (state.proposed, state.accepted, state.rejected, state.replaced) == (0, 3, 1, 1)


def test_taking_a_replacement_back_takes_the_new_code_out() -> None:
    given_result = result(("E11.9", True))
    replaced = [event("replace", "E11.9", "E11.21")]
    state = derive(given_result, [*replaced, event("accept", "E11.9")])
    assert [(c.code, c.standing) for c in state.codes] == [("E11.9", Standing.ACCEPTED)]


def test_a_replacement_decided_on_by_itself_outlives_the_replacing() -> None:
    history = [
        event("replace", "E11.9", "E11.21"),
        event("accept", "E11.21"),
        event("accept", "E11.9"),
    ]
    state = derive(result(("E11.9", True)), history)
    assert standing(state, "E11.21") is Standing.ACCEPTED
    assert standing(state, "E11.9") is Standing.ACCEPTED


def test_a_rejected_replacement_is_out() -> None:
    history = [event("replace", "E11.9", "E11.21"), event("reject", "E11.21")]
    assert standing(derive(result(("E11.9", True)), history), "E11.21") is Standing.REJECTED


def test_the_newer_bundle_keeps_older_decisions() -> None:
    """A re-run that no longer lists a code does not lose what a person said of it."""
    state = derive(result(("I10", True)), [event("accept", "E11.9")])
    assert standing(state, "E11.9") is Standing.ACCEPTED


@given(results, events_with_undo, codes, st.sampled_from(["accept", "reject", "add"]))
def test_an_undo_gives_the_state_before(
    given_result: CodingResult | None, history: Any, code: str, last: str
) -> None:
    before = derive(given_result, history)
    after = derive(given_result, [*history, event(last, code), event("undo", code)])
    assert after == before


def test_undoing_twice_takes_back_two_decisions() -> None:
    history = [event("accept", "I10"), event("reject", "I10"), event("undo", "I10")]
    once = derive(result(("I10", True)), history)
    assert standing(once, "I10") is Standing.ACCEPTED
    twice = derive(result(("I10", True)), [*history, event("undo", "I10")])
    assert standing(twice, "I10") is Standing.PROPOSED
    assert twice.undoable is None


@given(results, events_with_undo)
def test_replaying_gives_the_same_state(given_result: CodingResult | None, history: Any) -> None:
    again = [DecisionEvent.model_validate_json(e.model_dump_json()) for e in history]
    assert derive(given_result, history) == derive(given_result, again)


@given(results, events_with_undo, codes, st.sampled_from(["accept", "reject", "add"]))
def test_the_last_decision_on_a_code_wins(
    given_result: CodingResult | None, history: Any, code: str, last: str
) -> None:
    state = derive(given_result, [*history, event(last, code)])
    expected = Standing.REJECTED if last == "reject" else Standing.ACCEPTED
    assert standing(state, code) is expected


@given(results, events, codes, codes)
def test_a_last_replacement_moves_the_code(
    given_result: CodingResult | None, history: Any, old: str, new: str
) -> None:
    state = derive(given_result, [*history, event("replace", old, new)])
    assert standing(state, old) is Standing.REPLACED
    if old != new:
        assert standing(state, new) is Standing.ACCEPTED


@given(results, events)
def test_only_the_last_word_on_each_code_counts(
    given_result: CodingResult | None, history: Any
) -> None:
    last = {e.code: position for position, e in enumerate(history)}
    kept = [e for position, e in enumerate(history) if position in last.values()]
    full, short = derive(given_result, history), derive(given_result, kept)
    assert {c.key: c.standing for c in full.codes} == {c.key: c.standing for c in short.codes}


@given(results, events_with_undo)
def test_every_code_once_and_the_counts_add_up(
    given_result: CodingResult | None, history: Any
) -> None:
    state = derive(given_result, history)
    assert len({c.key for c in state.codes}) == len(state.codes)
    alternatives = len(state.standing(Standing.ALTERNATIVE))
    counted = state.proposed + state.accepted + state.rejected + state.replaced + alternatives
    assert counted == len(state.codes)
