/** `-x SOCKET`: takes the listening sockets over from the process that serves now, so that no connection that waits in them is lost. */

import { writeSync } from 'node:fs';
import { closeDescriptor, connectUnixBlocking, MAX_PASSED_DESCRIPTORS, receiveDescriptors } from '../util/libc.ts';

/** How long the old process may take to answer, ms. */
const TIMEOUT = 5000;
/** A message names its sockets in so many bytes at most. */
const MESSAGE_MAX = 65_536;

/** Listening sockets by address (`listenerKey`), one for each thread that listened. */
export type Inherited = Map<string, number[]>;

/**
 * Asks the process behind a stats socket (with `expose-fd listeners`) for its listening sockets. Throws an Error for operators when it
 * cannot be reached or does not answer as Sluice does; then all addresses are bound anew.
 */
export function takeOver(path: string): Inherited {
  const inherited: Inherited = new Map();
  const fd = connectUnixBlocking(path, TIMEOUT);
  try {
    writeSync(fd, '_getsocks\n');
    for (;;) {
      const got = receiveDescriptors(fd, MESSAGE_MAX);
      if (got === null || got.bytes.length === 0)
        throw new Error(
          `the process behind ${path} does not pass its listening sockets: 'expose-fd listeners' is missing, or it is not Sluice`,
        );
      const { keys, more } = parse(got.bytes, path);
      if (keys.length !== got.descriptors.length || keys.length > MAX_PASSED_DESCRIPTORS)
        throw new Error(`the process behind ${path} passed ${got.descriptors.length} sockets for ${keys.length} names`);
      keys.forEach((key, i) => {
        inherited.set(key, [...(inherited.get(key) ?? []), got.descriptors[i]!]);
      });
      if (!more) return inherited;
    }
  } catch (error) {
    for (const fds of inherited.values()) for (const one of fds) closeDescriptor(one);
    throw error;
  } finally {
    closeDescriptor(fd);
  }
}

function parse(bytes: Uint8Array, path: string): { readonly keys: readonly string[]; readonly more: boolean } {
  try {
    const message = JSON.parse(Buffer.from(bytes).toString()) as { sluice: string[]; more: boolean };
    if (Array.isArray(message.sluice)) return { keys: message.sluice, more: message.more };
  } catch {
    // Said below.
  }
  throw new Error(`the process behind ${path} does not pass its listening sockets as Sluice does`);
}
