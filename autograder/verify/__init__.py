"""Proves graders: right answers get all points, wrong ones are caught, forgers get nothing, nothing leaks."""
