"""An NFS 4.1 client in user space, as a program: this machine's kernel has none.

    python tests/lab/userspace.py SERVER SHARE UID (write FILE TEXT | read FILE | owner FILE)

It says what went wrong in one line, by the name of the error, and ends with 1.
"""

import sys

from nfs_rs import Client, NfsError

LONGEST = 100  # seconds: a server that has just restarted waits for its old clients first


def main(server: str, share: str, user: str, verb: str, file: str, text: str = "") -> str:
    url = f"nfs://{server}{share}?version=4.1"
    who = {"uid": int(user), "gid": int(user)}
    with Client.connect(url, connect_timeout=10, operation_timeout=LONGEST, **who) as client:
        if verb == "owner":
            return str(client.stat(file).uid)
        with client.open(file, "wb" if verb == "write" else "rb") as there:
            return str(there.write(text.encode())) if verb == "write" else there.read().decode()


if __name__ == "__main__":
    try:
        print(main(*sys.argv[1:]))
    except NfsError as error:
        sys.exit(f"{type(error).__name__}: {error}")
