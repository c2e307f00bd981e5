"""What the bench measured, as a table for people and as a plot."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any


def lines(figures: dict[str, Any]) -> Iterator[str]:
    """The figures as a table for people."""
    rows = [
        (f"suggest, {figures['note_words']}-word notes", figures["suggest"]),
        ("first notes after a start", figures["first_notes"]),
        ("code search, each key", figures["search"]),
        ("claim edits", figures["claims"]["edits"]),
        ("claim assessment", figures["claims"]["assess"]),
    ]
    yield f"{'':32}{'per second':>12}{'p50 ms':>10}{'p95 ms':>10}{'x tokenizing':>14}"
    for name, row in rows:
        ratio = f"{row['ratio']:.0f}" if "ratio" in row else ""
        yield (
            f"{name:32}{row['per_second']:>12.1f}{row['p50_ms']:>10.2f}"
            f"{row['p95_ms']:>10.2f}{ratio:>14}"
        )
    if "medspacy" in figures:
        row = figures["medspacy"]
        yield (
            f"{'medspaCy default, same notes':32}{row['per_second']:>12.1f}"
            f"{row['p50_ms']:>10.2f}{row['p95_ms']:>10.2f}"
        )
    if "every_core" in figures:
        all_cores = figures["every_core"]
        yield (
            f"{'suggest, a process on each core':32}{all_cores['per_second']:>12.1f}"
            f"   ({all_cores['processes']:.0f} processes)"
        )
    yield f"\n{'suggest by length':24}{'seconds':>12}{'ms / 1,000 words':>20}{'x tokenizing':>14}"
    for words, row in figures["by_length"].items():
        yield (
            f"{int(words):>12,} words{'':6}{row['seconds']:>12.2f}"
            f"{row['ms_per_1000_words']:>20.1f}{row['ratio']:>14.0f}"
        )
    yield f"\npeak memory after the 400-word notes: {figures['suggest']['peak_rss_mb']:.0f} MB"
    yield f"peak memory after the longest note:   {figures['peak_rss_mb']:.0f} MB"
    if "cold_start" in figures:
        cold = figures["cold_start"]
        yield (
            f"cold start to the first result:       {cold['seconds']:.1f} s, "
            f"{cold['ratio']:.1f} x importing spaCy, {cold['peak_rss_mb']:.0f} MB"
        )


def plot_lengths(figures: dict[str, Any], path: Path) -> None:
    """Seconds against words, with the line of proportion through the shortest note."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    words = [int(w) for w in figures["by_length"]]
    seconds = [row["seconds"] for row in figures["by_length"].values()]
    figure, axes = plt.subplots(figsize=(5, 3.2), dpi=120)
    axes.plot(words, [seconds[0] / words[0] * w for w in words], "--", label="proportional")
    axes.plot(words, seconds, "o-", label="measured")
    axes.set(xlabel="words in the note", ylabel="seconds", title="suggest, by note length")
    axes.legend()
    figure.tight_layout()
    figure.savefig(path)
    plt.close(figure)
