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
# # Retrain the coder from reviews
#
# A coder signs notes off; what was accepted, rejected, replaced and added is the best
# teaching material a practice has. This notebook walks from those decisions to a new model
# bundle: look, train, compare in MLflow, judge on notes that neither model saw, read the
# errors, promote.
#
# Open it with `jupytext --to ipynb notebooks/retrain_from_reviews.py`, or run it as a script.
# Set `SUPERBILL_VAR_DIR` to read your own reviews; without it, or with fewer than four signed-off
# notes there, eight sample notes are reviewed first, as their authors coded them. Whatever it
# writes goes to a folder of its own (`SUPERBILL_NOTEBOOK_DIR`, else a temporary one): your
# server is not touched. Only ids, codes and figures are shown, never the words of a note.

# %%
import os
import tempfile
from collections import Counter
from dataclasses import asdict
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from data.authored import load_notes
from data.feedback import merge_gold
from data.schemas import Convention, Decision, System
from data.terminology.tabular import load_releases
from models.bundle import SHIPPED, Bundle, BundleStore, building, seal
from models.calibration import precision_lower_bound
from models.coding.coder import Coder
from models.metrics import confidences, report
from serving.claims.service import ClaimService
from serving.coding.export import reviewed_gold
from serving.coding.repository import signed_off_ids
from serving.coding.schemas import DecisionRequest, SignOffRequest
from serving.coding.service import CodingService
from serving.coding.state import effective
from serving.database import Database
from serving.models.service import BundleLoader, ModelService
from serving.settings import DEMO_PRACTICE, Settings
from training.coder import train_selection
from training.coder_examples import as_gold, make_examples
from training.coder_fit import CoderConfig
from training.evaluation import judged, table
from training.runs import data_hash
from training.tracking import EXPERIMENT, Run, client, tracked

WORK = Path(os.environ.get("SUPERBILL_NOTEBOOK_DIR") or tempfile.mkdtemp(prefix="superbill-"))
WORK.mkdir(parents=True, exist_ok=True)
SAMPLES = as_gold(load_notes("samples"))
BEFORE, AFTER = "#8a8f98", "#0b6e99"
plt.rcParams.update({"figure.dpi": 110, "axes.spines.top": False, "axes.spines.right": False})

# %% [markdown]
# ## 1. What was decided
#
# Notes, results, decisions and sign-offs are rows of the server's database. Only signed-off
# notes teach: on an unfinished one, a code that is not accepted is not rejected either.

# %%
SOURCE = Path(os.environ.get("SUPERBILL_VAR_DIR") or WORK)
settings = Settings(var_dir=SOURCE)
database = Database(settings.url)
database.upgrade()
models = ModelService(BundleLoader(settings), poll_seconds=60)
models.start()
assert models.ready.wait(300), models.failure
claims = ClaimService(database, models, DEMO_PRACTICE)
coding = CodingService(database, models, claims)


def review_as_written(gold):
    """Review one sample as its author coded it: accept, reject, add, sign off."""
    view, _ = coding.add_note(gold.note)
    wanted = {(c.system, c.code): c.evidence for c in gold.codes}
    for code in view.state.codes:
        key = (code.system, code.code)
        if key in wanted:
            wanted.pop(key)
            kind = Decision.ACCEPT
        elif code.standing == "proposed":
            kind = Decision.REJECT
        else:
            continue
        coding.decide(
            gold.note.id, DecisionRequest(decision=kind, system=key[0], code=key[1]), "example"
        )
    for (system, code), evidence in wanted.items():
        request = DecisionRequest(
            decision=Decision.ADD, system=system, code=code, evidence=evidence
        )
        coding.decide(gold.note.id, request, "example")
    coding.sign_off(gold.note.id, SignOffRequest(), "example")


reviewed = as_gold(reviewed_gold(database))
if len(reviewed) < 4:
    database = Database(Settings(var_dir=WORK).url)
    database.upgrade()
    coding.database = claims.database = database
    for gold in SAMPLES[:8]:
        review_as_written(gold)
    reviewed = as_gold(reviewed_gold(database))

with database.read() as session:
    views = [coding.note(note_id) for note_id in signed_off_ids(session)]
decided = [(view.note, view.result, effective(view.decisions)) for view in views]
print(f"{'note':16}{'bundle shown':20}{'accept':>8}{'reject':>8}{'replace':>9}{'add':>6}")
for note, result, events in decided[:20]:
    count = Counter(event.decision.value for event in events)
    bundle = result.bundle if result else "-"
    print(
        f"{note.id[:15]:16}{bundle:20}{count['accept']:>8}{count['reject']:>8}"
        f"{count['replace']:>9}{count['add']:>6}"
    )
print(f"{len(decided)} notes signed off, {len(reviewed)} of them with a diagnosis")

# %% [markdown]
# Is the confidence that reviewers were shown worth something? Codes that they accepted should
# pile up on the right, codes that they rejected or replaced on the left. Added codes were not
# on the screen as proposals; they are what the engine misses. (The sample notes taught the
# shipped bundle: reviewed as they stand here they flatter it. Your own notes do not.)

# %%
shown = [
    (event.confidence_shown, event.decision)
    for _, _, events in decided
    for event in events
    if event.confidence_shown is not None
]
edges = np.linspace(0, 1, 11)
kinds = {
    "accepted": ([c for c, d in shown if d in (Decision.ACCEPT, Decision.ADD)], AFTER),
    "rejected or replaced": ([c for c, d in shown if d not in (Decision.ACCEPT, Decision.ADD)], "#c2410c"),
}
figure, axis = plt.subplots(figsize=(6.4, 3.2), layout="constrained")
axis.hist([v for v, _ in kinds.values()], edges, color=[c for _, c in kinds.values()],
          label=[f"{k} ({len(v)})" for k, (v, _) in kinds.items()], stacked=True)
axis.set(xlabel="confidence shown to the reviewer", ylabel="decisions",
         title="What reviewers did with what they were shown", xlim=(0, 1))
axis.yaxis.get_major_locator().set_params(integer=True)
axis.legend(frameon=False)
figure.savefig(WORK / "decisions.png")
plt.show()

# %% [markdown]
# ## 2. Three parts of the notes
#
# *Known* notes are the authored ones that the engine started from, *reviewed* ones are new, and
# *held-out* ones judge: no model below has seen them, and no patient is on both sides. (The
# shipped bundle was trained on all samples; judged on them it would look better than it is,
# so the model "before" is trained here anew, on the known notes alone.)

# %%
taken = {gold.note.id for gold in reviewed}
patients = {gold.note.patient_id for gold in reviewed if gold.note.patient_id}
rest = [g for g in SAMPLES if g.note.id not in taken and g.note.patient_id not in patients]
known = rest[:12]
patients |= {gold.note.patient_id for gold in known if gold.note.patient_id}
held_out = [g for g in rest[12:] if g.note.patient_id not in patients][:14]
for name, part in (("known", known), ("reviewed", reviewed), ("held out", held_out)):
    codes = [code for gold in part for code in gold.codes_of(System.ICD10CM)]
    print(f"{name:10}{len(part):4} notes {len(codes):5} diagnoses {len(set(codes)):5} different")

# %% [markdown]
# ## 3. Train, before and after
#
# The same functions as `superbill train coder` calls, on fewer notes: candidates of each note →
# features → ranker (a first look, then boosted trees) → calibration and operating point from out-of-fold scores. Everything
# before the ranker (vocabulary, retrieval, assertion) is taken over from the shipped bundle.

# %%
config = CoderConfig(folds=5, seeds=1)
linker = models.current.coder.linker_for(load_releases(SOURCE / "terminology")[-1])
store = BundleStore(WORK / "bundles")
for name, notes in (("before", known), ("after", merge_gold(known, reviewed))):
    examples = make_examples(linker, notes, Convention.BILLING, lambda line: None)
    with tracked(f"train {name}", WORK) as run:
        run.params({**asdict(config), "notes": len(notes), "data": data_hash(notes)})
        selection, figures = train_selection(examples, config)
        run.metrics(figures, "billing.")
        with building(store.root / name, Bundle.open(SHIPPED)) as work:
            selection.save(work / "coder" / Convention.BILLING.value)
            seal(work, name, {"coder_figures": {"billing": figures}, "mlflow_run": run.id})
    print(f"{name:7}{len(notes):4} notes, {len(examples.labels):5} candidates, "
          f"out-of-fold F1 {figures['oof_micro_f1']:.3f}, proposes from {figures['threshold']:.2f}")

# %% [markdown]
# ## 4. Judged on the held-out notes, compared in MLflow
#
# Every measure is defined once, in `models/metrics.py`. With a handful of notes the intervals are
# wide: a difference inside them is no difference. (`mlflow ui --backend-store-uri
# sqlite:///var/mlflow.db` shows the runs of your own installation side by side.)

# %%
results, columns, notes_judged = {}, {}, {}
for name in ("before", "after"):
    coder = Coder.load(store.resolve(name), SOURCE / "terminology")
    results[name] = [(gold, coder.suggest(gold.note)) for gold in held_out]
    notes_judged[name] = [judged(g, r, (System.ICD10CM,)) for g, r in results[name]]
    columns[name] = report(notes_judged[name])
    with tracked(f"judge {name}", WORK) as run:
        run.params({"notes": len(held_out), "data": data_hash(held_out)})
        run.metrics(columns[name], "held_out.")

mlflow = client(WORK)
experiment = mlflow.get_experiment_by_name(EXPERIMENT)
runs = mlflow.search_runs([experiment.experiment_id], order_by=["attributes.start_time ASC"])
print(f"{'MLflow run':18}{'notes':>6}{'OOF F1':>9}{'held-out F1':>13}{'R@25':>8}{'ECE':>8}")
for run in runs:
    m = run.data.metrics
    cells = [m.get(k) for k in ("billing.oof_micro_f1", "held_out.micro_f1",
                                "held_out.recall_at_25", "held_out.ece_selected")]
    print(f"{run.info.run_name:18}{run.data.params['notes']:>6}"
          + "".join(f"{'' if c is None else format(c, '.3f'):>{w}}"
                    for c, w in zip(cells, (9, 13, 8, 8))))
print()
wanted = ("micro_precision", "micro_recall", "micro_f1", "micro_f1_low", "micro_f1_high",
          "category_f1", "map", "recall_at_25", "evidence_f1", "ece_selected", "brier_skill_listed")
print(table({n: {k: c[k] for k in wanted} for n, c in columns.items()}))

# %% [markdown]
# ## 5. Can the confidence be trusted?
#
# Left: of the codes shown with a confidence of about *x*, how many were right? On the diagonal,
# a stated 0.8 is 0.8. Bars are 95 % intervals. Right: if only the surest codes were taken
# without review, how precise would they be? Auto-acceptance needs the *lower bound* above
# 0.95; on few notes it is reached late or never, and then nothing is auto-accepted.


# %%
def reliability(notes, bins=7):
    """Mean confidence, share right and a 95 % (Wilson) interval of equal-mass bins."""
    confidence, right = confidences(notes, selected_only=False)
    rows = []
    for part in np.array_split(np.argsort(confidence, kind="stable"), bins):
        n, p = len(part), float(right[part].mean())
        centre = (p + 1.92 / n) / (1 + 3.84 / n)
        half = 1.96 * np.sqrt(p * (1 - p) / n + 0.96 / n**2) / (1 + 3.84 / n)
        rows.append((float(confidence[part].mean()), p, p - (centre - half), centre + half - p))
    return np.array(rows).clip(0)


def precision_by_coverage(notes):
    """Share of listed codes taken, their precision, and its lower bound, surest first."""
    confidence, right = confidences(notes, selected_only=False)
    hits = np.cumsum(right[np.argsort(-confidence, kind="stable")])
    taken = np.arange(1, len(hits) + 1)
    bound = [precision_lower_bound(int(h), int(n)) for h, n in zip(hits, taken)]
    return taken / len(hits), hits / taken, np.array(bound)


figure, (left, right) = plt.subplots(1, 2, figsize=(10.5, 4.3), layout="constrained")
left.plot([0, 1], [0, 1], color="#c9ccd1", linewidth=1, zorder=0)
for (name, judged_notes), colour, shift in zip(notes_judged.items(), (BEFORE, AFTER), (-0.006, 0.006)):
    x, y, low, high = reliability(judged_notes).T
    left.errorbar(x + shift, y, yerr=[low, high], fmt="o-", color=colour, capsize=2.5, linewidth=1.5,
                  markersize=5, label=f"{name}: ECE {columns[name]['ece_listed']:.3f}")
    covered, precision, bound = precision_by_coverage(judged_notes)
    right.plot(covered, precision, color=colour, linewidth=1.8, label=f"{name}: precision")
    right.plot(covered, bound, color=colour, linewidth=1, linestyle=":", label=f"{name}: 95 % lower bound")
left.set(xlabel="confidence stated", ylabel="share that was right", xlim=(0, 1.02), ylim=(0, 1.02),
         title="Reliability on held-out notes", aspect="equal")
right.axhline(0.95, color="#c2410c", linewidth=1)
right.text(1.0, 0.957, "0.95: auto-acceptance", color="#c2410c", ha="right", va="bottom", fontsize=8)
right.set(xlabel="share of listed codes taken, surest first", ylabel="precision", xlim=(0, 1),
          ylim=(0, 1.05), title="Precision by coverage")
left.legend(frameon=False, loc="upper left")
right.legend(frameon=False, loc="lower left", fontsize=8)
figure.savefig(WORK / "reliability.png")
plt.show()

# %% [markdown]
# ## 6. What still goes wrong, and where
#
# Ids and codes only. *Near* is the right category with the wrong detail; a *missed* code names
# the stage that lost it, which is where to work next: vocabulary and retrieval (`no candidate`),
# a convention (`suppressed`) or the ranker (`ranked too low`).

# %%
errors = []
for gold, result in results["after"]:
    wanted = set(gold.codes_of(System.ICD10CM))
    listed = {s.code: s for s in result.suggestions if s.system is System.ICD10CM}
    held_back = {s.code for s in result.suppressed}
    selected = {code for code, s in listed.items() if s.selected}
    for code in sorted(selected - wanted):
        near = next((w for w in sorted(wanted - selected) if w[:3] == code[:3]), "")
        errors.append((gold.note.id, "near" if near else "extra", code, near, listed[code].confidence, ""))
    for code in sorted(wanted - selected):
        if any(e[3] == code and e[0] == gold.note.id for e in errors):
            continue
        stage = ("ranked too low" if code in listed
                 else "suppressed" if code in held_back else "no candidate")
        confidence = listed[code].confidence if code in listed else None
        errors.append((gold.note.id, "missed", "", code, confidence, stage))
print(f"{'note':16}{'error':8}{'proposed':11}{'gold':11}{'confidence':>11}  stage")
for note_id, kind, code, gold_code, confidence, stage in errors[:40]:
    said = "" if confidence is None else f"{confidence:.2f}"
    print(f"{note_id[:15]:16}{kind:8}{code:11}{gold_code:11}{said:>11}  {stage}")
print(f"{len(errors)} errors:", dict(Counter(e[5] or e[1] for e in errors)))

# %%
stages = Counter(e[5] or e[1] for e in errors)
figure, axis = plt.subplots(figsize=(6.4, 2.6), layout="constrained")
names = [name for name, _ in reversed(stages.most_common())]
bars = axis.barh(names, [stages[name] for name in names], color=AFTER)
axis.bar_label(bars, padding=3)
axis.set(xlabel="codes", title=f"Errors on {len(held_out)} held-out notes, by where they arise")
figure.savefig(WORK / "errors.png")
plt.show()

# %% [markdown]
# ## 7. Promote
#
# A bundle is a folder with a manifest; the store keeps them side by side and an alias says which
# one is served. Here it is a store of this notebook's own. A running server notices a promotion
# of its store within a second; every suggestion and decision names the bundle that made it.

# %%
after = store.resolve("after")
version = Run(mlflow, str(after.manifest["mlflow_run"])).register(after)
print(f"{after.id} is registered as version {version}")
print("served before:", store.resolve().id)
store.promote("after", "notebook")
print("served now:   ", store.resolve().id)
store.rollback("notebook")
print("rolled back:  ", store.resolve().id)
for event in store.history():
    print("  {action:9}{from} -> {to} by {by}".format(**event))
models.stop()
database.close()

# %% [markdown]
# For your own installation, on all notes and decisions:
#
# ```
# superbill train coder --output reviewed-1
# superbill evaluate coder --bundle reviewed-1
# superbill models promote reviewed-1        # superbill models rollback takes it back
# ```
