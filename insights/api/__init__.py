"""What is served over HTTP; who may see it is the host's decision, handed in."""
