"""The only Python of the rules: where the package is, and what each job reads and may take."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(workflow.basedir) / "src"))

from netspectra.workflow.layout import captions_of, figures_of, networks_of, paths, raw, resource, sets_of, version_of
from netspectra.workflow.settings import resolve
from netspectra.errors import SettingsError
from netspectra.workflow.imports import code_of
