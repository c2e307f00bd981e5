"""A claim of an 837 file while its segments are being read."""

from __future__ import annotations

from dataclasses import dataclass, field

from pydantic import ValidationError

from data.claims.validation import describe, error_line
from data.schemas import Claim, ClaimDiagnosis, ClaimLine, ErrorLine


@dataclass
class ClaimDraft:
    """What was read of one claim so far.

    Attributes:
        position: ordinal of its CLM segment; ``line_positions`` of its SV1 segments.
        values: fields of :class:`Claim` other than diagnoses and lines.
        in_other_payer: whether the walk is inside loop 2320, another payer's.
        institutional: ordinal of the first SV2 segment, None on professional claims.
    """

    position: int
    values: dict[str, object]
    diagnoses: list[ClaimDiagnosis] = field(default_factory=list)
    lines: list[dict[str, object]] = field(default_factory=list)
    line_positions: list[int] = field(default_factory=list)
    in_other_payer: bool = False
    institutional: int | None = None
    rendering_on_line: str | None = None

    def build(self) -> Claim | ErrorLine:
        """The claim; or, named by its segment, what keeps it from being one."""
        if self.institutional is not None:
            return self._error(
                self.institutional,
                "SV2",
                "a facility claim (837I); professional claims (837P) are read here",
                "facility_claim",
            )
        lines = []
        for line, position in zip(self.lines, self.line_positions, strict=True):
            try:
                lines.append(ClaimLine.model_validate(line))
            except ValidationError as error:
                # Left out, the claim would be judged without one of its services.
                return self._error(position, "SV1", describe(error))
        values = {name: value for name, value in self.values.items() if value is not None}
        values.setdefault("rendering_npi", self.rendering_on_line)
        values |= {"diagnoses": tuple(self.diagnoses), "lines": tuple(lines)}
        try:
            return Claim.model_validate(values)
        except ValidationError as error:
            return self._error(self.position, "CLM", describe(error))

    def _error(
        self, position: int, tag: str, message: str, code: str = "invalid_claim"
    ) -> ErrorLine:
        return error_line(
            code,
            f"segment {position} ({tag}): {message}",
            line=position,
            claim_id=str(self.values["claim_id"]) or None,
        )
