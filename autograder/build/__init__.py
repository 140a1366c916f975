"""From an author's folder to a notebook, an nbgrader course directory, and what a worker needs."""
