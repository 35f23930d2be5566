"""The explorer's arithmetic, in Node, against the curves it was made from; what it carries, and how much."""

import json
import re
import shutil
import subprocess
from hashlib import sha256

import numpy as np
import pytest
from scipy.special import log_softmax, rel_entr

from curves_to_explore import explored
from steerlaw.rendering.page.explorer import OWN, explorer_section
from steerlaw.rendering.page.scripts import plots, script

NODE = shutil.which("node")
LIBRARY = len(plots().encode())
ROOM = 10**6
TIGHT = LIBRARY + 60_000
ASK = """
const page = JSON.parse(require("fs").readFileSync(0, "utf8")), asked = page.asked, answers = [];
(async () => {
  for (const index of page.curves.keys()) {
    const curve = await curves.opened(page, index), base = curves.measured(curve, 0).logProbs;
    for (const alpha of asked[index]) {
      const seen = curves.measured(curve, alpha);
      answers.push({ seen: [...seen.logProbs], local: [...curves.predicted(curve, "local", alpha)],
        spent: curve.tokens ? seen.divergence : curves.divergence(seen.logProbs, base) });
    }
  }
  console.log(JSON.stringify(answers));
})();
"""


def carried(section):
    """The data of the section."""
    (text,) = re.findall(r'id="explorer-data">(.*?)</script>', section, re.S)
    return json.loads(text)


def in_node(program, given=None):
    assert NODE is not None
    done = subprocess.run([NODE, "-e", program], input=json.dumps(given), capture_output=True, text=True, timeout=60)
    assert not done.stderr
    return json.loads(done.stdout)


needs_node = pytest.mark.skipif(NODE is None, reason="Node is not installed")


@needs_node
@pytest.mark.parametrize("cap", [None, 5.0])
@pytest.mark.parametrize("room", [ROOM, TIGHT])
def test_the_browser_computes_what_python_does(cap, room):
    """In half precision to its stated error; of the table, in single precision, to that of the interpolation."""
    vocab = 50 if room == ROOM else 20_000
    curves = [explored(seed, vocab=vocab, cap=cap, context=seed) for seed in range(2)]
    page = carried(explorer_section(curves[:1] if room == ROOM else curves, room))
    assert (page["models"][0]["unembedding"] is None) == (room != ROOM)
    asked = [np.random.default_rng(n).uniform(*one.curve.window, 7) for n, one in enumerate(curves)]
    answers = in_node(script("curves.js") + ASK, page | {"asked": [each.tolist() for each in asked]})
    close = 0.03 if room == ROOM else 2e-3
    for index, packed in enumerate(page["curves"]):
        one = curves[index]
        tokens = slice(None) if packed["tokens"] is None else packed["tokens"]
        for strength, answer in zip(asked[index], answers[7 * index :], strict=False):
            every = one.curve.log_probs([strength])[0]
            np.testing.assert_allclose(answer["seen"], every[tokens], atol=close)
            spent = rel_entr(np.exp(every), np.exp(one.curve.log_probs([0.0])[0])).sum()
            np.testing.assert_allclose(answer["spent"], spent, atol=close)
            told = log_softmax(one.log_probs + strength * one.local)[tokens]
            np.testing.assert_allclose(answer["local"], told, atol=2e-3 if room != ROOM else 1e-5)


@needs_node
def test_half_precision_is_read_as_numpy_reads_it():
    """Every one of the 65,536 patterns, subnormal and infinite ones among them."""
    told = in_node(
        script("curves.js") + "console.log(JSON.stringify([...Array(65536).keys()].map((b) => String(curves.half(b)))))"
    )
    expected = np.arange(65536).astype(np.uint16).view(np.float16)
    found = np.array([float(text.replace("Infinity", "inf")) for text in told])
    np.testing.assert_array_equal(found, expected.astype(np.float64))


@needs_node
@pytest.mark.parametrize("tolerance", [0.05, 0.4, 10.0])
def test_a_horizon_is_where_two_curves_first_part(tolerance):
    """Of |alpha|^3 against 0: the cube root, and no end where that is beyond the strengths."""
    at = np.linspace(-1, 2, 3001)
    given = {"at": at.tolist(), "one": (np.abs(at) ** 3).tolist(), "other": [0.0] * len(at), "tolerance": tolerance}
    program = 'const g = JSON.parse(require("fs").readFileSync(0, "utf8"));'
    program += "console.log(JSON.stringify(curves.horizon(g.at, g.one, g.other, g.tolerance).map(String)))"
    low, high = (float(text.replace("Infinity", "inf")) for text in in_node(script("curves.js") + program, given))
    root = tolerance ** (1 / 3)
    assert low == (pytest.approx(-root, abs=1e-3) if root < 1 else -np.inf)
    assert high == (pytest.approx(root, abs=1e-3) if root < 2 else np.inf)


@pytest.mark.parametrize("room", [LIBRARY + 20_000, TIGHT, LIBRARY + 200_000, ROOM])
def test_the_page_keeps_to_its_room(room):
    """Curves are left out, then tokens; nothing is too much."""
    curves = [explored(seed, vocab=2000, d=24, context=seed) for seed in range(5)]
    section = explorer_section(curves, room)
    assert len(section.encode()) <= room
    assert (section == "") == (room == LIBRARY + 20_000)


def test_nothing_is_explored_where_there_is_nothing():
    assert explorer_section([], ROOM) == ""


def test_no_text_ends_the_data():
    """A prompt that holds `</script>` is data still."""
    section = explorer_section([explored()], ROOM)
    assert carried(section)["curves"][0]["prompt"] == "a </script> prompt"
    assert section.count("</script>") == 1 + len(OWN) + 1  # the data, ours, and the library that draws


def test_the_library_that_draws_is_the_one_released():
    """Of `npm pack uplot@1.6.32`; and the page carries its licence."""
    assert (
        sha256(script("uplot/uPlot.iife.min.js").encode()).hexdigest()
        == "19c8d4c6ad88929a79f4ae49d6f7161566dfd0ba3d15cc495e974f787eb78f1f"
    )
    assert "Leon Sorokin" in explorer_section([explored()], ROOM)


def test_what_curves_share_is_carried_once():
    one = explored()
    page = carried(explorer_section([one, one], ROOM))
    assert len(page["curves"]) == 2
    assert page["curves"][0]["pieces"] == page["curves"][1]["pieces"]


def test_the_stated_errors_are_those_of_the_curve_and_of_half_precision():
    note = carried(explorer_section([explored()], ROOM))["curves"][0]["note"]
    assert re.fullmatch(r"Every token at every strength: .* within 2e-06 nats, to 0\.0\d+ nats \(half .*\)\.", note)
