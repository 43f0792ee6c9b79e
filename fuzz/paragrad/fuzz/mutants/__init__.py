"""The tester, tested: faults planted in our own engine, one at a time, to see whether the judge finds each."""
