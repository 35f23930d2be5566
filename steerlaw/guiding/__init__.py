"""From two files of texts to a block, a strength and settings: what `steerlaw guide` finds out and what it says.

Imports `steerlaw.results` and below.
"""
