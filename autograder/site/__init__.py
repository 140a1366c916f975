"""The catalogue: every course and unit on one page that needs no server, and the released notebooks beside it."""
