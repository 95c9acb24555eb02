"""The JSON interface: parse, publish or call, respond. What each operation means is in the facades."""
