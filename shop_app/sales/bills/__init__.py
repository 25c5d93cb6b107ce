"""Bills: made once, never edited; receipts, refunds and voids."""
