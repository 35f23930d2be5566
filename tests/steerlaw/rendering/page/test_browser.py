"""The page in a browser, where there is one: it works, says nothing on the console, and asks nobody for anything."""

import json
import re
import shutil
import subprocess
from dataclasses import replace

import pytest

from curves_to_explore import explored
from numerics.judging.verdict import Verdict
from steerlaw.rendering.page.whole import page
from steerlaw.results.document import Results
from steerlaw.results.exploring.explored import Continuation
from steerlaw.results.lines import summary_lines
from steerlaw.results.provenance import RunRecord
from steerlaw.results.verdict_rows import Place, VerdictRow, counted

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
pytestmark = pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed")

FIRST = "<script>window.wrong = []; window.onerror = (text) => { wrong.push(String(text)); };</script>"
DRIVEN = """<script>
const until = async (asked) => { while (!asked()) await new Promise((go) => setTimeout(go, 20)); };
const part = (name) => document.getElementById("explorer-" + name), say = {};
const set = (name, value, event) => { part(name).value = value; part(name).dispatchEvent(new Event(event)); };
const lines = () => part("plot").picture.data.slice(1).map((line) => line.join());
const settled = () => new Promise((go) => setTimeout(go, 50));  // uPlot draws when whoever called it is done
const ink = () => {
  const canvas = part("plot").querySelector("canvas"), drawn = canvas.getContext("2d");
  const seen = drawn.getImageData(0, 0, canvas.width, canvas.height).data, counts = {};
  for (let i = 0; i < seen.length; i += 4) {
    if (seen[i + 3] === 255) counts[seen.slice(i, i + 3)] = (counts[seen.slice(i, i + 3)] || 0) + 1;
  }
  return counts;
};
(async () => {
  await until(() => /every strength/.test(part("state").textContent));
  await settled(); say.ink = ink(); say.dashed = part("plot").picture.series.map((one) => !!one.dash);
  const over = part("plot").picture.over, box = over.getBoundingClientRect();
  say.before = part("where").textContent; say.lines = lines().length; say.said = [part("said").textContent];
  set("strength", part("strength").max, "input"); say.after = part("where").textContent;
  say.said.push(part("said").textContent); say.speaks = !part("says").hidden;
  say.pictured = part("plot").shown.here;
  const at = { clientX: box.left + 0.75 * box.width, clientY: box.top + 9, bubbles: true };
  over.dispatchEvent(new MouseEvent("click", at)); say.clicked = part("where").textContent;
  set("strength", part("strength").max, "input");
  say.rows = [...part("tokens").rows].map((row) => [...row.cells].map((cell) => cell.textContent));
  set("search", "W1", "input"); say.found = [...part("matches").children].map((one) => one.textContent);
  part("matches").children[1].click(); say.chosen = [...part("chosen").children].map((one) => one.textContent);
  say.more = lines().length;
  const linear = lines()[1]; set("scale", "log", "change"); say.moved = linear !== lines()[1];
  set("unit", "nats", "change"); say.nats = part("strength").getAttribute("aria-valuetext");
  set("prediction", "", "change"); say.seen = lines().length;
  set("curve", 1, "change"); await until(() => part("prompt").textContent === "another");
  say.reach = part("reach").textContent; say.silent = part("says").hidden;
  const table = (name) => document.getElementById("verdicts-" + name);
  const bodies = () => [...document.getElementById("verdicts").tBodies];
  const folding = () => getComputedStyle(document.querySelector(".control-row")).display;
  const change = (name, key, value, event) => {
    table(name)[key] = value; table(name).dispatchEvent(new Event(event));
  };
  const seen = () => bodies().filter((body) => !body.hidden).map((body) => body.dataset.law);
  say.all = seen(); say.folded = folding();
  change("nulls", "checked", true, "change"); say.unfolded = folding();
  change("filter", "value", "TILT", "input"); say.filtered = seen(); say.count = table("count").textContent;
  change("filter", "value", "", "input"); change("outcome", "value", "holds", "change"); say.holding = seen();
  change("outcome", "value", "", "change");
  document.querySelector("[data-sort=holds]").click(); say.rising = seen();
  document.querySelector("[data-sort=holds]").click(); say.falling = seen(); say.wrong = wrong;
  const told = document.createElement("pre"); told.id = "told"; told.textContent = JSON.stringify(say);
  document.body.append(told);
})();
</script>"""


def row(law, holds, departs, control=None) -> VerdictRow:
    """A claim of so many curves that hold and depart."""
    verdict = Verdict(
        law=law, claim="c", verdict="departs" if departs else "holds", departure=1.0, tolerance=0.1, unit="nats",
        evidence="deterministic",
    )  # fmt: skip
    counts = counted(["holds"] * holds + ["departs"] * departs)
    return VerdictRow(verdict=verdict, place=Place(model="m", control=control, quantity="q"), counts=counts)


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """What the driver saw, and what the browser logged."""
    said = tuple(Continuation(strength=at, text=text) for at, text in ((-1.0, "no"), (0.6, "<b>mild"), (1.5, "wild")))
    curves = [replace(explored(), continuations=said), replace(explored(1), prompt="another")]
    run = RunRecord(command="", started="now", versions={}, device="", dtype="", seeds={}, inputs={})
    rows = [row("tilt", 3, 1), row("tilt", 1, 3, "random_direction"), row("entropy", 4, 0), row("derivative", 1, 3)]
    text = page(Results(run=run, derivations=[], verdicts=rows, lines=summary_lines(rows), explored=curves), [])
    file = tmp_path_factory.mktemp("page") / "page.html"
    file.write_text(text.replace("<head>", "<head>" + FIRST).replace("</body>", DRIVEN + "</body>"), encoding="utf-8")
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=20000", "--enable-logging=stderr"]
    command = [str(BROWSER), *flags, f"--user-data-dir={file.parent / 'profile'}", "--dump-dom", file.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    found = re.search(r'<pre id="told">(.*?)</pre>', done.stdout, re.S)
    assert found, done.stdout[-2000:]
    return json.loads(found[1].replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")), done.stderr


def test_nothing_goes_wrong(told):
    say, logged = told
    assert say["wrong"] == []
    assert "CONSOLE" not in logged


def test_the_slider_moves_what_is_told(told):
    say, _ = told
    high = explored().curve.window[1]
    assert say["before"].startswith("strength 0.625, push 0.25, ")
    strength, push = (float(part.split()[1]) for part in say["after"].split(", ")[:2])
    assert (strength, push) == pytest.approx((high, 0.4 * high), rel=6e-3)  # three digits of a step of the slider
    token, unsteered, measured, predicted = say["rows"][0]
    assert token == "␣w0"
    assert measured != unsteered
    assert predicted != measured


def test_the_picture_is_drawn_and_a_click_in_it_chooses_a_strength(told):
    say, _ = told
    low, high = explored().curve.window
    assert say["pictured"] == pytest.approx(high)
    assert float(say["clicked"].split(", ")[0].split()[1]) == pytest.approx(low + 0.75 * (high - low), rel=6e-3)
    assert say["dashed"] == [False, True, False, True, False]  # the axis; predicted and measured of two tokens
    for colour in ("194,78,0", "0,114,178"):  # of the page's two first tokens, in light
        assert say["ink"][colour] > 300


def test_the_continuation_is_that_of_the_nearest_strength(told):
    say, _ = told
    assert say["said"] == ["<b>mild", "wild"]
    assert say["speaks"]
    assert say["silent"]


def test_tokens_are_found_by_their_text(told):
    say, _ = told
    assert say["found"] == ["␣w1", *(f"␣w1{n}" for n in range(10))]
    assert say["chosen"] == ["␣w0 ×", "␣w3 ×", "␣w10 ×"]
    assert (say["lines"], say["more"], say["seen"]) == (4, 6, 3)  # measured and predicted, then measured alone


def test_scales_and_units_change(told):
    say, _ = told
    assert say["moved"]
    assert say["nats"].endswith("nats spent")
    assert say["reach"].startswith("Shaded: the prediction keeps within 0.1 nats")


def test_the_table_filters_sorts_and_folds(told):
    say, _ = told
    assert say["all"] == ["derivative", "entropy", "tilt"]
    assert (say["folded"], say["unfolded"]) == ("none", "table-row")
    assert say["filtered"] == ["tilt"]
    assert say["count"] == "1 of 3 claims on models"
    assert say["holding"] == ["entropy"]
    assert say["rising"] == ["derivative", "tilt", "entropy"]
    assert say["falling"] == ["entropy", "tilt", "derivative"]
