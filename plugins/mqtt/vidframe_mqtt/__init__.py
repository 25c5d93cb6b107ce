"""Events, states and metrics for an MQTT broker, and Home Assistant."""
