"""`insights demo`: the product at work on one machine, on a trail it simulates itself."""
