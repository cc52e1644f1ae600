"""The science of cold food: pure functions and folds over event time, one concept a file.

Temperatures are degrees Celsius, times UTC milliseconds, durations milliseconds unless a name
says otherwise.
"""
