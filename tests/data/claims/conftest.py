"""An 837P file to take apart: one subscriber with a dependent, two claims."""

from __future__ import annotations

import hypothesis
import pytest

# A shared machine has slow moments; a slow example is no defect.
hypothesis.settings.register_profile("superbill", deadline=None)
hypothesis.settings.load_profile("superbill")

ISA = (
    "ISA*00*          *00*          *ZZ*SENDER         *ZZ*RECEIVER       "
    "*260601*1200*^*00501*000000001*0*T*:"
)
BODY = """GS*HC*SENDER*RECEIVER*20260601*1200*1*X*005010X222A1
ST*837*0001*005010X222A1
BHT*0019*00*1*20260601*1200*CH
NM1*41*2*BILLER*****46*1
PER*IC*CONTACT*TE*5555550100
NM1*40*2*RECEIVER*****46*2
HL*1**20*1
PRV*BI*PXC*207Q00000X
NM1*85*2*INVENTED CLINIC*****XX*1234567893
N3*1 STREET
N4*TOWN*WA*98000
REF*EI*123456789
HL*2*1*22*1
SBR*P*18*******CI
NM1*IL*1*DOE*JANE****MI*MEMBER1
DMG*D8*19700203*F
NM1*PR*2*INVENTED PAYER*****PI*PAYER1
CLM*CLAIM1*325.5***11:B:1*Y*A*Y*Y
REF*G1*AUTH1
REF*9F*REFER1
HI*ABK:E1122*ABF:N183
NM1*82*1*DOC*A****XX*1234567893
LX*1
SV1*HC:99214:25*275*UN*1***1:2
DTP*472*D8*20260520
LX*2
SV1*HC:J3301:RT:KX*50.5*UN*4*22**2
DTP*472*RD8*20260520-20260521
HL*3*2*23*0
PAT*19
NM1*QC*1*DOE*TIM
DMG*D8*20150101*M
CLM*CLAIM2*40***11:B:7*Y*A*Y*Y
REF*F8*PAYERREF1
HI*ABK:J020
SBR*S*18*******MB
NM1*IL*1*DOE*JOHN****MI*OTHERMEMBER
NM1*PR*2*OTHER PAYER*****PI*OTHERPAYER
LX*1
SV1*HC:87880:QW*40*UN*1***1
DTP*472*D8*20260521
SE*41*0001
GE*1*1
IEA*1*000000001"""


@pytest.fixture
def segments() -> list[str]:
    """The segments of the file, without terminators."""
    return [ISA, *BODY.splitlines()]
