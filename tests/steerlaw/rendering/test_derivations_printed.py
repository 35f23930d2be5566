"""Derivations as a reader meets them: sentences with formulas in them, and LaTeX that a real engine accepts."""

import shutil
import subprocess

import pytest

from steerlaw.rendering.derivations import derivation_latex
from steerlaw.rendering.prose import in_latex, in_unicode
from steerlaw.results.derivations import derivation_record
from theory.catalogue import laws

SENTENCES = {
    "E_alpha[M] -> M_max as alpha -> +oo": (
        "E_α[M] → M_max as α → +∞",
        r"$E_{\alpha}$[M] $\to$ $M_{\max}$ as $\alpha$ $\to$ +$\infty$",
    ),
    "within R^3 |alpha|^3/(36 sqrt 3)": (
        "within R³ |α|³/(36 √3)",
        r"within $R^{3}$ $|$$\alpha$$|$$^{3}$/(36 $\sqrt{3}$)",
    ),
    "a share of 50% & more <= 1": ("a share of 50% & more ≤ 1", r"a share of 50\% \& more $\le$ 1"),
    "kappa_3, m = -mu; a model's pie": ("κ_3, m = -μ; a model's pie", r"$\kappa_{3}$, m = -$\mu$; a model's pie"),
    "too good": ("too good", "too good"),
    "base p^{1/T}, e^(-x)": ("base p^{1/T}, e^(-x)", r"base $p^{1/T}$, $e^{-x}$"),
}


@pytest.mark.parametrize("sentence", SENTENCES)
def test_formulas_in_sentences(sentence):
    assert (in_unicode(sentence), in_latex(sentence)) == SENTENCES[sentence]


@pytest.fixture(scope="module")
def printed() -> dict[str, str]:
    return {law.id: derivation_latex(derivation_record(law), law) for law in laws().values()}


@pytest.mark.slow
def test_every_law_prints_its_claims_and_steps(printed):
    for law in laws().values():
        text = printed[law.id]
        assert text.count(r"\item ") == len(list(law.derivation()))
        assert text.count("{") == text.count("}")
        assert all(in_latex(claim.says) in text for claim in law.claims)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="needs pdflatex")
def test_a_latex_engine_accepts_every_law(printed, tmp_path):
    preamble = r"\documentclass{article}\usepackage{amsmath,amssymb,graphicx}\begin{document}"
    (tmp_path / "laws.tex").write_text("\n".join([preamble, *printed.values(), r"\end{document}"]))
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "laws.tex"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout[-2000:]
    assert "Overfull" not in run.stdout
