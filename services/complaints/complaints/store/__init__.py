"""What complaints keeps in MongoDB. The only place that knows documents, collections and indexes."""
