"""The installed packages are ours, import one way, start light, and need what they list."""

from __future__ import annotations

import ast
import importlib.metadata
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

PACKAGES = ("data", "models", "training", "serving")
MODULES = {
    "scikit-learn": "sklearn",
    "simple-icd-10-cm": "simple_icd_10_cm",
    "pydantic-settings": "pydantic_settings",
    "python-multipart": "multipart",
    "pystemmer": "Stemmer",
}
"""Import names that differ from the distribution's."""

USED_WITHOUT_IMPORT = {
    # fastapi reads forms with it and refuses to start a form endpoint where it is missing.
    "python-multipart": ("serving", "Form("),
    # Its file is located, not imported: importing it parses the file a second time.
    "simple-icd-10-cm": ("data", 'find_spec("simple_icd_10_cm")'),
}
HEAVY = ("torch", "transformers", "mlflow", "spacy", "sklearn", "onnxruntime", "fastapi", "pandas")


@pytest.fixture(scope="module")
def project(root: Path) -> dict[str, Any]:
    table: dict[str, Any] = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    return table


def _sources(root: Path, package: str | None = None) -> list[Path]:
    folders = (package,) if package else PACKAGES
    return [root / "superbill.py", *(p for f in folders for p in sorted((root / f).rglob("*.py")))]


def _imported(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.split(".")[0])
    return names


def _installed() -> bool:
    try:
        importlib.metadata.version("superbill")
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def test_the_packages_are_this_checkouts_from_another_folder(root: Path, tmp_path: Path) -> None:
    """Names as common as ``data`` could be another's; ours must win wherever one stands."""
    script = (
        "import data.schemas, models.bundle, training.runs, serving.settings, superbill\n"
        "for module in (data, models, training, serving, superbill): print(module.__file__)"
    )
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    if not _installed():
        environment["PYTHONPATH"] = str(root)
    run = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    places = [Path(line) for line in run.stdout.splitlines()]
    assert places == [root / name / "__init__.py" for name in PACKAGES] + [root / "superbill.py"]


def test_every_folder_of_code_is_a_package(root: Path) -> None:
    for path in _sources(root)[1:]:
        assert (path.parent / "__init__.py").is_file(), path.parent


def test_imports_run_one_way(root: Path) -> None:
    script = (
        "import sys; from importlinter.cli import lint_imports; "
        "sys.exit(lint_imports(config_filename='pyproject.toml', no_cache=True))"
    )
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script],
        cwd=root, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout + run.stderr
    assert "1 kept, 0 broken" in run.stdout


def test_every_dependency_is_used(root: Path, project: dict[str, Any]) -> None:
    imported = {name for path in _sources(root) for name in _imported(path)}
    for requirement in project["project"]["dependencies"]:
        name = re.split(r"[\[=<>~! ;]", requirement)[0]
        if name in USED_WITHOUT_IMPORT:
            package, words = USED_WITHOUT_IMPORT[name]
            assert any(words in p.read_text(encoding="utf-8") for p in _sources(root, package))
        else:
            assert MODULES.get(name, name) in imported, f"{name} is listed and never imported"


def test_every_import_is_listed(root: Path, project: dict[str, Any]) -> None:
    """What the packages import at run time is a dependency, or an extra that says so."""
    listed = [*project["project"]["dependencies"]]
    for extra in project["project"]["optional-dependencies"].values():
        listed += extra
    names = {re.split(r"[\[=<>~! ;]", requirement)[0] for requirement in listed}
    modules = {MODULES.get(name, name.replace("-", "_")) for name in names}
    modules |= {"starlette", "markupsafe", "pydantic_core"}  # of fastapi, jinja2 and pydantic
    own = {*PACKAGES, "superbill"}
    foreign = {name for path in _sources(root) for name in _imported(path)} - own
    assert foreign - set(sys.stdlib_module_names) <= modules


def test_the_lock_names_every_dependency(root: Path, project: dict[str, Any]) -> None:
    lock = (root / "requirements.lock").read_text(encoding="utf-8").lower()
    pinned = dict(re.findall(r"^([a-z0-9._-]+)==(\S+)", lock, re.MULTILINE))
    for requirement in project["project"]["dependencies"]:
        name = re.split(r"[\[=<>~! ;]", requirement)[0]
        assert name in pinned, name
    assert pinned["torch"] == "2.13.0"


def test_help_starts_light(root: Path) -> None:
    script = (
        "import sys, superbill\n"
        "try: superbill.app(['--help'])\n"
        "except SystemExit as end: assert not end.code\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    run = subprocess.run(
        [sys.executable, "-c", script], cwd=root, capture_output=True, text=True, check=True
    )
    assert "suggest" in run.stdout
    assert "assess" in run.stdout
    assert run.stdout.splitlines()[-1] == "[]"


def test_no_file_of_the_code_unpickles(root: Path) -> None:
    for path in _sources(root):
        assert not _imported(path) & {"pickle", "joblib", "dill", "cloudpickle", "shelve"}, path
        assert "allow_pickle=True" not in path.read_text(encoding="utf-8"), path


def test_the_packages_folders_are_not_ignored(root: Path) -> None:
    ignored = (root / ".gitignore").read_text(encoding="utf-8").split()
    assert not {f"{name}/" for name in PACKAGES} & set(ignored)
