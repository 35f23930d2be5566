"""The paper's figures, number by number, from the results of a plan: what was measured, never the paper's own data.

A table (`table`) says of each figure what kind it is; each kind is a file.
"""
