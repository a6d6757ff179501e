"""Pages of a list that is counted as a whole; the log is paged by keys instead (log.py)."""


def nearest_page(page: int, *, size: int, total: int) -> tuple[int, int]:
    """The page, from 0, or the last one if it is beyond; and how many pages there are."""
    pages = max(1, -(-total // size))
    return min(max(page, 0), pages - 1), pages
