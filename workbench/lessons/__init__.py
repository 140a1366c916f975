"""What lessons use besides checks: predictions, quizzes, lines to order, and the place in which a notebook runs."""
