"""What the service decides, in plain Python: no framework, no broker, no store."""
