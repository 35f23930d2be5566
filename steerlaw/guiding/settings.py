"""The chosen block and strength in the words of the programs that people steer with, to paste as they stand."""

import shlex
from collections.abc import Mapping
from pathlib import Path


def settings(*, safetensors: Path, gguf: Path | None, layer: int, strength: float) -> Mapping[str, str]:
    """Texts by the name of the program; those that read GGUF are left out where there is no such file.

    `strength` multiplies the vector in the files, whatever its norm; `layer` is the block whose output is steered, from
    0. A control vector of llama.cpp cannot steer block 0, and then there is no GGUF.
    """
    alpha = f"{strength:.6g}"
    command = shlex.quote(str(gguf))
    found = {"transformers": TRANSFORMERS.format(path=str(safetensors), layer=layer, alpha=alpha)}
    if gguf is not None:
        for name, text in (("repeng", REPENG), ("llama.cpp", LLAMA_CPP), ("EasySteer (vLLM)", EASYSTEER)):
            found[name] = text.format(path=str(gguf), quoted=command, layer=layer, alpha=alpha)
    return found


TRANSFORMERS = """\
import torch
from safetensors.torch import load_file

vector, depth = load_file({path!r})["layer.{layer}"], model.config.get_text_config().num_hidden_layers
blocks = next(part for part in model.modules() if isinstance(part, torch.nn.ModuleList) and len(part) == depth)
def steer(block, inputs, output):
    hidden = output[0] if isinstance(output, tuple) else output
    hidden += {alpha} * vector.to(hidden)
handle = blocks[{layer}].register_forward_hook(steer)  # handle.remove() ends it
"""
REPENG = """\
from repeng import ControlModel, ControlVector

steered = ControlModel(model, [{layer}])
steered.set_control(ControlVector.import_gguf({path!r}), {alpha})
"""
LLAMA_CPP = """\
llama-cli -m MODEL.gguf --control-vector-scaled {quoted} {alpha} --control-vector-layer-range {layer} {layer}
"""
EASYSTEER = """\
from vllm.steer_vectors.request import SteerVectorRequest

request = SteerVectorRequest("steerlaw", 1, steer_vector_local_path={path!r}, scale={alpha},
                             target_layers=[{layer}], prefill_trigger_tokens=[-1], generate_trigger_tokens=[-1])
"""
