"""``python -m runstate.cli``."""

from runstate.cli import main

main()
