"""A camera for tests: an RTSP server on the loopback that shows an H.264 or H.265 file over and over.

Runs with the system's Python, which has GStreamer (Debian: gir1.2-gst-rtsp-server-1.0, python3-gi,
gstreamer1.0-plugins-good, gstreamer1.0-plugins-bad). Says `ready` when it listens.
"""

import argparse
from typing import Any

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402


def serve(file: str, port: int, fps: int, user: str | None, password: str | None) -> None:
    """Serves `file`, an elementary stream, at rtsp://127.0.0.1:port/camera until it is killed."""
    Gst.init(None)
    server = GstRtspServer.RTSPServer(address="127.0.0.1", service=str(port))
    factory = GstRtspServer.RTSPMediaFactory(launch=pipeline(file, fps))
    factory.set_shared(True)
    factory.connect("media-configure", lambda _, media: stamp(media.get_element(), fps))
    if user is not None:
        demand_login(server, factory, user, password or "")
    server.get_mount_points().add_factory("/camera", factory)
    server.attach(None)
    print("ready", flush=True)
    GLib.MainLoop().run()


def pipeline(file: str, fps: int) -> str:
    """Pictures without time stamps, `fps` of them a second."""
    codec = "h265" if file.endswith(".h265") else "h264"
    caps = f"video/x-{codec},stream-format=byte-stream,framerate={fps}/1"
    return (
        f'( multifilesrc location="{file}" loop=true caps="{caps}" ! {codec}parse name=parse config-interval=-1 '
        f"! rtp{codec}pay name=pay0 pt=96 )"
    )


def stamp(pipeline: Any, fps: int) -> None:
    """Gives the pictures their times: an elementary stream has none, and would be sent all at once."""
    shown = 0

    def set_time(_pad: Any, info: Any) -> Any:
        nonlocal shown
        picture = info.get_buffer()
        picture.pts = picture.dts = shown * Gst.SECOND // fps
        picture.duration = Gst.SECOND // fps
        shown += 1
        return Gst.PadProbeReturn.OK

    pipeline.get_by_name("parse").get_static_pad("src").add_probe(Gst.PadProbeType.BUFFER, set_time)


def demand_login(server: Any, factory: Any, user: str, password: str) -> None:
    """Lets in nobody but `user`, by digest authentication as most cameras do."""
    auth = GstRtspServer.RTSPAuth()
    auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", "viewer")
    auth.add_digest(user, password, token)
    server.set_auth(auth)
    factory.add_role_from_structure(
        Gst.Structure.new_from_string("viewer, media.factory.access=true, media.factory.construct=true")
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file")
    parser.add_argument("port", type=int)
    parser.add_argument("--fps", type=int, default=10)
    parser.add_argument("--user")
    parser.add_argument("--password")
    serve(**vars(parser.parse_args()))
