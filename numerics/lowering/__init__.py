"""From the closed form that SymPy proved to the function that JAX evaluates, atom by atom.

Imports `numerics.closed_forms` and below, and `theory`.
"""
