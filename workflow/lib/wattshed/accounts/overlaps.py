"""Jobs that shared a host: whoever meters the whole machine then counts the other's energy too."""

import pandas as pd


def overlapping_jobs(runs: pd.DataFrame) -> pd.Series:
    """Per run the comma-separated jobs on the same host whose time overlaps its own; null if none does.

    A job lasts from ``started_utc`` to ``ended_utc``, or for ``duration_s`` where it was killed.
    """
    begin = pd.to_datetime(runs["started_utc"], utc=True, format="ISO8601")
    lasted = pd.to_timedelta(runs["duration_s"], unit="s")
    finish = pd.to_datetime(runs["ended_utc"], utc=True, format="ISO8601").fillna(begin + lasted)
    names: list[list[str]] = [[] for _ in range(len(runs))]
    for positions in runs.reset_index(drop=True).groupby("host").indices.values():
        running: list[int] = []
        for current in sorted(positions, key=lambda p: begin.iloc[p]):
            running = [other for other in running if finish.iloc[other] > begin.iloc[current]]
            for other in running:
                names[current].append(runs["job"].iloc[other])
                names[other].append(runs["job"].iloc[current])
            running.append(int(current))
    return pd.Series([", ".join(sorted(found)) or None for found in names], index=runs.index, dtype="object")
