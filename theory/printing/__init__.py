"""Formulas and steps as people read them: one line of Unicode, or LaTeX.

Imports `theory.checker.kinds` and the symbols of `theory.tilted`.
"""
