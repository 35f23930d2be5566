"""A decoder as a function of the steering strength: logits, derivatives, cross-entropy, limits.

Imports `real_models.checkpoints`, `real_models.decoding` and `numerics`.
"""
