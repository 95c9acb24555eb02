"""The command line of Tanggap, for operators and developers."""
