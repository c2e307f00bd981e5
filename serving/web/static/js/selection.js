// Words selected in the note, as code-point offsets into it.
//
// The page holds the note character for character (see highlight.py), so counting
// code points from its beginning gives the offset in the note as received.

const text = () => document.getElementById("text");
let held = null;
const listeners = [];

function length(string) {
  let count = 0;
  for (const _ of string) count += 1;
  return count;
}

/** {start, end, text} of a range inside the note, without blanks at its ends. */
export function offsetsOf(range) {
  const before = document.createRange();
  before.selectNodeContents(text());
  before.setEnd(range.startContainer, range.startOffset);
  const words = range.toString();
  const trimmed = words.trim();
  if (!trimmed) return null;
  const start = length(before.toString()) + length(words.slice(0, words.indexOf(trimmed)));
  return { start, end: start + length(trimmed), text: trimmed };
}

function changed() {
  const selection = getSelection();
  if (!selection.rangeCount) return;
  const range = selection.getRangeAt(0);
  if (!text().contains(range.commonAncestorContainer)) return; // elsewhere: keep what is held
  held = selection.isCollapsed ? null : offsetsOf(range);
  for (const listener of listeners) listener(held?.text);
}

export function watchSelection(listener) {
  listeners.push(listener);
  if (listeners.length === 1) document.addEventListener("selectionchange", changed);
}

/** What is selected in the note, or null. */
export const selected = () => held;

export function clearSelected() {
  held = null;
  getSelection().removeAllRanges();
  for (const listener of listeners) listener(undefined);
}
