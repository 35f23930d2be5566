"""What is read off the logits of one context: an observer a group of quantities, each with its error.

Imports `numerics.lowering` and below; fills the rows of `numerics.observing.variables`.
"""
