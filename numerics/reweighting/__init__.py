"""Curves at every strength from texts sampled at a few: balance-heuristic weights, their doubts, bands by clusters.

Imports `numerics.bands` and what is below it.
"""
