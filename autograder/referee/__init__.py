"""The referee: a trusted process that holds hidden checks, inputs and marks, and asks the learner's code for values."""
