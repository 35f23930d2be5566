"""Plans: models x concepts x blocks x negatives x draws x observations, figure by figure, in cells that are done once.

A plan is a TOML file (`plan`), a cell one measurement of it (`cell`); results are a directory of cells.
"""
