"""Curves of whole texts against the strength, from texts sampled at few strengths.

Imports `real_models.sampling`, `real_models.scores` and what is below them.
"""
