"""What was found, written for people and for programs; one format a module."""
