"""The laws of steering: what they say, why they are true, and what they claim about curves. SymPy only.

`theory.catalogue.laws()` finds them; each is one file of `theory.laws`. Importing this package imports nothing else.
"""
