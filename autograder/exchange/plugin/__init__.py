"""nbgrader's classes of an exchange, on the HTTP exchange; `use_exchange(c)` puts them in."""
