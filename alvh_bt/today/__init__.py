"""The decision sheet: what the rules hold, watch and order after the last close."""
