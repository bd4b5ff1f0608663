"""What is written down for operators: it names what is there, and holds what docs/deploy.md promises."""

import configparser
import re
import shutil
import subprocess

import pytest
import yaml

from scripts.setup_env import ROOT


def _answers(engine):
    """Whether this container engine is here and runs: a client alone builds nothing."""
    return shutil.which(engine) and not subprocess.run([engine, "info"], capture_output=True).returncode


ENGINE = next(filter(_answers, ("docker", "podman")), None)


def text(name):
    return (ROOT / name).read_text(encoding="utf-8")


def instructions(dockerfile):
    """(instruction, arguments) of each line, continued lines joined."""
    joined = re.sub(r"\\\n\s*", "", dockerfile)
    lines = [line for line in joined.splitlines() if line and not line.startswith("#")]
    return [tuple(line.split(maxsplit=1)) for line in lines]


def test_every_setting_that_is_read_is_documented_and_no_other():
    read = set()
    for folder in ("core", "pages", "scripts"):
        for path in (ROOT / folder).rglob("*.py"):
            read |= set(re.findall(r'"(RETAKE_[A-Z_]+)"', path.read_text(encoding="utf-8")))
    named = set(re.findall(r"RETAKE_[A-Z_]+", text("docs/settings.md")))
    internal = {"RETAKE_TEST_COUNTS", "RETAKE_TEST_POSTGRES"}
    assert named == read - internal


def test_everything_that_documents_link_to_is_there():
    for path in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8")):
            if not target.startswith(("http", "mailto:")):
                assert (path.parent / target).exists(), f"{path.name} links to {target}"


def test_the_image_is_built_from_what_is_there_and_runs_as_nobody_special():
    steps = instructions(text("Dockerfile"))
    for name, rest in steps:
        if name == "COPY" and not rest.startswith("--from"):
            for source in rest.split()[:-1]:
                assert (ROOT / source).exists(), source
    last = steps[max(number for number, (name, _rest) in enumerate(steps) if name == "FROM") :]
    found = dict(last)
    assert found["USER"] not in ("root", "0")
    assert "/readyz" in found["HEALTHCHECK"]
    assert "serve.py" in found["CMD"]
    assert not [rest for name, rest in last if name == "RUN" and "apt-get" in rest], "no build tools"


def test_nothing_private_or_needless_goes_into_the_image():
    left_out = text(".dockerignore").split()
    assert {".git", ".venv", "data", "training", "tests"} <= set(left_out)
    kept = {"core", "pages", "weights", "app.py", "serve.py", ".streamlit"}
    assert not kept & set(left_out)


def test_the_app_of_the_compose_file_writes_to_its_volume_alone():
    services = yaml.safe_load(text("compose.yaml"))["services"]
    retake = services["retake"]
    assert retake["read_only"] is True
    assert retake["cap_drop"] == ["ALL"]
    assert retake["volumes"] == ["data:/data"]
    assert "ports" not in retake, "only the proxy is reached from outside"
    mounted = services["caddy"]["volumes"][0].split(":")[0]
    assert (ROOT / mounted).is_file()


@pytest.mark.parametrize("name", ["deploy/Caddyfile", "deploy/nginx.conf", "deploy/nginx-replicas.conf"])
def test_a_proxy_hides_the_metrics_and_reaches_the_port_of_the_app(name):
    proxy = text(name)
    assert re.search(r"metrics.*?404", proxy, re.DOTALL)
    assert ":8501" in proxy


@pytest.mark.parametrize("name", ["deploy/nginx.conf", "deploy/nginx-replicas.conf"])
def test_nginx_writes_down_neither_photos_nor_links(name):
    for directive in ("proxy_request_buffering off;", "proxy_max_temp_file_size 0;", "access_log off;"):
        assert text(name).count(directive) == 1


def test_the_systemd_unit_names_what_a_set_up_folder_has():
    unit = configparser.ConfigParser(interpolation=None, strict=False)
    unit.optionxform = str
    unit.read_string(text("deploy/retake.service"))
    service = unit["Service"]
    assert service["User"] != "root"
    assert service["ProtectSystem"] == "strict"
    assert service["StateDirectory"] == "retake"
    assert "RETAKE_DATA=/var/lib/retake" in service["Environment"]
    for command in (service["ExecStart"], service["ExecStartPre"]):
        assert command.startswith(f"{service['WorkingDirectory']}/.venv/bin/python -m ")
    assert (ROOT / "serve.py").is_file()
    assert "streamlit run serve.py" in service["ExecStart"]


if ENGINE:  # most machines have none; docs/deploy.md says so

    @pytest.mark.timeout(1800)
    def test_the_image_builds_and_is_ready():
        built = subprocess.run([ENGINE, "build", "-q", str(ROOT)], capture_output=True, text=True)
        assert built.returncode == 0, built.stderr[-2000:]
        image = built.stdout.strip()
        ready = ["/venv/bin/python", "-m", "core", "ready"]
        ran = subprocess.run(
            [ENGINE, "run", "--rm", "--read-only", "--tmpfs", "/tmp", image, *ready],
            capture_output=True,
            text=True,
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr
