"""TCP sockets of a process with what they were told, as JSON: sockets.py PID. Takes the descriptors themselves (pidfd_getfd), so it
needs the rights of a debugger."""
import ctypes, json, os, socket, struct, sys

libc = ctypes.CDLL(None, use_errno=True)
PIDFD_OPEN, PIDFD_GETFD = 434, 438
TCP_USER_TIMEOUT, TCP_FASTOPEN, TCP_CONGESTION, SO_BINDTODEVICE, SO_ACCEPTCONN = 18, 23, 13, 25, 30
INTEGERS = {
    "SO_KEEPALIVE": (socket.SOL_SOCKET, socket.SO_KEEPALIVE),
    "SO_RCVBUF": (socket.SOL_SOCKET, socket.SO_RCVBUF),
    "SO_SNDBUF": (socket.SOL_SOCKET, socket.SO_SNDBUF),
    "SO_REUSEPORT": (socket.SOL_SOCKET, socket.SO_REUSEPORT),
    "IP_TRANSPARENT": (socket.IPPROTO_IP, 19),
    "TCP_NODELAY": (socket.IPPROTO_TCP, socket.TCP_NODELAY),
    "TCP_MAXSEG": (socket.IPPROTO_TCP, socket.TCP_MAXSEG),
    "TCP_DEFER_ACCEPT": (socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT),
    "TCP_USER_TIMEOUT": (socket.IPPROTO_TCP, TCP_USER_TIMEOUT),
    "TCP_KEEPIDLE": (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE),
    "TCP_KEEPINTVL": (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL),
    "TCP_KEEPCNT": (socket.IPPROTO_TCP, socket.TCP_KEEPCNT),
    "TCP_FASTOPEN": (socket.IPPROTO_TCP, TCP_FASTOPEN),
    "IPV6_V6ONLY": (socket.IPPROTO_IPV6, socket.IPV6_V6ONLY),
    "IPV6_TRANSPARENT": (socket.IPPROTO_IPV6, 75),
}

def text(sock, level, option):
    return sock.getsockopt(level, option, 16).split(b"\0")[0].decode()

def describe(sock):
    said = {}
    for name, (level, option) in INTEGERS.items():
        if name.startswith("IPV6") and sock.family != socket.AF_INET6:
            continue
        said[name] = sock.getsockopt(level, option)
    said["SO_BINDTODEVICE"] = text(sock, socket.SOL_SOCKET, SO_BINDTODEVICE)
    said["TCP_CONGESTION"] = text(sock, socket.IPPROTO_TCP, TCP_CONGESTION)
    said["listening"] = bool(sock.getsockopt(socket.SOL_SOCKET, SO_ACCEPTCONN))
    said["host"], said["port"] = sock.getsockname()[:2]
    if said["listening"]:
        # tcpi_sacked of a listening socket is its backlog (ss shows it as Send-Q).
        said["backlog"] = struct.unpack_from("I", sock.getsockopt(socket.IPPROTO_TCP, 11, 104), 28)[0]
    else:
        said["peer"] = sock.getpeername()[1]
    return said

pid = int(sys.argv[1])
pidfd = libc.syscall(PIDFD_OPEN, pid, 0)
found = []
for name in os.listdir(f"/proc/{pid}/fd"):
    try:
        if not os.readlink(f"/proc/{pid}/fd/{name}").startswith("socket:"):
            continue
    except OSError:
        continue
    fd = libc.syscall(PIDFD_GETFD, pidfd, int(name), 0)
    if fd < 0:
        continue
    try:
        with socket.socket(fileno=fd) as sock:
            if sock.type == socket.SOCK_STREAM and sock.family in (socket.AF_INET, socket.AF_INET6):
                found.append(describe(sock))
    except OSError:
        continue  # Closed by its peer meanwhile.
print(json.dumps(found))
