"""The reference names every command, option and setting that there is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer

from kgraph.cli import app
from kgraph.settings import Settings

REFERENCE = Path(__file__).resolve().parents[2] / "docs" / "reference"
COMMANDS = dict(typer.main.get_command(app).commands)


def section(verb: str) -> str:
    text = (REFERENCE / "commands.md").read_text()
    found = re.search(rf"^## kgraph {verb}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    assert found, f"commands.md lacks kgraph {verb}"
    return found[1]


@pytest.mark.parametrize("verb", COMMANDS)
def test_each_command_and_option_is_in_the_reference(verb):
    told = section(verb)
    for parameter in COMMANDS[verb].params:
        for option in parameter.opts:
            if option.startswith("--") and option != "--help":
                assert option in told, f"commands.md lacks {option} of kgraph {verb}"


def test_the_reference_tells_of_no_command_that_is_not_there():
    told = re.findall(r"^## kgraph (\S+)", (REFERENCE / "commands.md").read_text(), re.MULTILINE)
    assert set(told) == set(COMMANDS)


def test_each_setting_is_in_the_reference_with_its_default():
    text = (REFERENCE / "settings.md").read_text()
    for name, field in Settings.model_fields.items():
        (row,) = [line for line in text.splitlines() if f"| `KGRAPH_{name.upper()}` |" in line] or [""]
        assert row, f"settings.md lacks KGRAPH_{name.upper()}"
        assert ("none" if field.default is None else f"`{field.default}`") in row


def test_the_reference_tells_of_no_setting_that_is_not_there():
    told = re.findall(r"^\| `KGRAPH_(\w+)` \|", (REFERENCE / "settings.md").read_text(), re.MULTILINE)
    assert {name.lower() for name in told} == set(Settings.model_fields)
