"""What lies in the cache, whoever brought it: read, hashed again, and freed."""
