import hashlib
import subprocess
import sys
import zipfile

import pytest

from scripts import setup_env
from scripts.setup_env import SetupError


class Pip:
    """Stands in for subprocess.run: remembers what it was asked, and fails where told to."""

    def __init__(self, fails=()):
        self.commands = []
        self._fails = fails

    def __call__(self, command, **options):
        self.commands.append([str(word) for word in command])
        if any(word in self._fails for word in self.commands[-1]):
            raise subprocess.CalledProcessError(1, command)


@pytest.fixture
def project(tmp_path):
    """A folder with the requirements files and an environment that nothing was installed in."""
    for path in setup_env.ROOT.glob("requirements*"):
        (tmp_path / path.name).write_text(path.read_text())
    (tmp_path / ".venv").mkdir()
    return tmp_path


def install(purpose, project, **fails):
    pip = Pip(**fails)
    done = setup_env.install(purpose, project / ".venv", project, pip)
    return done, pip.commands


def test_an_old_python_is_refused_with_the_version_that_is_needed():
    with pytest.raises(SetupError, match=r"3\.11 or newer, and this is 3\.10"):
        setup_env.check_python((3, 10, 4))
    setup_env.check_python((3, 11, 0))


def test_missing_venv_names_its_package():
    with pytest.raises(SetupError, match="apt-get install python3-venv"):
        setup_env.check_venv(lambda name: None if name == "ensurepip" else object())
    setup_env.check_venv(lambda name: object())


def test_missing_libraries_name_the_package_of_this_system():
    def load(name):
        if name == "libGL.so.1":
            raise OSError(name)

    missing = setup_env.missing_libraries(load, "linux")
    assert missing == ["libGL.so.1"]
    with pytest.raises(SetupError, match="sudo apt-get install -y libgl1"):
        setup_env.check_libraries(missing, which=lambda name: name == "apt-get")
    with pytest.raises(SetupError, match="sudo dnf install -y mesa-libGL"):
        setup_env.check_libraries(missing, which=lambda name: name == "dnf")
    with pytest.raises(SetupError, match="Debian calls it libgl1"):
        setup_env.check_libraries(missing, which=lambda name: None)
    setup_env.check_libraries([])
    assert setup_env.missing_libraries(load, "darwin") == []


def test_tests_fetch_a_missing_browser_where_root_may(monkeypatch):
    monkeypatch.setattr(setup_env, "can_install_system_packages", lambda: True)
    monkeypatch.setattr(setup_env, "missing_libraries", lambda: [])
    monkeypatch.setattr(setup_env, "find_browser", lambda: None)
    monkeypatch.setattr(setup_env, "find_engine", lambda name: None)
    apt = Pip()
    setup_env.prepare_system("test", apt)
    assert [command[:2] for command in apt.commands] == [["apt-get", "update"], ["apt-get", "install"]]
    assert "chromium" in apt.commands[1]
    assert "firefox-esr" not in apt.commands[1]

    apt = Pip()
    setup_env.prepare_system("engines", apt)
    fetched = {word for command in apt.commands for word in command}
    assert {"chromium", "firefox-esr", "webkit2gtk-driver", "xvfb"} <= fetched

    running = Pip()
    setup_env.prepare_system("full", running)
    assert running.commands == []


def test_servers_beside_the_app_are_fetched_in_automatic_runs_alone(monkeypatch):
    monkeypatch.setattr(setup_env, "can_install_system_packages", lambda: True)
    monkeypatch.setattr(setup_env, "missing_libraries", lambda: [])
    monkeypatch.setattr(setup_env, "find_browser", lambda: "/usr/bin/chromium")
    monkeypatch.setattr(setup_env, "find_tool", lambda name: None if name == "nginx" else name)
    for strict, wanted in ((False, []), (True, ["nginx-light"])):
        monkeypatch.setattr(setup_env, "strict", lambda strict=strict: strict)
        apt = Pip()
        setup_env.prepare_system("test", apt)
        assert [word for command in apt.commands[1:] for word in command[5:]] == wanted


def test_a_browser_that_cannot_be_fetched_stops_automatic_runs_alone(monkeypatch, capsys):
    monkeypatch.setattr(setup_env, "can_install_system_packages", lambda: True)
    monkeypatch.setattr(setup_env, "missing_libraries", lambda: [])
    monkeypatch.setattr(setup_env, "find_browser", lambda: None)
    monkeypatch.setattr(setup_env, "strict", lambda: False)
    setup_env.prepare_system("test", Pip(fails=("install",)))
    assert "Going on without" in capsys.readouterr().err
    monkeypatch.setattr(setup_env, "strict", lambda: True)
    with pytest.raises(SetupError, match="apt-get could not install chromium"):
        setup_env.prepare_system("test", Pip(fails=("install",)))


def test_an_engine_that_cannot_be_fetched_keeps_no_other_away(monkeypatch, capsys):
    monkeypatch.setattr(setup_env, "can_install_system_packages", lambda: True)
    monkeypatch.setattr(setup_env, "missing_libraries", lambda: [])
    monkeypatch.setattr(setup_env, "find_browser", lambda: "/usr/bin/chromium")
    monkeypatch.setattr(setup_env, "find_engine", lambda name: None)
    monkeypatch.setattr(setup_env, "strict", lambda: False)
    apt = Pip(fails=("firefox-esr",))
    setup_env.prepare_system("engines", apt)
    assert "could not install firefox-esr" in capsys.readouterr().err
    assert apt.commands[-1][-2:] == ["webkit2gtk-driver", "xvfb"]


def test_webkit_needs_its_driver_and_a_screen():
    here = {"WebKitWebDriver": "/usr/bin/WebKitWebDriver", "firefox": "/usr/bin/firefox"}
    assert setup_env.find_engine("firefox", here.get) == "/usr/bin/firefox"
    assert setup_env.find_engine("webkit", here.get) is None
    assert (
        setup_env.find_engine("webkit", (here | {"Xvfb": "/usr/bin/Xvfb"}).get) == "/usr/bin/WebKitWebDriver"
    )


def test_a_failing_apt_get_is_a_sentence():
    with pytest.raises(SetupError, match="apt-get could not install chromium"):
        setup_env.install_system_packages(["chromium"], Pip(fails=("update",)))


def test_the_browser_is_the_one_named_else_the_systems():
    here = {"/opt/my-chrome": "/opt/my-chrome", "chromium-browser": "/usr/bin/chromium-browser"}
    assert setup_env.find_browser({}, here.get) == "/usr/bin/chromium-browser"
    assert setup_env.find_browser({"RETAKE_CHROMIUM": "/opt/my-chrome"}, here.get) == "/opt/my-chrome"
    assert setup_env.find_browser({"RETAKE_CHROMIUM": "/opt/none"}, here.get) is None


def test_what_was_installed_is_not_installed_again(project):
    done, commands = install("full", project)
    assert done
    locked, beyond = commands
    assert locked[-4:] == ["--require-hashes", "--no-deps", "-r", str(project / "requirements.lock")]
    versions = project / ".venv" / "retake-versions.txt"
    assert beyond[-4:] == ["-r", str(project / "requirements.txt"), "-c", str(versions)]
    assert "streamlit==" in versions.read_text()
    assert "--hash" not in versions.read_text()
    assert install("full", project) == (False, [])
    assert install("serve", project) == (False, []), "the full set holds the serving set"


def test_the_light_set_installs_nothing_else_and_leaves_the_rest_to_do(project):
    _done, commands = install("serve", project)
    read = [[word for word in command if word.startswith(str(project / "req"))] for command in commands]
    assert read == [[str(project / "requirements-serve.lock")], [str(project / "requirements-serve.txt")]]
    assert setup_env.outstanding("full", project / ".venv", project) == ["requirements.txt"]


@pytest.mark.parametrize("changed", ["requirements-serve.txt", "requirements.lock"])
def test_a_changed_requirement_is_installed(project, changed):
    install("full", project)
    with (project / changed).open("a") as file:
        file.write("# something else\n")
    assert install("full", project)[0]


@pytest.fixture
def package(tmp_path):
    """A folder with one wheel, ``tiny`` 1.0, and the SHA-256 of that."""
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    path = wheels / "tiny-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr("tiny.py", "")
        wheel.writestr("tiny-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n")
        wheel.writestr("tiny-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\n")
        wheel.writestr("tiny-1.0.dist-info/RECORD", "")
    return wheels, hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_file_that_is_not_the_locked_one_is_not_installed(project, package, tmp_path):
    wheels, digest = package
    (project / "requirements-serve.txt").write_text("tiny>=1,<2\n")
    lock = project / "requirements-serve.lock"
    target = tmp_path / "installed"

    def pip(command, check):
        offline = ["--isolated", "--no-index", "--find-links", str(wheels), "--target", str(target)]
        subprocess.run([sys.executable, *command[1:], *offline], check=check, capture_output=True)

    lock.write_text(f"tiny==1.0 \\\n    --hash=sha256:{'0' * 64}\n")
    with pytest.raises(SetupError, match="hashes do not match"):
        setup_env.install("serve", project / ".venv", project, pip)
    assert not target.exists()
    lock.write_text(f"tiny==1.0 \\\n    --hash=sha256:{digest}\n")
    assert setup_env.install("serve", project / ".venv", project, pip)
    assert (target / "tiny.py").is_file()


def test_a_failed_install_is_a_sentence_and_is_tried_again(project):
    with pytest.raises(SetupError, match="pip could not install"):
        install("serve", project, fails=("install",))
    assert install("serve", project)[0]


def test_a_broken_environment_is_made_anew_and_a_sound_one_kept(tmp_path):
    venv = tmp_path / ".venv"
    python = setup_env.python_of(venv)
    python.parent.mkdir(parents=True)
    python.write_text("#!/bin/sh\nexit 1\n")
    python.chmod(0o755)
    made = Pip()
    setup_env.ensure_venv(venv, made)
    assert made.commands == [[sys.executable, "-m", "venv", "--clear", str(venv)]]

    python.write_text("#!/bin/sh\nexit 0\n")
    kept = Pip()
    setup_env.ensure_venv(venv, kept)
    assert kept.commands == []


def test_a_problem_ends_set_up_with_its_sentence_and_no_traceback(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(setup_env, "missing_libraries", lambda: ["libGL.so.1"])
    assert setup_env.main(["serve", "--venv", str(tmp_path)]) == 1
    said = capsys.readouterr().err
    assert said.startswith("\nSet-up stopped: OpenCV needs libGL.so.1")


def test_set_up_fetches_the_browsers_runtime_with_the_environments_python(tmp_path):
    asked = Pip()
    setup_env.fetch_runtime(tmp_path, run=asked)
    python = str(setup_env.python_of(tmp_path))
    assert asked.commands == [[python, "-m", f"core.browser.{name}"] for name in ("runtime", "publish")]


def test_a_runtime_that_cannot_be_fetched_stops_automatic_runs_alone(monkeypatch, capsys, tmp_path):
    failing = Pip(fails=("core.browser.runtime",))
    monkeypatch.setattr(setup_env, "strict", lambda: False)
    setup_env.fetch_runtime(tmp_path, run=failing)
    assert "Going on without" in capsys.readouterr().err
    monkeypatch.setattr(setup_env, "strict", lambda: True)
    with pytest.raises(SetupError, match="What browsers need could not be fetched or laid out"):
        setup_env.fetch_runtime(tmp_path, run=failing)


@pytest.mark.parametrize(
    ("purpose", "fetched"), [("serve", True), ("full", True), ("test", True), ("dev", False)]
)
def test_all_but_the_style_checks_need_the_runtime(monkeypatch, tmp_path, purpose, fetched):
    done = []
    for step in ("check_python", "prepare_system", "ensure_venv", "install"):
        monkeypatch.setattr(setup_env, step, lambda *_given: None)
    monkeypatch.setattr(setup_env, "fetch_runtime", done.append)
    assert setup_env.main([purpose, "--venv", str(tmp_path)]) == 0
    assert done == [tmp_path] * fetched
