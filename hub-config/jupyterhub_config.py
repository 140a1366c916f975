"""JupyterHub's configuration: everything is said in hub.yaml. `autograder hub start` runs the hub with this file."""

from autograder.hub.hub import Hub
from autograder.hub.reconcile import forget_others
from autograder.hub.setters import SETTERS

c = get_config()  # noqa: F821
hub = Hub.open()
hub.places.make()
for setter in SETTERS:
    setter(c, hub)
forget_others(hub)
