"""Figures: every one is drawn from recorded observations, and read back as numbers, XML and files."""

import re
import subprocess
import sys
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.patches import Rectangle

from numerics.observing.grids import strength_grid
from steerlaw.experiments.experiment import Experiment, observe, with_controls
from steerlaw.experiments.toy import toy_experiment
from steerlaw.inputs.subjects import Observation
from steerlaw.rendering.figures import paper_figures
from steerlaw.rendering.figures.curves import LINES, visible
from steerlaw.rendering.figures.drawn import Drawn, draw_all
from steerlaw.rendering.figures.language import language_figures
from steerlaw.rendering.figures.overview import overview_drawings, overview_figure
from steerlaw.rendering.figures.style import VERDICTS
from steerlaw.rendering.figures.toy import MODEL, NEGATIVES, TOKENS_OF, toy_figures
from steerlaw.results.lines import Line
from toy_models import ufm_instances

pytestmark = pytest.mark.slow

STRENGTHS = strength_grid(6.0, 121)
SVG = "{http://www.w3.org/2000/svg}"
PUSH = {0: 0.5, 1: 1.5, 2: 2.5, 3: 3.5}


@pytest.fixture(scope="module")
def experiments() -> dict[str, Experiment]:
    return {i.instance: toy_experiment(i, STRENGTHS) for i in ufm_instances() if i.kind == MODEL}


@pytest.fixture(scope="module")
def toy(experiments: dict[str, Experiment]) -> list[Observation]:
    return [o for name in (TOKENS_OF, *NEGATIVES) for o in observe(experiments[name])]


@pytest.fixture(scope="module")
def language(experiments: dict[str, Experiment]) -> list[Observation]:
    """Four layers and two concepts of one model, with controls; a toy model stands in for the decoder."""
    texts = [" def", "$x$", "\n", "日", *map(str, range(12))]
    observed = [o for e in with_controls(experiments[TOKENS_OF], seed=0) for o in observe(e)]
    return [
        replace(
            o,
            subject=replace(
                o.subject,
                model="gpt/small",
                instance=None,
                layer=layer,
                concept=concept,
                push=PUSH[layer],
                token_text=texts.__getitem__,
            ),
        )
        for concept in ("python code", "uppercase words")
        for layer in PUSH
        for o in observed
    ]


def line(law: str, model: str, counts: tuple[int, ...], control: Any = None) -> Line:
    applied = sum(counts[:3])
    shares: Any = dict(zip(VERDICTS, (n / applied for n in counts[:3]), strict=False)) if applied else None
    numbers: Any = dict(zip(VERDICTS, counts, strict=True))
    return Line(
        law=law,
        claim="it holds",
        log_odds=None,
        model=model,
        control=control,
        counts=numbers,
        shares=shares,
        holds=None,
        excess=None,
        worst=None,
    )


@pytest.fixture(scope="module")
def lines() -> list[Line]:
    return [
        line("tilt", "ufm-exact", (9, 3, 4, 9)),
        line("tilt", "gpt", (3, 1, 4, 0)),
        line("tilt", "gpt", (6, 2, 0, 9), "random_direction"),
        line("transformer_limit", "ufm-exact", (0, 0, 0, 5)),
        line("transformer_limit", "gpt", (6, 2, 0, 9)),
    ]


@pytest.fixture(scope="module")
def drawn(toy: list[Observation], language: list[Observation], lines: list[Line]) -> list[Drawn]:
    return [*draw_all(overview_drawings(lines)), *paper_figures([*toy, *language])]


def test_all_figures_are_there(drawn: list[Drawn]) -> None:
    assert [d.name for d in drawn] == [
        "overview",
        "data-law",
        "token-bumps",
        "concept-behaviours",
        "cross-entropy",
        "gpt-small-python-code-tokens",
        "gpt-small-uppercase-words-tokens",
        "gpt-small-target-concept",
        "gpt-small-python-code-cross-entropy",
        "gpt-small-uppercase-words-cross-entropy",
    ]
    assert all(d.title and d.caption.endswith(".") for d in drawn)


def test_drawings_share_one_page(drawn: list[Drawn]) -> None:
    """Well-formed, self-contained, dateless; no id twice on the page and none referred to that is not there."""
    ids, references = [], set()
    for d in drawn:
        root = ElementTree.fromstring(d.svg)
        assert root.tag == SVG + "svg"
        assert root.get("aria-label") == d.title
        ids += [node.get("id") for node in root.iter() if node.get("id")]
        references |= set(re.findall(r'(?:href="#|url\(#)([^")]+)', d.svg))
        assert not re.search(r'<dc:date|<script|(href|src)="(?!#|data:)|url\((?!#)', d.svg)
    assert len(ids) == len(set(ids))
    assert references <= set(ids)


def test_files_are_written_whole_and_alike(drawn: list[Drawn], lines: list[Line], tmp_path: Any) -> None:
    (again,) = draw_all(overview_drawings(lines))
    first, second = ([path.read_bytes() for path in d.write(tmp_path / d.title, pdf=True)] for d in (drawn[0], again))
    assert first == second
    assert first[0].startswith(b"<?xml")
    assert first[1].startswith(b"%PDF")
    assert sorted(path.name for path in (tmp_path / again.title).iterdir()) == ["overview.pdf", "overview.svg"]


def test_drawing_leaves_settings_alone() -> None:
    with mpl.rc_context({"font.size": 33}):
        assert overview_figure([line("tilt", "gpt", (1, 1, 1, 1))])
        assert mpl.rcParams["font.size"] == 33


def test_axes_are_named_with_units(drawn: list[Drawn]) -> None:
    for d in drawn[1:]:
        panels = [ax for ax in d.figure.axes if ax.lines]
        assert any(ax.get_xlabel() for ax in panels)
        assert any(ax.get_ylabel() for ax in panels) or d.figure.get_supylabel()
        if "cross-entropy" in d.name:
            assert panels[0].get_ylabel() == "change of cross-entropy, nats"


def test_predicted_peaks_sit_on_the_observed_ones(drawn: list[Drawn]) -> None:
    """Each dot lies on a curve of its colour, within a grid step of that curve's highest point."""
    figure = next(d.figure for d in drawn if d.name == "token-bumps")
    assert len(figure.axes) == 2
    for ax in figure.axes:
        curves = [line for line in ax.lines if line.get_linewidth() == LINES["observed"]["linewidth"]]
        dots = [line for line in ax.lines if line.get_marker() == "o"]
        assert len(curves) == 16
        assert len(dots) >= 10
        for dot in dots:
            (strength,), (height,) = np.asarray(dot.get_xdata()), np.asarray(dot.get_ydata())
            same = [np.asarray(c.get_ydata()) for c in curves if c.get_color() == dot.get_color()]
            assert any(
                abs(STRENGTHS[y.argmax()] - strength) <= 0.1 and y.max() == pytest.approx(height, rel=1e-2)
                for y in same
            )


def drawn_as(ax: Any, *kinds: str) -> list[np.ndarray]:
    widths = [LINES[kind]["linewidth"] for kind in kinds]
    return [np.asarray(line.get_ydata()) for line in ax.lines if line.get_linewidth() in widths]


def test_predictions_lie_on_what_a_tilted_model_does(drawn: list[Drawn]) -> None:
    """The stand-in is exactly a tilt, so every predicted curve must cover an observed one, and no other."""
    for name in ("tokens", "target-concept", "cross-entropy"):
        figure = next(d.figure for d in drawn if d.name.startswith("gpt") and d.name.endswith(name))
        panels = [ax for ax in figure.axes if drawn_as(ax, "predicted")]
        assert len(panels) >= 3
        for ax in panels:
            observed, predicted = drawn_as(ax, "observed"), drawn_as(ax, "predicted")
            for curve in predicted:
                assert sum(np.abs(curve - y).max() < 1e-10 for y in observed) == 1
            for curve in drawn_as(ax, "control", "approximation"):
                assert min(np.abs(curve - y).max() for y in observed) > 1e-3


def test_three_layers_with_the_push_on_their_axes(drawn: list[Drawn]) -> None:
    figure = next(d.figure for d in drawn if d.name == "gpt-small-python-code-cross-entropy")
    assert [ax.get_title(loc="left") for ax in figure.axes] == ["block 0", "block 2", "block 3"]
    for ax, push in zip(figure.axes, (0.5, 2.5, 3.5), strict=True):
        np.testing.assert_allclose(ax.get_xlim(), [-6 * push, 6 * push])
        assert "|h|" in ax.get_xlabel()
        assert len(ax.child_axes) == 1


def test_tokens_are_the_same_on_every_layer_and_shown_as_they_are(drawn: list[Drawn]) -> None:
    figure = next(d.figure for d in drawn if d.name == "gpt-small-python-code-tokens")
    above, below = figure.axes[:3], figure.axes[3:]
    assert len(below) == 3
    colours = [[line.get_color() for line in ax.lines if line.get_linestyle() == "-"] for ax in above]
    assert colours[0] == colours[1] == colours[2]
    texts = {text.get_text() for key in figure.legends for text in key.get_texts()}
    assert "␣def" in texts
    assert not any(text.get_parse_math() for key in figure.legends for text in key.get_texts())


def test_what_is_known_is_drawn(toy: list[Observation], language: list[Observation]) -> None:
    own = [o for o in language if o.subject.control is None and o.subject.concept == "python code"]
    assert len(language_figures(own)) == 3
    unknown = [replace(o, baseline=None) for o in own]
    for d in language_figures(unknown):
        assert not any(drawn_as(ax, "predicted", "control") for ax in d.figure.axes)
    nameless = [replace(o, subject=replace(o.subject, contexts=range(9), token_text=None)) for o in own]
    first = next(d for d in language_figures(nameless) if d.name.endswith("tokens"))
    assert first.caption.startswith("After context 0, steered")
    assert toy_figures([replace(o, baseline=None) for o in toy]) == []
    assert language_figures([]) == []
    assert toy_figures([]) == []
    assert overview_drawings([]) == []


@pytest.mark.parametrize(
    ("text", "seen"), [(" a b", "␣a␣b"), ("\n\t\r", "⏎⇥\\u000d"), ("日\x00", "\\u65e5\\u0000"), ("é$_$", "é$_$")]
)
def test_tokens_are_made_visible(text: str, seen: str) -> None:
    assert visible(text) == seen


def test_overview_shares_are_of_what_applies(lines: list[Line]) -> None:
    (drawn,) = draw_all(overview_drawings(lines))
    toy, gpt = drawn.figure.axes
    assert [ax.get_title(loc="left") for ax in (toy, gpt)] == ["ufm-exact", "gpt"]
    widths = [bar.get_width() for bar in toy.patches if isinstance(bar, Rectangle)]
    np.testing.assert_allclose(widths, [100 * 9 / 16, 100 * 3 / 16, 100 * 4 / 16])
    assert [text.get_text() for text in toy.texts] == ["19 %", "does not apply"]
    assert len(gpt.patches) == 3 * 3
    (legend,) = drawn.figure.legends
    assert "random direction" in legend.get_title().get_text()


def test_an_empty_overview_is_refused() -> None:
    with pytest.raises(ValueError, match="expected verdicts on at least one law and model, got none"):
        overview_figure([])


def test_importing_the_package_draws_in_no_matplotlib() -> None:
    script = "import sys, steerlaw.rendering.figures; sys.exit('matplotlib' in sys.modules or 'jax' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script]).returncode == 0
