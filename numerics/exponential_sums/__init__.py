"""Sums of `p(z) e^{alpha M(z)}` at many strengths: streamed exactly, or compressed to fewer tokens that tilt alike.

Imports `numerics.checks` alone.
"""
