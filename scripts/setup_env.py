"""Makes .venv and installs what a make target needs; says in one sentence what is missing and how to get it.

Runs on the system's own Python with nothing installed: ``python3 scripts/setup_env.py PURPOSE`` of ``SETS``.
What is installed is noted in the environment, so a second run installs nothing.
"""

import argparse
import ctypes
import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
OLDEST = (3, 11)
SERVE, FULL, DEV = "requirements-serve.txt", "requirements.txt", "requirements-dev.txt"
AUDIT, RAY = "requirements-audit.txt", "requirements-ray.txt"
SETS: Mapping[str, tuple[str, ...]] = {
    "serve": (SERVE,),
    "full": (FULL,),
    "dev": (DEV,),
    "test": (FULL, DEV, RAY),
    "engines": (FULL, DEV),
    "lint": (FULL, DEV, AUDIT),
    "lock": (FULL, DEV, AUDIT, RAY),
}
NOTE = "retake-installed.json"
SIZES = {
    "serve": "about 1 GB on disk",
    "full": "with torch: several GB on disk",
    "dev": "the test tools",
    "test": "with torch, Ray and the test tools: several GB on disk",
    "engines": "with torch and the test tools: several GB on disk",
    "lint": "with torch and all tools: several GB on disk",
    "lock": "with torch, Ray and all tools: several GB on disk",
}

# Shared libraries that opencv-python loads on Linux, and the package of each by package manager.
LIBRARIES = {
    "libGL.so.1": {"apt-get": "libgl1", "dnf": "mesa-libGL", "pacman": "libglvnd", "zypper": "libGL1"},
    "libgthread-2.0.so.0": {
        "apt-get": "libglib2.0-0",
        "dnf": "glib2",
        "pacman": "glib2",
        "zypper": "libgthread-2_0-0",
    },
}
INSTALL = {
    "apt-get": "apt-get install -y",
    "dnf": "dnf install -y",
    "pacman": "pacman -S --noconfirm",
    "zypper": "zypper install -y",
}
BROWSERS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
# With a font, which a bare server may lack.
BROWSER_PACKAGES = ("chromium", "fonts-dejavu-core")
BROWSER_VARIABLE = "RETAKE_CHROMIUM"
# What some tests put beside the app, and its Debian packages.
TOOLS = {"nginx": "nginx-light", "turnserver": "coturn", "ip": "iproute2"}
# The other engines that the app is tried in: what starts each (Debian's name first) and its Debian packages.
ENGINES: Mapping[str, tuple[str, ...]] = {
    "firefox": ("firefox-esr", "firefox"),
    "webkit": ("WebKitWebDriver",),
}
ENGINE_PACKAGES: Mapping[str, tuple[str, ...]] = {
    "firefox": ("firefox-esr",),
    # It has no mode without a screen: Xvfb is one that nobody sees.
    "webkit": ("webkit2gtk-driver", "xvfb"),
}
Run = Callable[..., object]
Which = Callable[[str], str | None]


class SetupError(Exception):
    """Set-up cannot go on; the message says what is missing and how to get it."""


def check_python(version: Sequence[Any] = sys.version_info) -> None:
    """Refuse a Python that is too old."""
    if tuple(version[:2]) < OLDEST:
        raise SetupError(
            f"Retake needs Python {OLDEST[0]}.{OLDEST[1]} or newer, and this is {version[0]}.{version[1]}. "
            "Install a newer one and name it: make app PYTHON=python3.12"
        )


def check_venv(has: Callable[[str], object] = importlib.util.find_spec) -> None:
    """Refuse a Python that cannot make virtual environments (Debian and Ubuntu leave that out)."""
    if has("venv") is None or has("ensurepip") is None:
        raise SetupError(
            "This Python cannot make a virtual environment: its package python3-venv is missing. "
            "Install it (Debian, Ubuntu: sudo apt-get install python3-venv) and run the same command again."
        )


def missing_libraries(load: Callable[[str], object] = ctypes.CDLL, platform: str = sys.platform) -> list[str]:
    """Names of the shared libraries that opencv-python will not find here; none where it brings its own."""
    if not platform.startswith("linux"):
        return []
    missing = []
    for name in LIBRARIES:
        try:
            load(name)
        except OSError:
            missing.append(name)
    return missing


def find_browser(environment: Mapping[str, str] = os.environ, which: Which = shutil.which) -> str | None:
    """Path of the Chromium or Chrome for the browser tests: the one in RETAKE_CHROMIUM, else the system's."""
    named = environment.get(BROWSER_VARIABLE)
    if named:
        return which(named)
    return next((path for path in map(which, BROWSERS) if path), None)


def find_tool(name: str, which: Which = shutil.which) -> str | None:
    """Path of a system's program, also where only root has its folder in the path."""
    return which(name) or which(f"/usr/sbin/{name}")


def find_engine(name: str, which: Which = shutil.which) -> str | None:
    """Path of what starts an engine of `ENGINES`; None where it, or the screen that it needs, is missing."""
    if name == "webkit" and not which("Xvfb"):
        return None
    return next((path for path in map(which, ENGINES[name]) if path), None)


def strict(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether this is an automatic run, where a missing browser is a failure and not a choice."""
    return environment.get("RETAKE_CI") == "1" or environment.get("CI", "").lower() in ("1", "true")


def packages_of(libraries: Sequence[str], which: Which = shutil.which) -> tuple[str | None, list[str]]:
    """The package manager here, and its packages of these libraries (Debian's names where unknown)."""
    manager = next((name for name in INSTALL if which(name)), None)
    return manager, [LIBRARIES[name][manager or "apt-get"] for name in libraries]


def check_libraries(missing: Sequence[str], which: Which = shutil.which) -> None:
    """Refuse to go on without the shared libraries of opencv-python."""
    if not missing:
        return
    manager, packages = packages_of(missing, which)
    names = " ".join(packages)
    if manager:
        how = f"Install it with: sudo {INSTALL[manager]} {names}"
    else:
        how = f"Install the system package that has it (Debian calls it {names})"
    raise SetupError(f"OpenCV needs {' and '.join(missing)}, which this system does not have. {how}")


def install_system_packages(packages: Sequence[str], run: Run = subprocess.run) -> None:
    """Install Debian packages as root; raises SetupError when that fails."""
    print(f"Installing system packages: {' '.join(packages)}", flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    try:
        run(["apt-get", "update", "-q"], check=True, env=environment)
        run(
            ["apt-get", "install", "-y", "-q", "--no-install-recommends", *packages],
            check=True,
            env=environment,
        )
    except subprocess.CalledProcessError as error:
        raise SetupError(
            f"apt-get could not install {' '.join(packages)} (its own message is above). "
            "Install them by hand and run the same command again."
        ) from error


def can_install_system_packages(which: Which = shutil.which) -> bool:
    """Whether this process may use apt-get: root on a system of Debian's family."""
    return hasattr(os, "geteuid") and os.geteuid() == 0 and which("apt-get") is not None


def prepare_system(purpose: str, run: Run = subprocess.run) -> None:
    """Check the system libraries, and for tests fetch those and browsers where root may.

    Raises:
        SetupError: a library of opencv-python is missing and was not installed; in automatic runs also
            when a browser could not be installed.
    """
    libraries = missing_libraries() if purpose != "dev" else []
    if purpose in ("test", "engines") and can_install_system_packages():
        groups = [[*packages_of(libraries)[1], *(() if find_browser() else BROWSER_PACKAGES)]]
        if purpose == "engines":  # a system that lacks one of them gets the other
            groups += [list(ENGINE_PACKAGES[name]) for name in ENGINES if not find_engine(name)]
        elif strict():  # on a person's machine some would begin to serve
            groups[0] += [package for name, package in TOOLS.items() if not find_tool(name)]
        for wanted in filter(None, groups):
            try:
                install_system_packages(wanted, run)
            except SetupError as error:
                if strict():
                    raise
                print(f"{error} Going on without.", file=sys.stderr)
        libraries = missing_libraries() if libraries else []
    check_libraries(libraries)


def python_of(venv: Path) -> Path:
    """The interpreter of a virtual environment."""
    return venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def ensure_venv(venv: Path, run: Run = subprocess.run) -> None:
    """Make the virtual environment, or make it anew when its Python is gone, too old, or has no pip."""
    python = python_of(venv)
    probe = f"import sys, pip; sys.exit(sys.version_info < {OLDEST})"
    if python.exists() and not subprocess.run([python, "-c", probe], capture_output=True).returncode:
        return
    check_venv()
    print(f"Making the virtual environment {venv}", flush=True)
    run([sys.executable, "-m", "venv", "--clear", str(venv)], check=True)


def lock_of(name: str) -> str:
    """The lock file of a requirements file: the versions of all that it needs, with their hashes."""
    return str(Path(name).with_suffix(".lock"))


def fingerprint(name: str, root: Path = ROOT) -> str:
    """Changes whenever what is installed for a requirements file may change."""
    digest = hashlib.sha256()
    names = [name] if name != FULL else [FULL, SERVE]
    for part in (*names, lock_of(name)):
        digest.update((root / part).read_bytes())
    return digest.hexdigest()


def outstanding(purpose: str, venv: Path, root: Path = ROOT) -> list[str]:
    """The requirements files of a purpose that are not installed in this environment as they are now."""
    try:
        installed = json.loads((venv / NOTE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        installed = {}
    return [name for name in SETS[purpose] if installed.get(name) != fingerprint(name, root)]


def note_installed(names: Sequence[str], venv: Path, root: Path = ROOT) -> None:
    """Remember that these requirements files are installed; the full set holds the serving set."""
    path = venv / NOTE
    try:
        installed = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        installed = {}
    for name in (*names, *([SERVE] if FULL in names else [])):
        installed[name] = fingerprint(name, root)
    path.write_text(json.dumps(installed, indent=1), encoding="utf-8")


def locked_versions(names: Sequence[str], root: Path = ROOT) -> str:
    """Constraints for pip: the versions in the lock files, without hashes, which constraints cannot have."""
    text = "".join((root / lock_of(name)).read_text(encoding="utf-8") for name in names)
    return "".join(f"{pin}\n" for pin in sorted(set(re.findall(r"^[^\s#=]+==[^\s\\]+", text, re.M))))


def install(purpose: str, venv: Path, root: Path = ROOT, run: Run = subprocess.run) -> bool:
    """Install what a purpose needs and is not there yet; returns whether anything had to be done.

    First what the lock files hold, every file checked against their hashes; then what they leave open: torch
    with its own needs, and what other systems or Pythons need beyond (docs/decisions/lock-file.md).

    Raises:
        SetupError: pip failed, or a file is not the one that was locked.
    """
    names = outstanding(purpose, venv, root)
    if not names:
        return False
    print(f"Installing what Retake needs ({SIZES[purpose]}). Only this first time.", flush=True)
    command = [str(python_of(venv)), "-m", "pip", "install", "--disable-pip-version-check"]
    if strict() or not sys.stdout.isatty():
        command += ["--quiet", "--progress-bar", "off"]
    versions = venv / "retake-versions.txt"
    versions.write_text(locked_versions(names, root), encoding="utf-8")
    locked = [word for name in names for word in ("-r", str(root / lock_of(name)))]
    asked = [word for name in names for word in ("-r", str(root / name))]
    try:
        run([*command, "--require-hashes", "--no-deps", *locked], check=True)
        run([*command, *asked, "-c", str(versions)], check=True)
    except subprocess.CalledProcessError as error:
        raise SetupError(
            "pip could not install the packages (its own message is above). Check the connection and the "
            "free space on disk, then run the same command again; what was downloaded is not lost. Where it "
            "says that hashes do not match, a file is not the one that was tested: do not use it."
        ) from error
    note_installed(names, venv, root)
    return True


def fetch_runtime(venv: Path, root: Path = ROOT, run: Run = subprocess.run) -> None:
    """Fetch what browsers run the network on, and lay both out, so that no visitor waits for it.

    Without that pictures are checked on this computer alone.

    Raises:
        SetupError: that failed in an automatic run.
    """
    try:
        for module in ("runtime", "publish"):
            run([str(python_of(venv)), "-m", f"core.browser.{module}"], check=True, cwd=root)
    except subprocess.CalledProcessError as error:
        if strict():
            raise SetupError(
                "What browsers need could not be fetched or laid out (its own message is above)."
            ) from error
        print(
            "Going on without (the reason is above): this computer will watch the camera, not the device.",
            file=sys.stderr,
        )


def main(argv: Sequence[str] | None = None) -> int:
    """Set up for one purpose; 0 when all is there, 1 with a sentence when not."""
    parser = argparse.ArgumentParser(description="Set Retake up for a purpose.")
    parser.add_argument("purpose", choices=sorted(SETS))
    parser.add_argument("--venv", type=Path, default=ROOT / ".venv")
    args = parser.parse_args(argv)
    try:
        check_python()
        prepare_system(args.purpose)
        ensure_venv(args.venv)
        install(args.purpose, args.venv)
        if args.purpose != "dev":
            fetch_runtime(args.venv)
    except SetupError as error:
        print(f"\nSet-up stopped: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
