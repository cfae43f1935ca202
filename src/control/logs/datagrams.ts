import { createSocket, type Socket } from 'node:dgram';
import {
  type ConnectedDatagramSocket,
  connectUnixDatagram,
  openUnixDatagram,
  type UnixDatagramSocket,
} from '../../util/libc.ts';

/** Datagrams kept by Node for a socket that the kernel makes wait. */
const MAX_QUEUED = 1000;

type UdpType = 'udp4' | 'udp6';

/** The process's sockets for sending lines: one UDP socket for each family, one for unix datagrams; opened on first use. */
export class DatagramSockets {
  /** Lines that could not be sent. */
  dropped = 0;
  readonly #udp = new Map<UdpType, Socket>();
  #unix: UnixDatagramSocket | null = null;
  /** Receivers that were there when the configuration was read, for when a chroot has hidden them. */
  readonly #connected = new Map<string, ConnectedDatagramSocket>();

  /** Sends a line of bytes to an IP address. */
  sendUdp(line: string, host: string, port: number): void {
    const type = host.includes(':') ? 'udp6' : 'udp4';
    const socket = this.#udp.get(type) ?? this.#open(type);
    if (socket.getSendQueueCount() >= MAX_QUEUED) this.dropped++;
    else socket.send(Buffer.from(line, 'latin1'), port, host, this.#sent);
  }

  /** Makes ready for lines to a unix socket, while its path can be reached. */
  openUnix(path: string): void {
    try {
      if (!this.#connected.has(path)) this.#connected.set(path, connectUnixDatagram(path));
    } catch {
      // Nobody listens there yet: lines go by path as soon as somebody does.
    }
  }

  /**
   * Sends a line of bytes to a unix socket, by path or abstract name: the path first, because syslog daemons make a new socket when
   * they restart; the one that was connected where the path leads nowhere.
   */
  sendUnix(line: string, path: string): void {
    try {
      const bytes = Buffer.from(line, 'latin1');
      if (this.#unix === null) this.#unix = openUnixDatagram();
      let error = this.#unix.send(path, bytes);
      const connected = error === 'ENOENT' ? this.#connected.get(path) : undefined;
      if (connected !== undefined) error = connected.send(bytes);
      if (error !== null) this.dropped++;
    } catch {
      this.dropped++;
    }
  }

  /** Closes the sockets; resolves when they are closed. */
  async close(): Promise<void> {
    this.#unix?.close();
    this.#unix = null;
    for (const socket of this.#connected.values()) socket.close();
    this.#connected.clear();
    const closed = [...this.#udp.values()].map((socket) => new Promise<void>((resolve) => socket.close(resolve)));
    this.#udp.clear();
    await Promise.all(closed);
  }

  readonly #sent = (error: Error | null): void => {
    if (error) this.dropped++;
  };

  #open(type: UdpType): Socket {
    // Hosts are addresses here: nothing to look up, and no turn of the event loop to wait for.
    const socket = createSocket({
      type,
      lookup: (host, _options, callback) => callback(null, host, type === 'udp4' ? 4 : 6),
    });
    socket.on('error', () => {
      this.dropped++;
    });
    socket.bind().unref();
    this.#udp.set(type, socket);
    return socket;
  }
}
