"""One folder an experiment: settings, analysis, plot, captions and claims."""
