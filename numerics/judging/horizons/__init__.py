"""How far laws hold: first passages of departures through a tolerance, in push and in nats, and what share survives.

Imports `numerics.bands` alone of the rooms.
"""
