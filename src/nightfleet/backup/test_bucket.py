"""What counts as arrived in a bucket."""

from nightfleet.backup.bucket import arrived


def test_an_archive_without_its_note_has_not_arrived_and_the_newest_comes_first() -> None:
    keys = {
        "lab/lab-c1/20261127T000000Z-lab-c1.tar",
        "lab/lab-c1/20261127T000000Z-lab-c1.txt",
        "lab/lab-c2/20261128T000000Z-lab-c2.tar",
        "lab/lab-c2/20261128T000000Z-lab-c2.txt",
        "lab/lab-c1/20261129T000000Z-lab-c1.tar",
        "lab/lab-c1/20261130T000000Z-lab-c1.txt",
        "lab/readme.txt",
        "lab/readme.tar",
    }
    assert arrived(keys) == [
        ("20261128T000000Z-lab-c2", "lab/lab-c2/20261128T000000Z-lab-c2"),
        ("20261127T000000Z-lab-c1", "lab/lab-c1/20261127T000000Z-lab-c1"),
    ]
