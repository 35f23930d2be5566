"""How far the laws hold on a model, block by block: rows of survival curves, and the answers in sentences.

Imports `steerlaw.inputs` and below.
"""
