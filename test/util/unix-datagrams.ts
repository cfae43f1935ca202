import { call } from '../../src/util/libc/native.ts';
import { unixSockaddr } from '../../src/util/libc/sockaddr.ts';
import { closeDescriptor, receiveDescriptors } from '../../src/util/libc.ts';

const AF_UNIX = 1;
const SOCK_DGRAM_NONBLOCK = 2 | 0o4000;

/** A bound unix datagram socket that tests read from: what `/dev/log` is to a program. */
export function receiveUnixDatagrams(path: string): { read(): string | null; close(): void } {
  const fd = call('', 'socket', AF_UNIX, SOCK_DGRAM_NONBLOCK, 0);
  const sockaddr = unixSockaddr(path, 'bind');
  call(path, 'bind', fd, sockaddr, sockaddr.length);
  return {
    read() {
      const datagram = receiveDescriptors(fd, 65536);
      return datagram === null ? null : Buffer.from(datagram.bytes).toString('latin1');
    },
    close: () => closeDescriptor(fd),
  };
}
