"""What makes the pages an app on a phone: manifest, service worker, icons."""
