"""What runs inside the sandbox before, and around, a learner's code. Imports nothing of the autograder."""
