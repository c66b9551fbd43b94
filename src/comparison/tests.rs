//! Comparisons of small scenarios: what must come out equal, different or as nothing.
