"""Work that more than one thread, process or machine does: tasks for executors, and arrays of dask."""
