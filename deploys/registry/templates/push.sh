# Push images into the registry at $PORT; the calls follow below.
set -eu
stage=$(mktemp -d /var/tmp/nightfleet.XXXXXX)
trap 'rm -rf "$stage"' EXIT

push() { # URL SHA256 REPOSITORY:TAG
  file=$(mktemp -p "$stage")
  curl -fsSL -o "$file" "$1"
  echo "$2  $file" | sha256sum -c --quiet
  skopeo copy --quiet --preserve-digests --dest-tls-verify=false "oci-archive:$file" "docker://127.0.0.1:$PORT/$3"
  rm -f "$file"
}

# the unit is running, but may not listen yet
curl -fs --retry 30 --retry-connrefused --retry-delay 1 -o /dev/null "http://127.0.0.1:$PORT/v2/"
