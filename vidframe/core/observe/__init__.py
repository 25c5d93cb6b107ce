"""What a running vidframe shows of itself: metrics, health, logs."""
