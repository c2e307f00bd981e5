// A biller's keys; each presses the button that the mouse would press.

import { onKeys } from "./shell.js";

const press = (action) => document.querySelector(`button[name="action"][value="${action}"]`)?.click();

// A release over open errors wants a reason: say so where it is typed.
document.body.addEventListener("htmx:responseError", () => document.getElementById("reason")?.focus());

onKeys({
  f: () => press("flag"),
  h: () => press("hold"),
  r: () => press("release"),
});
