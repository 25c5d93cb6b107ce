"""For sinks that work where several machines share the cameras: `camera.lease.connect()` is an EventBus."""

from vidframe.core.model.cluster import Envelope, EventBus, Lease

__all__ = ["Envelope", "EventBus", "Lease"]
