"""The files in deploy/: what can be known of them without the programs they are for."""

import os
import pathlib
import re
import shutil
import subprocess

import pytest
import yaml

from conftest import BEZWAAR, ROOT

DEPLOY = ROOT / "deploy"


def not_here(why):
    """In CI what cannot be run is a failure."""
    if os.environ.get("CI") == "true":
        pytest.fail(why)
    pytest.skip(why)


def test_compose_names_only_what_it_declares():
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    assert set(compose) == {"name", "services", "networks", "volumes", "secrets"}
    known = {
        "image", "build", "restart", "depends_on", "ports", "volumes", "networks", "command", "stop_grace_period", "read_only", "cap_drop",
        "security_opt", "tmpfs", "secrets", "healthcheck", "environment",
    }
    for name, service in compose["services"].items():
        assert set(service) <= known, name
        assert ("image" in service) != ("build" in service), name
        for secret in service.get("secrets", []):
            assert secret in compose["secrets"], (name, secret)
        for network in service["networks"]:
            assert network in compose["networks"], (name, network)
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert (DEPLOY / source).is_file() if source.startswith("./") else source in compose["volumes"], (name, volume)
        for other, wish in service.get("depends_on", {}).items():
            assert "healthcheck" in compose["services"][other] and wish == {"condition": "service_healthy"}, (name, other)
        # Secrets are files: none stands in the environment.
        for variable, value in service.get("environment", {}).items():
            assert "PASSWORD" not in variable or (variable.endswith("_FILE") and value.startswith("/run/secrets/")), variable
    # Only the proxy can be reached from outside.
    assert [name for name, service in compose["services"].items() if "ports" in service] == ["proxy"]
    build = compose["services"]["portal"]["build"]
    assert ((DEPLOY / build["context"]).resolve() / build["dockerfile"]).is_file()


def test_the_image_is_built_with_the_toolchain_of_the_workspace_and_from_files_there_are():
    text = (DEPLOY / "Dockerfile").read_text()
    version = re.search(r'^rust-version = "([^"]+)"', (ROOT / "Cargo.toml").read_text(), re.M).group(1)
    assert f"rust:{version}-" in text
    kept = [line[1:] for line in (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines() if line.startswith("!")]
    for name in kept:
        assert (ROOT / name).exists(), name
    for name in re.findall(r"^COPY ([a-z]\S*) ", text, re.M):
        assert name in kept, name
    # What the crates read from outside their own folder while they are built.
    for source in ROOT.glob("crates/*/src/**/*.rs"):
        for path in re.findall(r'include_(?:str|bytes)!\("((?:\.\./)+[^"]+)"\)', source.read_text()):
            place = pathlib.Path(os.path.normpath(source.parent / path)).relative_to(ROOT)
            assert place.parts[0] in kept, (source, place)


def test_the_unit_is_one_and_is_closed(tmp_path):
    if shutil.which("systemd-analyze") is None:
        not_here("there is no systemd-analyze")
    unit = tmp_path / "bezwaar.service"
    unit.write_text((DEPLOY / "bezwaar.service").read_text().replace("/usr/local/bin/bezwaar", BEZWAAR))
    told = subprocess.run(["systemd-analyze", "verify", str(unit)], capture_output=True, text=True)
    assert told.returncode == 0 and "bezwaar" not in told.stderr, told.stderr
    # In tenths: 1.5 of 10.
    told = subprocess.run(["systemd-analyze", "security", "--offline=true", "--threshold=15", str(unit)], capture_output=True, text=True)
    assert told.returncode == 0, told.stdout[-300:]
