"""Strangers' code in a box: start it, measure it, end it, and prove beforehand that the box holds."""
