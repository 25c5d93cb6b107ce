"""Pages on this machine's loopback on which people say what is to be seen."""
