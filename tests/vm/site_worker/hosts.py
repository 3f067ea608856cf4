from pathlib import Path

from nightfleet.site import load_site

globals().update(load_site(Path(__file__).with_name("site.yaml")).groups())
