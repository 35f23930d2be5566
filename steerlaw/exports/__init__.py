"""What is measured here in the layouts of other programs: the files of the paper's own code.

Imports `steerlaw.inputs`, `real_models` and `numerics`.
"""
