"""Web Push: an alert reaches a guard's phone while no page of the shop is open on it."""
