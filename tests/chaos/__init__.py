"""Things are killed, frozen and cut off while the chain works; afterwards every effect is counted."""
