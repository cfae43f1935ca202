import { closeSync, openSync } from 'node:fs';
import { errnoName } from './errno.ts';
import { call, LibcError } from './native.ts';

const CLONE_NEWNET = 0x4000_0000;

/** Where `ip netns` keeps the names of network namespaces. */
export const NAMESPACES = '/var/run/netns';

/** The network namespace that this thread began in; -1: not asked for yet. */
let home = -1;
const kept = new Map<string, number>();

/**
 * What `open` gives when it is called in a network namespace: sockets that it makes belong to it for good. The thread is where it was
 * afterwards. Throws LibcError (`ENOENT`: nothing has that name; `EPERM`: it needs CAP_SYS_ADMIN).
 */
export function inNamespace<T>(name: string, open: () => T): T {
  const fd = descriptorOf(name);
  if (home < 0) home = openFile('/proc/thread-self/ns/net');
  call(name, 'setns', fd, CLONE_NEWNET);
  try {
    return open();
  } finally {
    call(name, 'setns', home, CLONE_NEWNET);
  }
}

/** Opened anew, since another one may have got the name; where that is not possible (in a chroot) it is the one of before. */
function descriptorOf(name: string): number {
  const before = kept.get(name);
  try {
    const fd = openFile(`${NAMESPACES}/${name}`);
    if (before !== undefined) closeSync(before);
    kept.set(name, fd);
    return fd;
  } catch (error) {
    if (before === undefined) throw error;
    return before;
  }
}

function openFile(path: string): number {
  try {
    return openSync(path, 'r');
  } catch (error) {
    const { errno } = error as NodeJS.ErrnoException;
    throw new LibcError(errnoName(Math.abs(errno ?? 0)), 'open', path);
  }
}
