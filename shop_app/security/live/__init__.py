"""What open pages of staff are told of by themselves."""
