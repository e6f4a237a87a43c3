"""Define, show and reason about lifecycles."""
