"""Cases of citizens: workflow, deadlines, what the public sees, and who reported them."""
