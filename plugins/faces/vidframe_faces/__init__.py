"""MediaPipe face detection and landmarks, and a tracker that tells faces apart from frame to frame."""
