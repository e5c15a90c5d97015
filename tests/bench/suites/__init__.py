"""What is measured, a suite per module: ``measure(place, options, figures)`` in each."""
