"""The parts of the machine check of a derivation: kinds of step, normal form, signs, exact instances.

Imports the symbols of `theory.tilted` and `theory.facts`.
"""
