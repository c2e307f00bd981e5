// What every page shares: the status line, errors in words, keys, dialogs.

const KEYS_OFF = "superbill-keys-off";
const byId = (id) => document.getElementById(id);

/** Say what was done, politely. */
export function say(text) {
  byId("failed").textContent = "";
  byId("said").textContent = text;
}

/** Say what failed; it stays until something succeeds. */
export function fail(text) {
  byId("said").textContent = "";
  byId("failed").textContent = text;
}

function keysOn() {
  return localStorage.getItem(KEYS_OFF) === null;
}

function typing(target) {
  return target.closest("input:not([type=radio]):not([type=checkbox]), select, textarea, [contenteditable]");
}

/**
 * Listen to single keys.
 *
 * @param {Object<string, function(KeyboardEvent): void>} actions by KeyboardEvent.key
 */
export function onKeys(actions) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (!keysOn() || event.repeat && !"jk".includes(event.key)) return;
    if (document.querySelector("dialog[open]") || typing(event.target)) return;
    // Enter and Space belong to whatever control has the focus.
    if ((event.key === "Enter" || event.key === " ") && event.target.closest("a, button, summary, label")) return;
    const action = actions[event.key];
    if (!action) return;
    event.preventDefault();
    action(event);
  });
}

/** Open a dialog and remember nothing: the browser gives the focus back. */
export function open(dialog) {
  if (!dialog.open) dialog.showModal();
}

document.addEventListener("click", (event) => {
  const close = event.target.closest("[data-close]");
  if (close) close.closest("dialog").close();
  if (event.target.matches("dialog")) {
    const box = event.target.getBoundingClientRect();
    const inside = event.clientX >= box.left && event.clientX <= box.right
      && event.clientY >= box.top && event.clientY <= box.bottom;
    if (!inside) event.target.close();
  }
});

const help = byId("help");
byId("help-button").addEventListener("click", () => open(help));
onKeys({ "?": () => byId("help-button").click() });

const toggle = byId("keys-on");
toggle.checked = keysOn();
toggle.addEventListener("change", () => {
  if (toggle.checked) localStorage.removeItem(KEYS_OFF);
  else localStorage.setItem(KEYS_OFF, "1");
});

/** A problem (RFC 9457) in one sentence. */
export function problemOf(xhr) {
  try {
    const problem = JSON.parse(xhr.responseText);
    return problem.detail || problem.title;
  } catch {
    return `The server answered ${xhr.status}`;
  }
}

document.body.addEventListener("htmx:responseError", (event) => {
  fail(`Not stored. ${problemOf(event.detail.xhr)}`);
});
for (const name of ["htmx:sendError", "htmx:timeout"]) {
  document.body.addEventListener(name, () => {
    fail("Not stored as far as known: the server did not answer. Reload the page to see what is stored.");
  });
}
document.body.addEventListener("htmx:afterRequest", (event) => {
  if (event.detail.successful) byId("failed").textContent = "";
});
// A filter left blank stays out of the address.
document.body.addEventListener("htmx:configRequest", (event) => {
  if (event.detail.verb !== "get") return;
  for (const [name, value] of [...event.detail.formData.entries()]) {
    if (value === "") event.detail.formData.delete(name);
  }
});
