"""Dead letters: what handlers refused or failed at, looked at, given back or thrown away by a person."""
