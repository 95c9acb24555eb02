"""Tanggap's gateway: HTTP in front, events and RPC behind, no data of its own."""
