"""A steered model as a function of the strength: few evaluations, every strength, an error that is stated.

Imports `numerics.bands`, `numerics.baseline`, `numerics.checks` and `numerics.files`.
"""
