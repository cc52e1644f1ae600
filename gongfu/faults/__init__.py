"""Breaking Gongfu on purpose: the R tests of reliability, run by tests, by ``gongfu bench faults``.

Each test is a function from a ``FaultRun`` to its figures, registered in ``gongfu.bench.faults``.
"""
