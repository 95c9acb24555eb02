"""Tanggap's notifications service: whom to tell, in which language and channel, and whether it arrived."""
