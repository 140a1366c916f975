"""Courses and exercises as data: their files, where they lie, and what is wrong with them."""
