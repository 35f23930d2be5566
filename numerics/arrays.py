"""What the public functions take for an array."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from numpy.typing import ArrayLike as ArrayLike  # noqa: TID251
else:
    from jaxtyping import ArrayLike as ArrayLike

__all__ = ["ArrayLike"]
"""For type checkers all that NumPy makes an array of, lists too; its own alias is nothing that jaxtyping subscribes."""
