from dataclasses import replace
from pathlib import Path

from nightfleet.lab.rootfs import Recipe, debootstrap_command

RECIPE = Recipe(
    distribution="debian",
    codename="bookworm",
    mirror="http://mirror.example.org/debian",
    keyring="/usr/share/keyrings/debian-archive-keyring.gpg",
    sources="Types: deb\n",
    access="",
    files=(),
    packages=("systemd", "openssh-server"),
)


def test_another_recipe_lies_elsewhere_in_the_cache() -> None:
    assert RECIPE.path.name == f"base-bookworm-{RECIPE.key}"
    assert replace(RECIPE).key == RECIPE.key
    assert replace(RECIPE, packages=("systemd",)).key != RECIPE.key
    assert replace(RECIPE, files=(("/usr/local/share/ca-certificates/own.crt", "x"),)).key != RECIPE.key


def test_debootstrap_takes_suite_mirror_and_key_from_the_recipe() -> None:
    assert debootstrap_command(RECIPE, Path("/cache/new")) == [
        "debootstrap",
        "--variant=minbase",
        "--include=systemd,openssh-server",
        "--keyring=/usr/share/keyrings/debian-archive-keyring.gpg",
        "bookworm",
        "/cache/new",
        "http://mirror.example.org/debian",
    ]
