// Words of the note lit for what stands beside it: a code or a line of the worksheet.

const paper = document.querySelector(".paper");

/**
 * Light the words that belong to `owner`, and no others.
 *
 * @param {?string} owner id of a code's row or of a worksheet's line; its `data-best` says
 *   which words to scroll to: the first words quoted prove best, wherever they stand
 */
export function light(owner, { scroll = true } = {}) {
  for (const lit of document.querySelectorAll("#text .on")) lit.classList.remove("on");
  if (!owner) return;
  const spans = [...document.querySelectorAll(`#text [data-of~="${CSS.escape(owner)}"]`)];
  for (const span of spans) span.classList.add("on");
  if (!spans.length || !scroll) return;
  const best = spans.find((span) => span.dataset.at === document.getElementById(owner).dataset.best) ?? spans[0];
  const box = best.getBoundingClientRect();
  const frame = paper.getBoundingClientRect();
  if (box.top < frame.top + 8 || box.bottom > frame.bottom - 8) {
    paper.scrollTop += box.top - frame.top - frame.height / 3;
  }
}
