"""All four databases in one encrypted file, as they were at one moment, and back from it."""
