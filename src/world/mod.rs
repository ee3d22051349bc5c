//! Hosts, the loop, and the records of what happened.
