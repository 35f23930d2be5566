"""Whole texts of the models that are verified: observed under steering, predicted by unsteered ones.

Imports what the other experiments import, and these.
"""
