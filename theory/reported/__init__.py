"""Claims of other papers about strength: what each says, how it is asked of a model, and curves that tell.

They are no laws: nothing is derived. A file that defines `REPORTED` is one claim.
"""

import importlib
import pkgutil
from functools import cache

from theory.reported._claim import Planted, Reported

__all__ = ["Planted", "Reported", "reported"]


@cache
def reported() -> dict[str, Reported]:
    """Every claim by id, in the order of the ids."""
    names = sorted(info.name for info in pkgutil.iter_modules(__path__) if not info.name.startswith("_"))
    return {name: importlib.import_module(f"{__name__}.{name}").REPORTED for name in names}
