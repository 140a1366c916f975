"""Grading: from a submission on disk to a result in the journal."""
