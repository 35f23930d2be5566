"""The laws of activation steering: derived with SymPy, evaluated with JAX, compared with language models.

Names load on first use, so that `import steerlaw` stays fast.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numerics import (
        certify_peak,
        cross_entropy_change,
        cumulants,
        peak_strengths,
        sweet_spot,
    )
    from numerics.judging.one_curve import compare
    from numerics.observing.curves.build import steered_curve
    from numerics.observing.curves.loading import load_curve
    from numerics.observing.next_token import observe_next_token as sweep
    from real_models import examine as doctor
    from real_models import load_model, load_vector, predict_texts, sample, text_curve, wrap
    from steerlaw.report import Report
    from steerlaw.results.choosing.choose import choose
    from steerlaw.results.choosing.text_choose import choose_for_texts
    from steerlaw.verification import verify
    from theory.catalogue import laws

_HOME = {
    "Report": "steerlaw.report:Report",
    "certify_peak": "numerics:certify_peak",
    "choose": "steerlaw.results.choosing.choose:choose",
    "choose_for_texts": "steerlaw.results.choosing.text_choose:choose_for_texts",
    "compare": "numerics.judging.one_curve:compare",
    "cross_entropy_change": "numerics:cross_entropy_change",
    "cumulants": "numerics:cumulants",
    "doctor": "real_models:examine",
    "laws": "theory.catalogue:laws",
    "load_curve": "numerics.observing.curves.loading:load_curve",
    "load_model": "real_models:load_model",
    "load_vector": "real_models:load_vector",
    "peak_strengths": "numerics:peak_strengths",
    "predict_texts": "real_models:predict_texts",
    "sample": "real_models:sample",
    "steered_curve": "numerics.observing.curves.build:steered_curve",
    "sweep": "numerics.observing.next_token:observe_next_token",
    "sweet_spot": "numerics:sweet_spot",
    "text_curve": "real_models:text_curve",
    "verify": "steerlaw.verification:verify",
    "wrap": "real_models:wrap",
}
"""Where each name lives: `module:name`."""

__all__ = [
    "Report",
    "certify_peak",
    "choose",
    "choose_for_texts",
    "compare",
    "cross_entropy_change",
    "cumulants",
    "doctor",
    "laws",
    "load_curve",
    "load_model",
    "load_vector",
    "peak_strengths",
    "predict_texts",
    "sample",
    "steered_curve",
    "sweep",
    "sweet_spot",
    "text_curve",
    "verify",
    "wrap",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("steerlaw")
    if name not in _HOME:
        raise AttributeError(f"module 'steerlaw' has no attribute {name!r}")
    module, _, there = _HOME[name].partition(":")
    return getattr(import_module(module), there)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
