"""Models run over strengths, beside their controls: what turns a target into observations.

Imports `steerlaw.inputs` and below.
"""
