"""Where predictions and observations meet: departures, verdicts, and what would decide the undecided.

Imports every other room of `numerics`; none of them imports it.
"""
