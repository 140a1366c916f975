"""A made-up cohort with every kind of learner, graded end to end: what `autograder demo` shows."""
