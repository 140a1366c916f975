"""`python -m autograder.exchange`."""

from autograder.exchange.service import main

main()
