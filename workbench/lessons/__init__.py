"""What lessons use besides checks: predictions, quizzes, pictures, sliders, and the place in which a notebook runs."""
