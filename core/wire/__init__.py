"""HTTP/1.1 over our own sockets, for bodies: what comes is written where the caller wants it, without a detour."""
