"""What several test rings share: real servers, a vhost and a database of a test's own, waiting."""
