# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # The worst misses of the development notes, by cause
#
# Which codes of the dev notes does the engine miss, why, and what would mending each cause be
# worth? Every dev note is scored by a ranker that never saw it (folds over train and dev, by
# patient), so the misses are those of new notes. Only ids and codes are shown, never the
# words of a note. Set `SUPERBILL_NOTEBOOK_NOTES` to look at fewer notes.

# %%
import os
import tempfile
from collections import Counter
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from data.authored import load_split
from data.schemas import Convention, System
from models.bundle import SHIPPED, Bundle
from models.coding.code_groups import group_of
from models.coding.coder import Coder
from models.coding.document import read_document
from training.calibrating import fit_calibration
from training.coder import best_threshold, out_of_fold, second_out_of_fold, words_out_of_fold
from training.coder_examples import as_gold, make_examples
from training.coder_fit import CoderConfig

WORK = Path(os.environ.get("SUPERBILL_NOTEBOOK_DIR") or tempfile.mkdtemp(prefix="superbill-"))
WORST = 50
plt.rcParams.update({"figure.dpi": 110, "axes.spines.top": False, "axes.spines.right": False})

coder = Coder.load(Bundle.open(SHIPPED))
linker = coder.newest_linker
limit = int(os.environ.get("SUPERBILL_NOTEBOOK_NOTES") or 10_000)
dev = as_gold(load_split("dev"))[:limit]
notes = [*as_gold(load_split("train"))[:limit], *dev]
examples = make_examples(linker, notes, Convention.BILLING, print)
config = CoderConfig(seeds=1)
rows = examples.second_rows(
    out_of_fold(examples, config), words_out_of_fold(examples, config)
)
scores = second_out_of_fold(rows, examples, config)
kinds = [group_of(code) for code in examples.codes]
confidence = fit_calibration(scores, examples.labels, examples.codes)(scores, kinds)
threshold, _ = best_threshold(confidence, examples)
print(f"{len(dev)} dev notes, {sum(len(n.codes_of(System.ICD10CM)) for n in dev)} gold codes")

# %% [markdown]
# ## Causes
#
# Read off the engine's own stages, in order: a code that no stage offers (with or without
# another code of its category), one that is offered but read as not asserted or yields to a
# convention, one whose sibling was preferred, and one that the ranker puts too low.

# %%
CAUSES = {
    "category not found": "no stage offers any code of the category: vocabulary, retrieval",
    "code not found": "the category is offered, the code is not: side, stage, type, 7th character",
    "read as not asserted": "negated, family, hypothetical or uncertain in the engine's eyes",
    "yields to a convention": "replaced by a combination or another rule",
    "sibling preferred": "another code of the category was proposed instead",
    "ranked too low": "offered and asserted, but judged unlikely to be billed",
}


def why(gold_code, found, chosen, barred):
    """The cause of one miss."""
    if gold_code not in found:
        near = any(code[:3] == gold_code[:3] for code in found)
        return "code not found" if near else "category not found"
    if found[gold_code].dropped_by:
        return "yields to a convention"
    if gold_code in barred:
        return "read as not asserted"
    if any(code[:3] == gold_code[:3] for code in chosen):
        return "sibling preferred"
    return "ranked too low"


misses, right, proposed, gold_total = [], 0, 0, 0
first = len(notes) - len(dev)
for number, gold in enumerate(dev, start=first):
    rows = np.flatnonzero(examples.notes == number)
    sure = {examples.codes[i]: float(confidence[i]) for i in rows}
    barred = {examples.codes[i] for i in rows if not examples.selectable[i]}
    chosen = {code for code, value in sure.items() if value >= threshold and code not in barred}
    wanted = set(gold.codes_of(System.ICD10CM))
    found = linker.candidates(read_document(gold.note))
    right += len(chosen & wanted)
    proposed += len(chosen)
    gold_total += len(wanted)
    for code in wanted - chosen:
        cause = why(code, found, chosen - wanted, barred)
        misses.append((sure.get(code, 0.0), gold.note.id, code, cause))
f1 = 2 * right / (proposed + gold_total)
print(f"out-of-fold micro F1 {f1:.3f}: {right} right of {proposed} proposed, {gold_total} gold")

# %%
misses.sort()
print(f"{'note':10}{'code':10}{'confidence':>11}  cause")
for value, note, code, cause in misses[:WORST]:
    print(f"{note:10}{code:10}{value:11.3f}  {cause}")

# %% [markdown]
# ## What each cause would be worth
#
# Micro F1 if every miss of the cause were mended, and (where a sibling stood in its place)
# the wrong sibling gone with it.

# %%
count = Counter(cause for *_, cause in misses)
worst = Counter(cause for *_, cause in misses[:WORST])
worth = {}
for cause in CAUSES:
    gone = count[cause] if cause == "sibling preferred" else 0
    mended = right + count[cause]
    worth[cause] = 2 * mended / (proposed + count[cause] - gone + gold_total) - f1
print(f"{'cause':26}{'all':>5}{f'worst {WORST}':>10}{'worth in F1':>13}  what it means")
for cause, meaning in CAUSES.items():
    print(f"{cause:26}{count[cause]:5}{worst[cause]:10}{worth[cause]:13.3f}  {meaning}")

# %%
figure, axis = plt.subplots(figsize=(7.2, 3.4), layout="constrained")
order = sorted(CAUSES, key=lambda cause: worth[cause])
bars = axis.barh(order, [worth[c] for c in order], color="#0b6e99")
axis.bar_label(bars, [f"{count[c]} misses" for c in order], padding=3)
axis.set(xlabel="micro F1 gained if mended", title=f"Why {len(misses)} codes of dev are missed")
axis.margins(x=0.2)
figure.savefig(WORK / "misses_by_cause.png")
plt.show()

# %% [markdown]
# ## Which groups of codes

# %%
groups = sorted({group_of(code) for _, _, code, _ in misses})
figure, axis = plt.subplots(figsize=(7.2, 3.4), layout="constrained")
left = np.zeros(len(groups))
for cause in CAUSES:
    values = np.array(
        [sum(c == cause and group_of(code) == g for _, _, code, c in misses) for g in groups]
    )
    axis.barh(groups, values, left=left, label=cause)
    left += values
axis.set(xlabel="missed codes", title="Misses by group of codes and cause")
axis.legend(frameon=False, fontsize=8)
figure.savefig(WORK / "misses_by_group.png")
plt.show()
