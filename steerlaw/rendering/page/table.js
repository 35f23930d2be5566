"use strict";
// The table of verdicts: filters by words and outcome, sorts by column, folds controls away; opens what a link points at.
(() => {
  const table = document.getElementById("verdicts"), part = (name) => document.getElementById("verdicts-" + name);
  const opens = () => {
    const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target && target.tagName === "DETAILS") { target.open = true; target.scrollIntoView(); }
  };
  addEventListener("hashchange", opens);
  opens();
  if (!table) return;

  const groups = [...table.tBodies], texts = groups.map((group) => group.textContent.toLowerCase());
  function show() {
    const words = part("filter").value.toLowerCase().split(/\s+/).filter(Boolean), outcome = part("outcome").value;
    const wanted = outcome === "holds" ? "only-holds" : outcome;
    let count = 0;
    groups.forEach((group, n) => {
      const fits = words.every((word) => texts[n].includes(word)) && (!wanted || group.dataset.tags.split(" ").includes(wanted));
      group.hidden = !fits;
      count += fits;
    });
    table.classList.toggle("folded", !part("nulls").checked);
    part("count").textContent = `${count} of ${groups.length} claims on models`;
  }

  function sort(button) {
    const head = button.closest("th"), up = head.getAttribute("aria-sort") !== "ascending", by = button.dataset.sort;
    const value = (group) => (isNaN(+group.dataset[by]) ? group.dataset[by] : +group.dataset[by]);
    const order = (a, b) => (a < b ? -1 : a > b ? 1 : 0);
    const sorted = [...groups].sort((a, b) => (up ? 1 : -1) * order(value(a), value(b)));
    for (const other of table.tHead.querySelectorAll("[aria-sort]")) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", up ? "ascending" : "descending");
    table.append(...sorted);
  }

  part("controls").hidden = false;
  part("filter").addEventListener("input", show);
  part("outcome").addEventListener("change", show);
  part("nulls").addEventListener("change", show);
  for (const button of table.querySelectorAll("button.sort")) button.addEventListener("click", () => sort(button));
  show();
})();
