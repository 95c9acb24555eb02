"""Sending a file of real requests through the public interface, and accounting for every one of them."""
