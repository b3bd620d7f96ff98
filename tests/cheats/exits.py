"""A hedge whose file ends the program when it is imported."""

import sys

sys.exit("no key set")


class Exits:
    """Never defined."""
