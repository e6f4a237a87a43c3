"""What works on runstate and is no part of it."""
