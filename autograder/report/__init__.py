"""The report on a cohort: one page for the instructor, and CSV beside it."""
