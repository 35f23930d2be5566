"""What was found, as records: shares, findings, predicted numbers, derivations, and the record of the run.

Imports `steerlaw.experiments` and below.
"""
