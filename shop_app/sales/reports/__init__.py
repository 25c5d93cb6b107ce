"""The daily report and the closing of a till."""
