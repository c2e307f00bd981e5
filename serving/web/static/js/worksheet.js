// The worksheet of a visit's level: lines light their words, arrows move among them.

import { light } from "./evidence.js";
import { say } from "./shell.js";

const LINE = "#visit button.line";
const lineOf = (target) => target.closest?.(LINE);
const focused = () => lineOf(document.activeElement);

/** Lines of each column, top to bottom. */
function columns() {
  return [...document.querySelectorAll("#visit .element")]
    .map((column) => [...column.querySelectorAll("button.line")])
    .filter((lines) => lines.length);
}

/** The line that an arrow leads to: along its column, or across at the same height. */
function beside(line, key) {
  const all = columns();
  const x = all.findIndex((lines) => lines.includes(line));
  const y = all[x].indexOf(line);
  if (key === "ArrowUp") return all[x][y - 1];
  if (key === "ArrowDown") return all[x][y + 1];
  const next = all[x + { ArrowLeft: -1, ArrowRight: 1 }[key]];
  return next?.[Math.min(y, next.length - 1)];
}

/**
 * @param {Element} desk what holds the page
 * @param {function(): void} back light again what the list of codes lights
 */
export function watchWorksheet(desk, back) {
  const leave = () => {
    const line = focused();
    if (line) light(line.id, { scroll: false });
    else back();
  };
  desk.addEventListener("pointerover", (event) => {
    const line = lineOf(event.target);
    if (line) light(line.id, { scroll: false });
  });
  desk.addEventListener("pointerout", (event) => {
    const line = lineOf(event.target);
    if (line && !line.contains(event.relatedTarget)) leave();
  });
  desk.addEventListener("focusin", (event) => {
    const line = lineOf(event.target);
    if (line) light(line.id, { scroll: line.matches(":focus-visible") });
  });
  desk.addEventListener("focusout", (event) => {
    if (lineOf(event.target) && !lineOf(event.relatedTarget ?? desk)) back();
  });
  desk.addEventListener("click", (event) => {
    const line = lineOf(event.target);
    if (!line) return;
    light(line.id);
    say(`Shown in the note: ${line.querySelector("q").textContent}`);
  });
  desk.addEventListener("keydown", (event) => {
    const line = lineOf(event.target);
    if (!line || event.ctrlKey || event.metaKey || event.altKey || !event.key.startsWith("Arrow")) return;
    event.preventDefault();
    beside(line, event.key)?.focus();
  });
}

/** Unfold the worksheet and go to its first line; false where the focus is in it already, or there is none. */
export function enterWorksheet() {
  const visit = document.getElementById("visit");
  if (!visit || visit.contains(document.activeElement)) return false;
  visit.open = true;
  visit.scrollIntoView({ block: "nearest" });
  (visit.querySelector("button.line") ?? visit.querySelector("summary")).focus({ preventScroll: true });
  return true;
}
