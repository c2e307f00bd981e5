// The dialog that finds a code: type ahead, or what stands near the code replaced.

import { open } from "./shell.js";

const PREFILL = 60; // longer selections are evidence, not a query
const byId = (id) => document.getElementById(id);
const dialog = byId("picker");
const query = byId("picker-query");
const list = byId("picker-list");
const quoted = byId("picker-evidence");
let asked = null;

const options = () => [...list.querySelectorAll("[role=option]")];
const chosen = () => list.querySelector("[aria-selected=true]");

function choose(option) {
  chosen()?.setAttribute("aria-selected", "false");
  if (!option) return query.removeAttribute("aria-activedescendant");
  option.setAttribute("aria-selected", "true");
  option.scrollIntoView({ block: "nearest" });
  query.setAttribute("aria-activedescendant", option.id);
}

function step(by) {
  const all = options();
  if (!all.length) return;
  const at = all.indexOf(chosen());
  choose(all[(at + by + all.length) % all.length]);
}

function take(option) {
  if (!option) return;
  if ("category" in option.dataset) {
    query.value = option.dataset.code;
    return htmx.trigger(query, "refresh");
  }
  dialog.close();
  const { system, code } = option.dataset;
  const evidence = asked.evidence ? { start: asked.evidence.start, end: asked.evidence.end } : {};
  asked.take({ system, code }, evidence);
}

function showEvidence() {
  quoted.hidden = !asked.evidence;
  quoted.querySelector("q").textContent = asked.evidence?.text ?? "";
}

/**
 * Ask for a code.
 *
 * @param {{title: string, of?: {system: string, code: string}, evidence: ?{start: number, end: number, text: string}, take: function}} request
 */
export function openPicker(request) {
  asked = request;
  byId("picker-title").textContent = request.title;
  for (const name of ["system", "code"]) {
    const field = byId("picker-of").elements[name];
    field.value = request.of?.[name] ?? "";
    field.disabled = !request.of;
  }
  const words = request.of ? "" : request.evidence?.text ?? "";
  query.value = words.length <= PREFILL && !words.includes("\n") ? words : "";
  list.replaceChildren();
  showEvidence();
  open(dialog);
  query.focus();
  query.select();
  htmx.trigger(query, "refresh");
}

quoted.querySelector("button").addEventListener("click", () => {
  asked.evidence = null;
  showEvidence();
  query.focus();
});
query.addEventListener("keydown", (event) => {
  if (event.key === "ArrowDown") step(1);
  else if (event.key === "ArrowUp") step(-1);
  else if (event.key === "Enter") take(chosen());
  else return;
  event.preventDefault();
});
list.addEventListener("click", (event) => take(event.target.closest("[role=option]")));
list.addEventListener("htmx:afterSwap", () => {
  choose(options().find((option) => !("category" in option.dataset)) ?? options()[0]);
});
