r"""Steering the last block is steering into the final normalisation: an exact law of real transformers.

Let h be the last block's output at the last position, v the vector, both less their mean over features under LayerNorm,
gamma and beta the final norm's scale and offset, `w_z` the unembedding of token z. Then

    logit_z(alpha) = (A_z + alpha B_z) / rho(alpha) + offset_z,      rho^2 = c + 2 e alpha + f alpha^2,
    A_z = <gamma w_z, h>,  B_z = <gamma w_z, v>,  offset_z = <w_z, beta>,
    c = |h|^2/d + eps,  e = <h, v>/d,  f = |v|^2/d.

No bound on alpha and no remainder: only rounding separates it from the measured logits.
"""

from collections.abc import Sequence

import numpy as np

from numerics.baseline import Sphere
from real_models.steering.inputs import Tokens, Vector
from real_models.steering.limits import logit_table, normalisable
from real_models.steering.model import LanguageModel
from real_models.steering.normed import centred, float64


def sphere_of(model: LanguageModel, contexts: Sequence[Tokens], vector: Vector) -> Sphere:
    """The law of the logits after each context when the last block is steered; float64.

    `ValueError` where it does not apply: a zero vector, one that LayerNorm removes, or logits with a soft-cap.

    >>> sphere_of(model, ["def f(", "import "], vector).h_part.shape                               # doctest: +SKIP
    (2, 4096)
    """
    spec = model.spec
    if spec.logit_cap is not None:
        raise ValueError(f"sphere needs logits without a soft-cap, but those of {model.name} are capped")
    if isinstance(contexts, str) or not len(contexts):
        raise ValueError(f"contexts are {contexts!r}, expected a list of one prompt or more")
    v = normalisable(model, vector, "sphere")
    h = centred(spec, np.stack([float64(model.residual(tokens, spec.n_layers - 1))[-1] for tokens in contexts]))
    table, norm = logit_table(model), float64(model.params["final_norm"])
    return Sphere(
        h_part=(norm["weight"] * h) @ table.T,
        v_part=table @ (norm["weight"] * v),
        offset=table @ norm.get("bias", np.zeros(spec.d_model)),
        c=(h * h).mean(axis=1) + spec.norm_eps,
        e=h @ v / spec.d_model,
        f=float(v @ v) / spec.d_model,
    )
