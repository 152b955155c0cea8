"""Every scene that there is, by its name: the café of the capstone, and each incident."""

from sbtutorial.attacks.cafe import CAFE
from sbtutorial.attacks.incidents.catalogue import INCIDENTS
from sbtutorial.attacks.scene import Scene

SCENES: dict[str, Scene] = {
    scene.name: scene for scene in (CAFE, *(one.scene for one in INCIDENTS.values()))
}
