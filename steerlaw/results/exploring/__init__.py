"""Which steered curves a page lets its reader explore, and how they are packed small enough to travel in it.

Imports no picture; `explored` picks the curves, `packing` makes arrays of them and measures what that costs.
"""
