# A probe runs in a copy of the learner's namespace. The check gives its inputs as names, and says which come back.
# Its text is public: nothing in here may tell an answer.
returned_M = running_mean(values_N, window)
after_N = values_N
