"""Book-keeping: results into the gradebook, autograded notebooks, feedback pages, tables of marks."""
