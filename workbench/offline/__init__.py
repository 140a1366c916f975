"""What `workbench bundle` puts into an archive beside the rest: the two halves of its installation."""
