"""`tanggap verify`: published figures recomputed from the raw answers, with code of its own.

Nothing here is shared with the service that published: another program that agrees is the point.
"""
