"""Tanggap's evaluation service: what the evidence shows, who rates whom, and what people learn next."""
