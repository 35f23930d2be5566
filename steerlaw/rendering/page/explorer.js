"use strict";
// The curve explorer: what the page carries, shown as the reader asks for it. Arithmetic is in curves.js,
// the picture in chart.js.
(() => {
  const data = document.getElementById("explorer-data");
  if (!data) return;
  const page = JSON.parse(data.textContent), part = (name) => document.getElementById("explorer-" + name);
  const START = 0.25, COLOURS = 6, MATCHES = 40, POINTS = 121, TOP = 8;
  let curve, strengths, logs, spent, forecasts, alpha, chosen = [], job = 0;

  const unit = () => part("unit").value;
  const name = (token) => {
    const text = curve.tokens ? curve.texts[curve.tokens.indexOf(token)] : curve.model.texts[token];
    return text ? text.replace(/^ /, "␣") : "token " + token;
  };
  const column = (token) => (curve.tokens ? curve.tokens.indexOf(token) : token);
  const share = (p) => (p === 0 ? "0" : p < 5e-4 ? p.toExponential(1) : +(100 * p).toPrecision(3) + " %");
  const short = (x) => String(+x.toPrecision(3)).replace("-", "−");

  // Reads the curve at every strength of the picture, a few at a time so that the page stays alive.
  async function look(index) {
    const mine = ++job, next = await curves.opened(page, index);
    if (mine !== job) return;
    const at = curves.grid(next, POINTS), found = [], nats = [];
    const base = curves.measured(next, 0).logProbs;
    part("state").textContent = "Reading the curve …";
    for (let i = 0, since = performance.now(); i < at.length; i++) {
      const seen = curves.measured(next, at[i]);
      found.push(Float32Array.from(seen.logProbs));
      nats.push(next.tokens ? seen.divergence : curves.divergence(seen.logProbs, base));
      if (performance.now() - since > 30) {
        await new Promise((go) => setTimeout(go));
        if (mine !== job) return;
        since = performance.now();
      }
    }
    const kept = curve && curve.model.unembedding === next.model.unembedding && !next.tokens ? chosen : [];
    [curve, strengths, logs, spent, forecasts] = [next, at, found, outward(at, nats), {}];
    chosen = kept.length ? kept : curve.shown.slice();
    alpha ??= START / curve.push;
    alpha = Math.min(curve.window[1], Math.max(curve.window[0], alpha));
    part("prompt").textContent = curve.prompt;
    const words = { local: "derivative at strength 0", prompts: "log-odds of prompts" };
    const options = [...Object.keys(curve.predictions).map((key) => [key, words[key] || key]), ["", "none"]];
    part("prediction").replaceChildren(...options.map(([value, text]) => new Option(text, value)));
    part("state").textContent = curve.note;
    draw();
  }

  // The most that was spent up to each strength, with the sign of the strength.
  function outward(at, nats) {
    const zero = at.indexOf(0), found = new Array(at.length).fill(0);
    for (const step of [-1, 1]) {
      let most = 0;
      for (let i = zero; i >= 0 && i < at.length; i += step) {
        most = Math.max(most, nats[i]);
        found[i] = Math.sign(at[i]) * most;
      }
    }
    return found;
  }

  function forecast(key) {
    if (!key) return null;
    return (forecasts[key] ||= strengths.map((at) => curves.predicted(curve, key, at)));
  }

  const axis = () => (unit() === "nats" ? spent : strengths.map((at) => at * (unit() === "push" ? curve.push : 1)));

  // Linear interpolation in a table that ascends; where it stands still the strength closer to 0 is meant.
  function along(from, to, value) {
    let i = from.findIndex((x) => x >= value);
    if (i < 0) return to[to.length - 1];
    if (i === 0 || from[i] === value) return to[i];
    return to[i - 1] + (to[i] - to[i - 1]) * (value - from[i - 1]) / (from[i] - from[i - 1]);
  }

  function draw() {
    const x = axis(), slider = part("strength"), low = x[0], high = x[x.length - 1];
    slider.min = low; slider.max = high; slider.step = (high - low) / 1000 || 1;
    chips();
    plot(x, along(strengths, x, alpha), forecast(part("prediction").value));
    moved();
  }

  // What another strength changes.
  function moved() {
    const slider = part("strength"), here = along(strengths, axis(), alpha);
    slider.value = here;
    chart.move(part("plot"), here);
    const now = curves.measured(curve, alpha), key = part("prediction").value;
    const told = key ? curves.predicted(curve, key, alpha) : null;
    const words = `strength ${short(alpha)}, push ${short(alpha * curve.push)}, ` +
      `${short(Math.abs(along(strengths, spent, alpha)))} nats spent`;
    slider.setAttribute("aria-valuetext", words);
    part("where").textContent = words;
    says();
    table(now.logProbs, told);
  }

  // The continuation nearest in strength: what the model goes on with, by its likeliest token each time.
  function says() {
    const away = (one) => Math.abs(one.strength - alpha), all = curve.continuations;
    part("says").hidden = !all.length;
    if (!all.length) return;
    const nearest = all.reduce((best, one) => (away(one) < away(best) ? one : best));
    part("said-at").textContent = `At strength ${short(nearest.strength)}, push ${short(nearest.strength * curve.push)}, it goes on`;
    part("said").textContent = nearest.text || "(nothing: the text ends)";
  }

  function chips() {
    part("chosen").replaceChildren(...chosen.map((token, n) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "chip s" + n;
      button.textContent = name(token) + " ×";
      button.setAttribute("aria-label", `take ${name(token)} out of the picture`);
      button.addEventListener("click", () => { chosen = chosen.filter((one) => one !== token); draw(); });
      return button;
    }));
  }

  const NAMES = { strength: "strength", push: "push, norms of the residual", nats: "nats spent, to the left of 0 by negative strengths" };

  function plot(x, here, predictions) {
    const logs10 = part("scale").value === "log", tolerance = +part("tolerance").value;
    const shown = (value) => (logs10 ? Math.max(-1e4, value / Math.LN10) : Math.exp(value));
    const known = chosen.map((token) => ({
      seen: logs.map((row) => row[column(token)]), told: predictions && predictions.map((row) => row[column(token)]),
    }));
    const values = known.flatMap((one) => one.seen).map(shown);
    let bottom = logs10 ? Math.max(-12, Math.min(...values)) : 0, top = logs10 ? 0 : Math.max(...values, 1e-9);
    if (!(top > bottom)) [bottom, top] = [bottom - 1, bottom + 1];
    let reach = [-Infinity, Infinity];
    for (const { seen, told } of known.filter((one) => one.told)) {
      const own = curves.horizon(strengths, seen, told, tolerance);
      reach = [Math.max(reach[0], own[0]), Math.min(reach[1], own[1])];
    }
    const judged = predictions && known.length;
    const ends = reach.map((at, n) => (Number.isFinite(at) ? along(strengths, x, at) : x[n ? x.length - 1 : 0]));
    const lines = known.flatMap(({ seen, told }, n) => [
      ...(told ? [{ values: told.map(shown), colour: "s" + n, dashed: true }] : []),
      { values: seen.map(shown), colour: "s" + n, dashed: false },
    ]);
    const picture = {
      x, lines, here, bounds: [bottom, top + 0.02 * (top - bottom)], within: judged ? ends : null, label: NAMES[unit()],
      across: (at) => short(unit() === "nats" ? Math.abs(at) : at), upwards: (at) => (logs10 ? "1e" + short(at) : share(at)),
    };
    chart.draw(part("plot"), picture, (at) => { alpha = along(x, strengths, at); moved(); });
    const side = (at, word) => (Number.isFinite(at) ? `${word} ${short(at)}` : `as far as was steered (${word === "up to" ? "upwards" : "downwards"})`);
    const said = !judged ? "" :
      `Shaded: the prediction keeps within ${tolerance} nats of what was measured for every token in the picture, ` +
      `${side(reach[0], "down to")} and ${side(reach[1], "up to")} in strength.`;
    part("reach").textContent = said;
    part("plot").setAttribute("aria-label", `Probability of ${chosen.map(name).join(", ") || "no token"} by ${NAMES[unit()]}. ${said}`);
  }

  function table(now, told) {
    const order = Array.from(now.keys()).sort((a, b) => now[b] - now[a]).slice(0, TOP);
    const ids = [...new Set([...chosen.map(column), ...order])], zero = strengths.indexOf(0);
    part("tokens").replaceChildren(...ids.map((at) => {
      const token = curve.tokens ? curve.tokens[at] : at, row = document.createElement("tr");
      const cells = [name(token), share(Math.exp(logs[zero][at])), share(Math.exp(now[at])), told ? share(Math.exp(told[at])) : ""];
      cells.forEach((text, n) => {
        const cell = document.createElement(n ? "td" : "th");
        if (n) cell.className = "n"; else cell.scope = "row";
        cell.textContent = text;
        row.append(cell);
      });
      return row;
    }));
  }

  function search() {
    const wanted = part("search").value.replace(/␣/g, " ").toLowerCase(), found = [];
    const ids = curve.tokens || curve.model.texts.map((_, id) => id);
    if (wanted) {
      for (const id of ids) {
        const text = name(id).replace("␣", " ").toLowerCase();
        if (text.includes(wanted) || String(id) === wanted) found.push([text.trim() === wanted.trim() ? 0 : text.trim().startsWith(wanted.trim()) ? 1 : 2, text.length, id]);
      }
    }
    found.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
    part("matches").replaceChildren(...found.slice(0, MATCHES).map(([, , id]) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "chip";
      button.textContent = name(id);
      button.addEventListener("click", () => {
        if (!chosen.includes(id)) chosen = [...chosen, id].slice(-COLOURS);
        draw();
      });
      return button;
    }));
    part("found").textContent = wanted ? `${found.length} token${found.length === 1 ? "" : "s"}` +
      (found.length > MATCHES ? `, the first ${MATCHES} are shown` : "") : "";
  }

  page.curves.forEach((one, index) => part("curve").append(new Option(one.name, index)));
  part("curve").addEventListener("change", () => look(+part("curve").value).then(search));
  for (const which of ["unit", "scale", "prediction", "tolerance"]) part(which).addEventListener("change", () => draw());
  part("strength").addEventListener("input", () => {
    alpha = along(axis(), strengths, +part("strength").value);
    moved();
  });
  part("search").addEventListener("input", search);
  let wide = 0;
  new ResizeObserver(() => {
    if (curve && part("plot").clientWidth !== wide) { wide = part("plot").clientWidth; draw(); }
  }).observe(part("plot"));
  chart.recolour(part("plot"));
  part("body").hidden = false;
  look(0);
})();
