"""The same YAML on many machines, on NATS JetStream (extra `cluster`)."""
