"""What a steered model still can do: its accuracy on tasks of lm-evaluation-harness (extra `eval`).

Imports `real_models.steering`, `real_models.decoding` and `numerics`.
"""
