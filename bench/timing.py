"""What the benchmarks share: interleaved medians, which the package has, and reports. Only ratios are reported."""

from collections.abc import Mapping

from dualmc.timing import interleaved as interleaved


def report(title: str, rows: Mapping[str, tuple[float, float | None]]) -> bool:
    """Print name, ratio and limit for each row; return whether all limits are kept."""
    print(title)
    kept = True
    for name, (ratio, limit) in rows.items():
        verdict = "" if limit is None else f"   at most {limit:g}x: {'kept' if ratio <= limit else 'MISSED'}"
        kept &= limit is None or ratio <= limit
        print(f"  {name:44s} {ratio:8.2f}x{verdict}")
    return kept
