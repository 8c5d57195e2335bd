"""The only Python of the rules: where the package is, and what each job reads and may take."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(workflow.basedir) / "src"))

from netspectra.layout import captions_of, figures_of, networks_of, paths, raw, resource, sets_of, version_of
from netspectra.settings import resolve, SettingsError
from netspectra.sources import code_of
