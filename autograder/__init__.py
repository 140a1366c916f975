"""Builds, proves and grades the exercises of the course kit; everything here is the trusted side."""
