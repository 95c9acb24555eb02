"""A flood day on the sizing of the overlay `small`: see `python -m flood --help`."""
