"""Texts from a steered model: drawn token by token with a cache, and scored afterwards at any other strength.

Imports `real_models.steering` and what is below it.
"""
