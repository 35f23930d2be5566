"""How sharply the logits bend when the steering goes straight into the final normalisation (law `local_tilt`)."""

import numpy as np
from jaxtyping import Float
from scipy.spatial.distance import pdist

from numerics.bands.hulls import lower_hull
from numerics.baseline import Sphere


def logit_curvature(sphere: Sphere) -> float:
    """A bound on `osc_z logit''` at every strength and in every context: `(f/w)^2 max_{y,z} |q_y - q_z|`.

    `q_z = (A f - B e, B w)/(w sqrt(f))` are the tokens' points in the plane, `w^2 = c f - e^2`; only corners of their
    convex hull can be farthest apart. The oscillation comes within a sixth of it; infinite where h and v are parallel.
    """
    return max(
        _curvature(h_part, sphere.v_part, c, e, sphere.f)
        for h_part, c, e in zip(sphere.h_part, sphere.c, sphere.e, strict=True)
    )


def _curvature(A: Float[np.ndarray, " vocab"], B: Float[np.ndarray, " vocab"], c: float, e: float, f: float) -> float:
    width = c * f - e**2
    if width <= 0:
        return float("inf")
    across, along = (A * f - B * e) / np.sqrt(width * f), B / np.sqrt(f)
    order = np.argsort(across, kind="stable")
    x, y = across[order], along[order]
    corners = np.union1d(lower_hull(x, y), lower_hull(x, -y))
    return float(f**2 / width * pdist(np.column_stack([x, y])[corners]).max(initial=0.0))
