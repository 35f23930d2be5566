"""One decoder as plain functions of a static `Spec` and a dictionary of arrays.

Imports nothing of ours.
"""
