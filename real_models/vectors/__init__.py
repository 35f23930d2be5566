"""Steering vectors: from texts, in the files of many programs, and whether they do what they claim.

Imports `real_models.steering` and below.
"""
