"""Whether events may be counted: rules as Great Expectations suites, their results, and the page that shows them."""
