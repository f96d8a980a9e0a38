"""Speed, measured: requests a second and CPU per request, as ratios against bare handlers in the same run."""
