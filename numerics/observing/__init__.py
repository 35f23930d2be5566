"""What a steered model shows: the protocol it must offer, observers of its logits, and `Sweep`.

Imports `numerics.lowering` and below, and `theory.quantities`.
"""
