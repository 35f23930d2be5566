"""Whole texts: observed under steering, predicted by unsteered ones, scored, and drawn into files.

Imports what the other experiments import, and these.
"""
