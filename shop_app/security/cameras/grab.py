"""Takes one picture from a camera. Run as a process of its own, which is ended when it takes too long or too much.

It reads one JSON object from its input (never from its command line, which everybody on the machine can see) and writes
one line of JSON and then the JPEG to its output. It imports nothing of the shop.
"""

import io
import json
import resource
import sys
from typing import Any

PROTOCOLS = {
    "rtsp": "rtsp,rtp,udp,tcp",
    "rtsps": "rtsp,rtp,udp,tcp,tls",
    "http": "http,tcp",
    "https": "https,http,tls,tcp",
    "file": "file",
}
# No playlists: an M3U8 or a list of files names further addresses, which nobody has checked.
FORMATS = "rtsp,sdp,rtp,mpjpeg,mjpeg,jpeg_pipe,image2,png_pipe,mov,mp4,matroska,webm,mpegts,avi,h264,hevc,flv,gif"
SECONDS = 5
LONGEST_SIDE = 1280


def main() -> None:
    """Answer one request."""
    resource.setrlimit(resource.RLIMIT_CPU, (20, 20))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    request = json.loads(sys.stdin.buffer.read(10_000))
    word, codec, jpeg = grab(request["url"], request["scheme"])
    sys.stdout.buffer.write(json.dumps({"word": word, "codec": codec}).encode() + b"\n" + jpeg)


def grab(url: str, scheme: str) -> tuple[str, str, bytes]:
    """`ok`, the video's codec and a JPEG; or one of `refused`, `timeout`, `auth`, `not-video`."""
    import av

    av.logging.set_level(None)
    options = {"protocol_whitelist": PROTOCOLS[scheme], "format_whitelist": FORMATS}
    if scheme.startswith("rtsp"):
        options |= {"rtsp_transport": "tcp", "timeout": str(SECONDS * 1_000_000)}
    elif scheme.startswith("http"):
        options |= {"max_redirects": "0", "rw_timeout": str(SECONDS * 1_000_000)}
    try:
        with av.open(url, options=options, timeout=(SECONDS, SECONDS)) as container:
            for frame in container.decode(container.streams.video[0]):
                return "ok", container.streams.video[0].codec_context.name, _jpeg(frame)
    except (av.error.HTTPUnauthorizedError, av.error.HTTPForbiddenError):
        return "auth", "", b""
    except (TimeoutError, av.error.ExitError):
        return "timeout", "", b""
    except OSError as error:
        unreachable = isinstance(error, ConnectionError) or error.errno in {101, 111, 113}
        return "refused" if unreachable else "not-video", "", b""
    except Exception:
        pass
    return "not-video", "", b""


def _jpeg(frame: Any) -> bytes:
    image = frame.to_image()
    image.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    out = io.BytesIO()
    image.save(out, "JPEG", quality=85)
    return out.getvalue()


if __name__ == "__main__":
    main()
