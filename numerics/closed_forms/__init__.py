"""Closed forms of the tilted distribution: cumulants, curves, peaks, turning points, budgets, certificates.

Imports `numerics.exponential_sums`, `numerics.bands` and the ground floor.
"""
