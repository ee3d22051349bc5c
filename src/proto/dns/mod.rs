//! DNS: messages, names, zones, the authoritative answer and the recursive resolver.
