"""The writer that fits a target."""

from contextlib import AbstractAsyncContextManager

from gongfu_ingest.stores.influx.target import InfluxTarget, LineSink


def open_sink(target: InfluxTarget) -> AbstractAsyncContextManager[LineSink]:
    """A sink for the running event loop; it lives as long as the block."""
    # The clients take up to a second to import, which only those pay who use them.
    if target.api == "v1":
        from gongfu_ingest.stores.influx.sink_v1 import open_v1  # noqa: PLC0415 - see above

        return open_v1(target)
    from gongfu_ingest.stores.influx.sink_v2 import open_v2  # noqa: PLC0415 - see above

    return open_v2(target)
