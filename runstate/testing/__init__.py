"""For tests: of programs that use runstate, and of stores that others write."""
