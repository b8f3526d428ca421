"""Trail Insights: CloudTrail Insights that you own, learnt from your own trail bucket."""

__version__ = "0.1.0"
