import { createServer } from 'node:net';
import type { Scope } from '../support/wait.ts';
import { answerOver, listen } from './origin.ts';

const SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
/** A checksum is another one for each port of a client. */
const CRC32C = 3;
/** Ports of clients that are not those that the system gives. */
const KNOWN = new Set([1, 1234, 4711]);

/** Starts server `name`, in front of which connections tell where they come from; that is told with each request. Gives its port. */
export async function proxyServer(scope: Scope, name: string, saw: (request: string) => void): Promise<number> {
  const listener = createServer({ noDelay: true }, (socket) => {
    let held = Buffer.alloc(0);
    const take = (bytes: Buffer): void => {
      held = Buffer.concat([held, bytes]);
      const header = read(held);
      if (header === null) return;
      socket.off('data', take);
      answerOver(socket, name, (request) => saw(`<${header.text}> ${request}`));
      socket.unshift(held.subarray(header.length));
    };
    socket.on('data', take);
  });
  return (await listen(scope, listener, 'connection')).port;
}

/** The header as text, without the port that a client of this machine happens to have; null until it is whole. */
function read(bytes: Buffer): { text: string; length: number } | null {
  if (bytes.subarray(0, 12).equals(SIGNATURE.subarray(0, bytes.length))) {
    if (bytes.length < 16 || bytes.length < 16 + bytes.readUInt16BE(14)) return null;
    const length = 16 + bytes.readUInt16BE(14);
    return { text: described(bytes[12]!, bytes[13]!, bytes.subarray(16, length)), length };
  }
  const end = bytes.indexOf('\r\n');
  if (end < 0) return null;
  const line = bytes.latin1Slice(0, end);
  if (!line.startsWith('PROXY ')) return { text: 'no header', length: 0 };
  return {
    text: line.replace(/ (\d+) (\d+)$/, (_, from, to) => ` ${KNOWN.has(Number(from)) ? from : 'PORT'} ${to}`),
    length: end + 2,
  };
}

function described(command: number, family: number, rest: Buffer): string {
  const size = family === 0x11 ? 12 : family === 0x21 ? 36 : 0;
  const address = Buffer.from(rest.subarray(0, size));
  if (size > 0 && !KNOWN.has(address.readUInt16BE(size - 4))) address.writeUInt16BE(0, size - 4);
  const tlvs: string[] = [];
  for (let at = size; at + 3 <= rest.length; at += 3 + rest.readUInt16BE(at + 1)) {
    const value = rest.subarray(at + 3, at + 3 + rest.readUInt16BE(at + 1));
    tlvs.push(`${rest[at]!.toString(16)}=${rest[at] === CRC32C ? value.length : value.toString('hex')}`);
  }
  return `v2 ${command.toString(16)} ${family.toString(16)} ${address.toString('hex')} ${tlvs.join(' ')}`;
}
