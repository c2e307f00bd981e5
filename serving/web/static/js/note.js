// The coder's desk: which code is current, decisions in order, keys.
//
// Nothing is shown as decided before the server has answered: a decision goes
// into a queue, its row says "saving…", and the answer replaces the list.

import { light } from "./evidence.js";
import { onKeys, open, say } from "./shell.js";
import { clearSelected, selected, watchSelection } from "./selection.js";
import { openPicker } from "./picker.js";
import { copyQuery } from "./queries.js";
import { enterWorksheet, watchWorksheet } from "./worksheet.js";

const byId = (id) => document.getElementById(id);
const desk = byId("main");
const decisions = `/notes/${encodeURIComponent(desk.dataset.note)}/decisions`;

const pending = new Map(); // anchor → decisions on their way
const folds = new Map(); // ids of <details> → whether open, as left
let current = null;
let queue = Promise.resolve();
let since = performance.now();

// -- which code is current ---------------------------------------------------------

const rows = () => [...document.querySelectorAll("#codes .code")].filter((row) => row.checkVisibility());

function select(row, { focus = true, scroll = true } = {}) {
  for (const other of document.querySelectorAll("#codes .code.current")) {
    other.classList.remove("current");
    other.tabIndex = -1;
  }
  current = row ? row.id : null;
  if (row) {
    row.classList.add("current");
    row.tabIndex = 0;
    if (focus) row.focus({ preventScroll: true });
    if (scroll) row.scrollIntoView({ block: "nearest" });
  }
  light(current, { scroll });
}

/** Select a row that may stand in a fold. */
function reveal(row, how) {
  for (let fold = row.closest("details:not(.more)"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
  select(row, how);
}

const currentRow = () => (current ? byId(current) : null);

function move(step) {
  const all = rows();
  if (!all.length) return;
  const at = all.indexOf(currentRow());
  select(all[at < 0 ? 0 : Math.min(Math.max(at + step, 0), all.length - 1)]);
}

function moveOn(from) {
  const all = rows();
  const at = all.indexOf(from);
  const open = (row) => row.dataset.standing === "proposed" && !pending.has(row.id);
  const next = all.slice(at + 1).find(open) ?? all.slice(0, Math.max(at, 0)).find(open);
  select(next ?? from);
}

// -- decisions ----------------------------------------------------------------------

function seconds() {
  const now = performance.now();
  const taken = Math.min((now - since) / 1000, 86400);
  since = now;
  return taken.toFixed(1);
}

function mark() {
  for (const row of document.querySelectorAll("#codes .code")) {
    row.classList.toggle("pending", pending.has(row.id));
    if (pending.has(row.id)) row.setAttribute("aria-busy", "true");
    else row.removeAttribute("aria-busy");
  }
}

/** Queue one decision; `anchor` is the row that waits for it, if there is one. */
function decide(values, anchor) {
  const result = byId("codes").dataset.result;
  const body = { ...values, seconds: seconds() };
  if (result) body.result_id = result;
  if (anchor) pending.set(anchor, (pending.get(anchor) ?? 0) + 1);
  mark();
  queue = queue.then(() => send(body, anchor));
}

async function send(body, anchor) {
  try {
    // The first target is still there when the answer comes: one request at a time.
    await htmx.ajax("POST", decisions, { source: desk, target: "#codes", swap: "outerHTML", values: body });
  } catch {
    // Said by the shell; the list stays as it was.
  } finally {
    if (anchor) {
      const left = pending.get(anchor) - 1;
      if (left > 0) pending.set(anchor, left);
      else pending.delete(anchor);
    }
    mark();
  }
}

const codeOf = (row) => ({ system: row.dataset.system, code: row.dataset.code });

function accept(row) {
  if (row.dataset.standing === "accepted" && !pending.has(row.id)) {
    return say(`${row.dataset.code} is accepted already.`);
  }
  const undecided = row.dataset.standing === "proposed";
  decide({ decision: "accept", ...codeOf(row) }, row.id);
  if (undecided) moveOn(row);
}

function askReject(row) {
  const dialog = byId("reject");
  dialog.dataset.anchor = row.id;
  dialog.querySelector("[data-code]").textContent = row.dataset.code;
  open(dialog);
}

byId("reject").addEventListener("click", (event) => {
  const button = event.target.closest("[data-key]");
  if (!button) return;
  const dialog = byId("reject");
  dialog.close();
  const row = byId(dialog.dataset.anchor);
  const undecided = row.dataset.standing === "proposed";
  decide({ decision: "reject", ...codeOf(row), reason: button.dataset.reason }, row.id);
  if (undecided) moveOn(row);
});
byId("reject").addEventListener("keydown", (event) => {
  const button = byId("reject").querySelector(`[data-key="${CSS.escape(event.key)}"]`);
  if (button) {
    event.preventDefault();
    button.click();
  }
});

function replace(row) {
  openPicker({
    title: `Replace ${row.dataset.code}`,
    of: codeOf(row),
    evidence: selected(),
    take: (choice, evidence) => {
      const replacement = { replacement_system: choice.system, replacement_code: choice.code };
      decide({ decision: "replace", ...codeOf(row), ...replacement, ...evidence }, row.id);
      clearSelected();
      moveOn(row);
    },
  });
}

function add() {
  openPicker({
    title: "Add a code",
    evidence: selected(),
    take: (choice, evidence) => {
      decide({ decision: "add", ...choice, ...evidence }, null);
      clearSelected();
    },
  });
}

function undo() {
  // Wait for what is on its way: the newest decision must be a stored one.
  queue = queue.then(() => {
    const { undoSystem, undoCode } = byId("codes").dataset;
    if (!undoCode) return say("Nothing to undo.");
    return send({ decision: "undo", system: undoSystem, code: undoCode, seconds: seconds() }, null);
  });
}

// -- clicks: everything a key does is the click of a button ----------------------------

desk.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button?.id === "add-button") return add();
  if (button?.id === "undo-button") return undo();
  if (button && "copy" in button.dataset) return copyQuery(button.closest(".query"));
  const link = event.target.closest("[data-row]");
  if (link) {
    event.preventDefault();
    return reveal(byId(link.dataset.row));
  }
  const row = event.target.closest(".code");
  if (button?.dataset.act) {
    const act = button.dataset.act;
    select(row, { focus: false });
    if (act === "accept") accept(row);
    else if (act === "reject") askReject(row);
    else if (act === "replace") replace(row);
    else if (act === "add") {
      const { system, code, start, end } = button.dataset;
      decide({ decision: "add", system, code, ...(start ? { start, end } : {}) }, null);
    }
    return;
  }
  if (row && !event.target.closest("summary, a")) return select(row);
  const span = event.target.closest("#text [data-of]");
  if (span && getSelection().isCollapsed) {
    // Again and again on the same words: each code that they stand for in turn.
    const owners = span.dataset.of.split(" ").filter((id) => byId(id)?.matches(".code"));
    if (owners.length) reveal(byId(owners[(owners.indexOf(current) + 1) % owners.length]), { focus: false });
  }
});
// A press on these must not take the selection out of the note.
desk.addEventListener("mousedown", (event) => {
  if (event.target.closest("#add-button, [data-act]")) event.preventDefault();
});
desk.addEventListener("focusin", (event) => {
  const row = event.target.closest?.("#codes .code");
  if (row && row.id !== current) select(row, { focus: false });
});
desk.addEventListener("toggle", (event) => {
  const id = event.target.id || `${event.target.closest(".code")?.id} more`;
  folds.set(id, event.target.open);
}, true);

function press(act) {
  currentRow()?.querySelector(`[data-act="${act}"]`)?.click();
}

function fold(details) {
  if (details) details.open = !details.open;
}

onKeys({
  a: () => press("accept"),
  x: () => press("reject"),
  r: () => press("replace"),
  "/": () => byId("add-button")?.click(),
  u: () => byId("undo-button")?.click(),
  e: () => fold(currentRow()?.querySelector(".more")),
  m: () => fold((currentRow()?.closest(".group") ?? document).querySelector(".considered")),
  v: () => enterWorksheet() || select(currentRow()),
  w: () => fold(byId("why")),
  n: () => byId("next-note")?.click(),
  j: () => move(1),
  k: () => move(-1),
  ArrowDown: () => move(1),
  ArrowUp: () => move(-1),
  Enter: () => byId("signoff-button")?.click(),
  Escape: () => clearSelected(),
});

// -- what htmx brings --------------------------------------------------------------

document.body.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target.id === "signoff-body") {
    open(byId("signoff"));
    byId("signoff").querySelector("[name=undecided], button.primary").focus();
  }
});
document.body.addEventListener("htmx:afterSettle", (event) => {
  if (event.detail.elt.id !== "codes") return;
  const hadFocus = document.activeElement === document.body;
  restore(hadFocus);
});
// The sign-off shows its own refusals: the dialog covers the status line.
document.body.addEventListener("htmx:beforeRequest", (event) => {
  if (event.detail.requestConfig.verb === "get" || !event.target.closest("#signoff")) return;
  event.target.addEventListener("htmx:afterRequest", (after) => {
    byId("signoff").close();
    if (after.detail.successful) byId("after-sign-off")?.focus();
  }, { once: true });
});

function restore(focus) {
  for (const [id, left] of folds) {
    const [owner, more] = id.split(" ");
    const details = more ? byId(owner)?.querySelector(".more") : byId(owner);
    if (details) details.open = left;
  }
  mark();
  const row = currentRow();
  if (row) select(row, { focus, scroll: false });
  else light(null);
}

watchWorksheet(desk, () => light(current, { scroll: false }));
watchSelection((text) => {
  const label = byId("add-button")?.querySelector("span");
  if (label) label.textContent = text ? "Add code for selection" : "Add code";
});
select(rows().find((row) => row.dataset.standing === "proposed") ?? rows()[0] ?? null, { focus: false, scroll: false });
