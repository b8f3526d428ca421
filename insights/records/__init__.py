"""What a trail record is. Pure: no input or output, no clock, no log."""
