"""What "within the error" means: bands around observed curves, and how far a band is from a class of shapes.

Imports nothing of ours but `theory.quantities`.
"""
