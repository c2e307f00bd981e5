"""What the page's forms send, and what becomes of it for the services."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from data.schemas import ClaimAction, Code, CodeRef, Decision, Evidence, System
from serving.coding.schemas import DecisionRequest, Registered, SignOffRequest
from serving.errors import invalid

Offset = Annotated[int, Field(ge=0)]


class Form(BaseModel):
    """Fields of a form; one that the page does not have is refused."""

    model_config = ConfigDict(extra="forbid")


class DecisionForm(Form):
    """One decision; ``start`` and ``end`` are the words selected in the note."""

    decision: Decision
    system: System
    code: Code
    replacement_system: System | None = None
    replacement_code: Code | None = None
    start: Offset | None = None
    end: Offset | None = None
    reason: Annotated[str, StringConstraints(max_length=500, strip_whitespace=True)] | None = None
    seconds: Annotated[float, Field(ge=0, le=86_400)] | None = None
    result_id: int | None = None

    def request(self, text: str) -> DecisionRequest:
        """The decision for the service, its evidence quoted from the note.

        Raises:
            Problem: 422 when the selection does not lie in the note.
        """
        evidence: tuple[Evidence, ...] = ()
        if self.start is not None or self.end is not None:
            if self.start is None or self.end is None or not self.start < self.end <= len(text):
                raise invalid("end", "the selection does not lie in the note", "select it again")
            evidence = (Evidence.of(text, self.start, self.end),)
        replacement = None
        if self.replacement_system and self.replacement_code:
            replacement = CodeRef(system=self.replacement_system, code=self.replacement_code)
        return DecisionRequest(
            decision=self.decision,
            system=self.system,
            code=self.code,
            replacement=replacement,
            evidence=evidence,
            reason=self.reason or None,
            seconds=self.seconds,
            result_id=self.result_id,
        )


class SignOffForm(Form):
    """How to sign off, as the dialog asked."""

    undecided: Literal["accept", "leave_out"] | None = None
    without_codes: bool = False
    payer_id: Registered | None = None
    member_id: Registered | None = None
    prior_authorization: Registered | None = None
    referral: Registered | None = None

    def request(self) -> SignOffRequest:
        return SignOffRequest(**self.model_dump())


class ChoicesForm(Form):
    """A search for a code, or what is near one; sent in a body, never in an address."""

    q: Annotated[str, StringConstraints(max_length=200, strip_whitespace=True)] = ""
    system: System | None = None
    code: Code | None = None


class ClaimActionForm(Form):
    action: ClaimAction
    reason: Annotated[str, StringConstraints(max_length=500, strip_whitespace=True)] | None = None
