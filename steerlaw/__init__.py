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
    from numerics.observing.curves.files import load_curve
    from real_models import load_model, wrap
    from steerlaw.report import Report
    from steerlaw.verification import verify
    from theory.catalogue import laws

_HOME = {
    "certify_peak": "numerics",
    "compare": "numerics.judging.one_curve",
    "cross_entropy_change": "numerics",
    "cumulants": "numerics",
    "peak_strengths": "numerics",
    "sweet_spot": "numerics",
    "load_curve": "numerics.observing.curves.files",
    "load_model": "real_models",
    "steered_curve": "numerics.observing.curves.build",
    "wrap": "real_models",
    "Report": "steerlaw.report",
    "verify": "steerlaw.verification",
    "laws": "theory.catalogue",
}

__all__ = [
    "Report",
    "certify_peak",
    "compare",
    "cross_entropy_change",
    "cumulants",
    "laws",
    "load_curve",
    "load_model",
    "peak_strengths",
    "steered_curve",
    "sweet_spot",
    "verify",
    "wrap",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("steerlaw")
    if name not in _HOME:
        raise AttributeError(f"module 'steerlaw' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
