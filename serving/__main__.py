"""``python -m serving``: run the server with the settings of the environment."""

from serving.app import serve

serve()
