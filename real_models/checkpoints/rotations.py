"""Rotary positions in the forms that configs have had: base and scaling of the blocks, as transformers resolves them.

New: `rope_parameters`, in Gemma 3 by type of block. Old: `rope_theta` beside `rope_scaling`, which wins where both are
given. Whatever could be read in two ways is refused.
"""

from real_models.checkpoints.config import LAYER_TYPES, Config, number, section, shown
from real_models.decoding.decoder import RopeScaling

ROPE_TYPES = ("default", "linear", "llama3")
Rotation = tuple[float, RopeScaling | None]


def rotation(config: Config) -> Rotation:
    """Base and scaling of a family whose blocks all rotate alike."""
    parameters = section(config, "rope_scaling") or section(config, "rope_parameters")
    if any(kind in parameters for kind in LAYER_TYPES):
        raise ValueError(f"unsupported rope: {config['model_type']} rotates all blocks alike, expected one object")
    # What stands beside the rotary parameters is put before what stands in them.
    outer = ("original_max_position_embeddings",) if "original_max_position_embeddings" in config else ()
    return read_rotation(config, parameters | {key: config[key] for key in outer}, "rope_theta")


def rotations_by_type(config: Config) -> tuple[Rotation, float]:
    """Gemma 3: base and scaling of the blocks that see everything, and the base of the sliding ones, unscaled."""
    nested, scaling = section(config, "rope_parameters"), section(config, "rope_scaling")
    if nested and not any(kind in nested for kind in LAYER_TYPES):
        raise ValueError(f"rope_parameters has {shown(list(nested))}, expected an object for each of {LAYER_TYPES}")
    if any(kind in scaling for kind in LAYER_TYPES):
        raise ValueError("rope_scaling is divided by type of block, expected one object, or rope_parameters")
    full, sliding = (section(nested, kind) for kind in LAYER_TYPES)
    if not nested and scaling:
        full = {"rope_type": "default"}
    local_theta, local_scaling = read_rotation(config, sliding, "rope_local_base_freq")
    if local_scaling is not None:
        raise ValueError("unsupported rope: the sliding blocks' rotation is scaled, expected rope_type 'default'")
    return read_rotation(config, full | scaling, "rope_theta"), local_theta


def read_rotation(config: Config, parameters: Config, base: str) -> Rotation:
    """One set of rotary parameters; where they name no base it is the config's field `base`."""
    theta = number(parameters, "rope_theta") if "rope_theta" in parameters else number(config, base)
    kind = parameters.get("rope_type", parameters.get("type", "default"))
    if kind not in ROPE_TYPES:
        raise ValueError(f"unsupported rope type {shown(kind)}, expected one of {list(ROPE_TYPES)}")
    if parameters.get("type", kind) != kind:
        raise ValueError(f"rope_type is {kind!r} but type is {shown(parameters['type'])}, expected one of the two")
    if parameters.get("partial_rotary_factor", config.get("partial_rotary_factor")) not in (None, 1):
        raise ValueError("unsupported rope: partial_rotary_factor is not 1")
    if kind == "default":
        return theta, None
    factor = number(parameters, "factor")
    return theta, RopeScaling(factor=factor, band=llama3_band(config, parameters) if kind == "llama3" else None)


def llama3_band(config: Config, parameters: Config) -> tuple[float, float, float]:
    """The band of Llama 3's rope scaling; a model without an original length was trained at its present one."""
    source = parameters if "original_max_position_embeddings" in parameters else config
    original = number(source, "original_max_position_embeddings" if source is parameters else "max_position_embeddings")
    low, high = number(parameters, "low_freq_factor"), number(parameters, "high_freq_factor")
    if high <= low:
        raise ValueError(f"high_freq_factor is {high}, expected more than low_freq_factor, {low}")
    return original, low, high
