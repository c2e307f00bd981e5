// Questions for the clinician: copied as plain text, ready for a message.

import { fail, say } from "./shell.js";

function parts(query, name) {
  return [...query.querySelectorAll(`[data-part="${name}"]`)].map((part) => part.textContent.trim());
}

/** A question with its quoted indicators and its options as lines of plain text. */
export function plainText(query) {
  const indicators = parts(query, "indicator").map((words) => `"${words}"`);
  const lines = parts(query, "question");
  if (indicators.length) lines.push(`Documented in the note: ${indicators.join(", ")}`);
  return [...lines, ...parts(query, "option").map((option) => `[ ] ${option}`)].join("\n");
}

/** Put a question on the clipboard; where the browser has none, select it for the user to copy. */
export async function copyQuery(query) {
  try {
    await navigator.clipboard.writeText(plainText(query));
    say("Question copied.");
  } catch {
    getSelection().selectAllChildren(query);
    fail("The browser did not allow copying. The question is selected: copy it by key.");
  }
}
