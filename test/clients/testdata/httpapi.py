import os
import socket
import struct
from urllib.parse import urlsplit

api = urlsplit(os.environ["API_URL"])
BODY = b'{"eventId":"httpapi","eventType":"demo"}'


def post(headers=b""):
    connection = socket.create_connection((api.hostname, api.port), timeout=30)
    connection.sendall(b"POST /events HTTP/1.1\r\nHost: localhost\r\n"
                       b"Content-Type: application/json\r\nContent-Length: %d\r\n%s\r\n%s"
                       % (len(BODY), headers, BODY))
    return connection


def status(connection):
    return connection.makefile("rb").readline().split()[1]


# A client that half-closes its connection must get the answer. Clients that reset or close their
# connections must not disturb the API.
for _ in range(20):
    gone = post()
    gone.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    gone.close()  # resets the connection
    post().close()
    connection = post()
    connection.shutdown(socket.SHUT_WR)
    got = status(connection)
    assert got == b"202", got

# The quota of API Gateway for headers.
used = len("POST /events HTTP/1.1") + len("localhost") + len("application/json") + len("40")
assert status(post(b"X-Large: %s\r\n" % (b"x" * (10240 - used)))) == b"202"
assert status(post(b"X-Large: %s\r\n" % (b"x" * (10241 - used)))) == b"431"
