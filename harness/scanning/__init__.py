"""A scan's parts: scanned by whatever number of workers, kept by what they hold, put together in order."""
