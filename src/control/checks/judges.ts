import type { Verdict } from './program.ts';

/**
 * A MySQL packet after the handshake's: `second` looks at the one after the first. An error packet fails the check with its
 * text; `last` ends it with the server's version.
 */
export function mysqlPacket(second: boolean, last: boolean): (received: Buffer, ended: boolean) => Verdict {
  return (received, ended) => {
    let at = 0;
    for (let packet = 0; ; packet++) {
      if (received.length < at + 5 || received.length < at + 4 + received.readUIntLE(at, 3)) {
        return ended ? { status: 'L7RSP', description: 'Incomplete packet from the MySQL server', code: null } : 'wait';
      }
      if (received[at + 4] === 0xff) return mysqlError(received.subarray(at + 5));
      if (packet === (second ? 1 : 0)) break;
      at += 4 + received.readUIntLE(at, 3);
    }
    return last ? { status: 'L7OK', description: zeroTerminated(received, 5), code: null } : 'ok';
  };
}

/** Error number and text; servers of 4.1 and later put `#` and an SQL state before the text. */
function mysqlError(body: Buffer): Verdict {
  const number = body.length >= 2 ? body.readUInt16LE(0) : 0;
  const text = body
    .subarray(2)
    .toString('latin1')
    .replace(/^#.{5}/, '');
  return { status: 'L7STS', description: text, code: number };
}

function zeroTerminated(bytes: Buffer, from: number): string {
  const end = bytes.indexOf(0, from);
  return bytes.subarray(from, end < 0 ? undefined : end).toString('latin1');
}

/** A BindResponse with result code 0 (RFC 4511, sections 4.1.9 and 4.2.2). */
export function ldapBindResponse(received: Buffer, ended: boolean): Verdict {
  // The bytes before the result code: sequence, message id 1, [APPLICATION 1], enumerated of one byte.
  const header = lengthBytes(received, 1);
  if (header < 0) return ended ? NOT_LDAP : 'wait';
  let at = 1 + header;
  if (received.length < at + 5) return ended ? NOT_LDAP : 'wait';
  if (received[at] !== 0x02 || received[at + 1] !== 1 || received[at + 2] !== 1 || received[at + 3] !== 0x61)
    return NOT_LDAP;
  at += 4;
  const inner = lengthBytes(received, at);
  if (inner < 0 || received.length < at + inner + 3) return ended ? NOT_LDAP : 'wait';
  at += inner;
  if (received[at] !== 0x0a || received[at + 1] !== 1) return NOT_LDAP;
  const code = received[at + 2]!;
  if (code === 0) return { status: 'L7OK', description: 'Success', code };
  return { status: 'L7STS', description: 'See RFC: http://tools.ietf.org/html/rfc4511#section-4.1.9', code };
}

const NOT_LDAP: Verdict = { status: 'L7RSP', description: 'Not LDAPv3 protocol', code: null };

/** How many bytes a BER length at `at` takes, -1 when they are not all there. */
function lengthBytes(bytes: Buffer, at: number): number {
  if (bytes.length <= at) return -1;
  const size = bytes[at]! & 0x80 ? 1 + (bytes[at]! & 0x7f) : 1;
  return bytes.length < at + size ? -1 : size;
}
