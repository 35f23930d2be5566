"""How long a cost takes on a GPU: its makers' numbers of operations a second, and the share of them that is reached."""

from dataclasses import dataclass

from steerlaw.plans.costs import Cost

REACHED, REACHED_DRAWING = 0.4, 0.05
"""Shares of the peak: of products of large matrices, and of drawing token by token, which waits for the weights."""


@dataclass(frozen=True, kw_only=True)
class Gpu:
    """Operations a second, in units of 10^12, by dtype, without sparsity; float32 is never TF32."""

    float32: float
    bfloat16: float
    float64: float


GPUS = {
    "A100": Gpu(float32=19.5, bfloat16=312, float64=19.5),
    "H100": Gpu(float32=67, bfloat16=989, float64=67),
    "H200": Gpu(float32=67, bfloat16=989, float64=67),
    "L4": Gpu(float32=30.3, bfloat16=121, float64=0.47),
    "L40S": Gpu(float32=91.6, bfloat16=362, float64=1.4),
    "RTX4090": Gpu(float32=82.6, bfloat16=165, float64=1.3),
}
"""From the data sheets of NVIDIA."""


def gpu_named(name: str) -> Gpu:
    """The GPU of that name; a `ValueError` lists those that are known."""
    known = {own.casefold(): gpu for own, gpu in GPUS.items()}
    if name.casefold() not in known:
        raise ValueError(f"unknown GPU {name!r}, expected one of {', '.join(GPUS)}")
    return known[name.casefold()]


def hours(cost: Cost, gpu: Gpu, dtype: str) -> float:
    """Hours of one GPU: operations over what is reached of its peak, kind by kind."""
    peak = {"float32": gpu.float32, "bfloat16": gpu.bfloat16, "float64": gpu.float64}[dtype]
    seconds = cost.flops / (peak * REACHED) + cost.flops_drawing / (peak * REACHED_DRAWING)
    return (seconds + cost.flops_float64 / (gpu.float64 * REACHED)) / 1e12 / 3600
