"""Where the published text (v1) is wrong, needs a condition, or invites a misreading: one file an entry."""

from importlib import import_module
from pkgutil import iter_modules

from theory.errata._erratum import Erratum, Evidence, Fact

__all__ = ["Erratum", "Evidence", "Fact", "errata"]


def errata() -> dict[str, Erratum]:
    """Every entry by id, in order of number; adding an entry is adding a file that defines `ERRATUM`."""
    names = [module.name for module in iter_modules(__path__) if not module.name.startswith("_")]
    found = [import_module(f"{__name__}.{name}").ERRATUM for name in names]
    for name, erratum in zip(names, found, strict=True):
        if erratum.id != name:
            raise ValueError(f"theory/errata/{name}.py defines the entry {erratum.id!r}; name both alike")
    return {erratum.id: erratum for erratum in sorted(found, key=lambda erratum: erratum.number)}
