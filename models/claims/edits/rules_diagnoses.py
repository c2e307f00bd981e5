"""Rules on the diagnoses of a claim."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from data.terminology.limits import sex_limit
from models.claims.edits.context import ClaimContext, Hit, rule

MAX_DIAGNOSES = 12
_MANIFESTATION = "classified elsewhere"
_EXTERNAL_CAUSES = ("V", "W", "X", "Y")


@rule("diagnosis-missing")
def diagnosis_missing(context: ClaimContext) -> Iterator[Hit]:
    if not context.codes:
        yield Hit()


@rule("diagnosis-too-many")
def diagnosis_too_many(context: ClaimContext) -> Iterator[Hit]:
    if len(context.codes) > MAX_DIAGNOSES:
        yield Hit(values={"count": len(context.codes)})


@rule("diagnosis-repeated")
def diagnosis_repeated(context: ClaimContext) -> Iterator[Hit]:
    if len(set(context.codes)) < len(context.codes):
        for code in dict.fromkeys(context.codes):
            if context.codes.count(code) > 1:
                yield Hit(values={"code": code})


@rule("diagnosis-unknown")
def diagnosis_unknown(context: ClaimContext) -> Iterator[Hit]:
    for code in dict.fromkeys(context.codes):
        if not context.code_set.exists(code, context.day):
            yield Hit(values={"code": code})


@rule("diagnosis-not-billable")
def diagnosis_not_billable(context: ClaimContext) -> Iterator[Hit]:
    code_set, day = context.code_set, context.day
    for code in dict.fromkeys(context.codes):
        if (
            not code_set.is_billable(code, day)
            and code_set.exists(code, day)
            and not code_set.needs_seventh_character(code, day)
        ):
            yield Hit(values={"code": code})


@rule("diagnosis-seventh-character")
def diagnosis_seventh_character(context: ClaimContext) -> Iterator[Hit]:
    code_set, day = context.code_set, context.day
    for code in dict.fromkeys(context.codes):
        if not code_set.is_billable(code, day) and code_set.needs_seventh_character(code, day):
            yield Hit(values={"code": code})


@rule("diagnosis-excludes1")
def diagnosis_excludes1(context: ClaimContext) -> Iterator[Hit]:
    for code, other in combinations(dict.fromkeys(context.codes), 2):
        if context.code_set.excludes1(code, other, context.day):
            yield Hit(values={"code": code, "other": other})


@rule("diagnosis-manifestation-first")
def diagnosis_manifestation_first(context: ClaimContext) -> Iterator[Hit]:
    # Guideline I.A.13: such titles mark manifestations, never first-listed.
    if context.codes:
        title = context.code_set.description(context.codes[0], context.day)
        if _MANIFESTATION in title.lower():
            yield Hit(values={"code": context.codes[0]})


@rule("diagnosis-external-cause-first")
def diagnosis_external_cause_first(context: ClaimContext) -> Iterator[Hit]:
    if context.codes and context.codes[0].startswith(_EXTERNAL_CAUSES):
        yield Hit(values={"code": context.codes[0]})


@rule("diagnosis-sex-conflict")
def diagnosis_sex_conflict(context: ClaimContext) -> Iterator[Hit]:
    sex = context.claim.patient_sex
    if sex is None or sex.value == "U":
        return
    for code in dict.fromkeys(context.codes):
        limit = sex_limit(code)
        if limit is not None and limit != sex.value:
            yield Hit(values={"code": code})


@rule("diagnosis-age-conflict")
def diagnosis_age_conflict(context: ClaimContext) -> Iterator[Hit]:
    age = context.age
    if age is None:
        return
    for code in dict.fromkeys(context.codes):
        # The table lists a narrower prefix before a wider one.
        limit = next((x for x in context.tables.age_limits if code.startswith(x.prefix)), None)
        if limit is not None and not limit.minimum <= age <= limit.maximum:
            yield Hit(values={"code": code, "age": age})


@rule("diagnosis-unspecified")
def diagnosis_unspecified(context: ClaimContext) -> Iterator[Hit]:
    for code in dict.fromkeys(context.codes):
        title = context.code_set.description(code, context.day).lower()
        if "unspecified" in title and any(p in title for p, _ in context.tables.unspecified):
            yield Hit(values={"code": code})
