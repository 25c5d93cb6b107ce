"""The till, bills, the wallet and the daily report."""
