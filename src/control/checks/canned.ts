import type { HealthCheckConfig } from '../../config/types.ts';
import type { LogFormat } from '../../expr/log/format.ts';
import type { ExprContext } from '../../expr/types.ts';
import { plainExpect } from './expect-rule.ts';
import { ldapBindResponse, mysqlPacket } from './judges.ts';
import type { ExpectStep, SendStep, Step } from './program.ts';
import { implicitConnect } from './step-rules.ts';
import { fixed } from './words.ts';

/** Steps after the connect, or why there are none. Protocols are checked without authentication. */
export function cannedSteps(
  kind: Exclude<HealthCheckConfig['kind'], 'tcp' | 'http' | 'tcp-check' | 'external'>,
  args: readonly string[],
): { readonly steps: readonly Step[] } | { readonly error: string } {
  switch (kind) {
    case 'redis':
      return { steps: [implicitConnect(), ...redis()] };
    case 'smtp':
      return smtp(args);
    case 'mysql':
      return mysql(args);
    case 'pgsql':
      return pgsql(args);
    case 'ldap':
      return { steps: [implicitConnect(), ...ldap()] };
    case 'ssl-hello':
      return { steps: [implicitConnect(), ...sslHello()] };
    case 'spop':
      return { error: 'not supported: SPOE agents cannot be used, so there is nothing to check. Remove the line.' };
  }
}

function send(number: number, bytes: string): SendStep {
  return { kind: 'send', number, comment: null, data: fixed(bytes), hex: false };
}

function bytes(hex: string): string {
  return Buffer.from(hex.replaceAll(' ', ''), 'hex').toString('latin1');
}

/** What the server said, from a byte on, without what follows the first end of a line or zero byte. */
function said(from: number): LogFormat {
  const cut = (text: string) => /^[^\r\n\0]*/.exec(text)![0];
  return { constant: null, format: (ctx) => cut(ctx.responsePayload().slice(from)).trimStart() };
}

/** `PING` in the Redis protocol (https://redis.io/docs/reference/protocol-spec/). */
function redis(): Step[] {
  return [
    send(1, '*1\r\n$4\r\nPING\r\n'),
    plainExpect(
      2,
      { on: 'text', type: 'string', bytes: '+PONG\r\n' },
      { errorStatus: 'L7STS', onError: said(0), okText: 'Redis server is ok' },
    ),
  ];
}

/** The three digits that an answer begins with (RFC 5321, section 4.2). */
function smtpCode(ctx: ExprContext): number {
  return Number.parseInt(ctx.responsePayload().slice(0, 3), 10) || 0;
}

/** Greeting, HELO or EHLO, QUIT (RFC 5321). */
function smtp(args: readonly string[]): { readonly steps: readonly Step[] } {
  const [verb, domain] = args;
  const hello = domain && (verb === 'EHLO' || verb === 'HELO') ? `${verb} ${domain}` : 'HELO localhost';
  const text = {
    errorStatus: 'L7STS' as const,
    onError: said(4),
    statusCode: smtpCode,
  };
  const answer = (number: number, source: RegExp, over: Partial<ExpectStep>) =>
    plainExpect(number, { on: 'text', type: 'regex', regex: source }, over);
  const onSuccess = said(4);
  return {
    steps: [
      implicitConnect(),
      answer(2, /^[0-9]{3}[ \r]/, {
        minRecv: 4,
        errorStatus: 'L7RSP',
        onError: said(0),
      }),
      answer(3, /^2[0-9]{2}[ \r]/, { minRecv: 4, ...text }),
      send(4, `${hello}\r\n`),
      answer(5, /^(2[0-9]{2}-[^\r]*\r\n)*2[0-9]{2}[ \r]/, { ...text, onSuccess }),
      send(6, 'QUIT\r\n'),
      answer(7, /^2[0-9]{2}[- \r]/, { minRecv: 4, ...text, onSuccess }),
    ],
  };
}

/** The server's handshake; with a user also an authentication without password (MySQL internals, client/server protocol). */
function mysql(args: readonly string[]): { readonly steps: readonly Step[] } {
  const user = args[0] === 'user' ? args[1] : undefined;
  if (user === undefined)
    return { steps: [implicitConnect(), plainExpect(2, { on: 'custom', judge: mysqlPacket(false, true) })] };
  return {
    steps: [
      implicitConnect(),
      send(2, args[2] === 'pre-41' ? mysqlAuthPre41(user) : mysqlAuth(user)),
      plainExpect(3, { on: 'custom', judge: mysqlPacket(false, false) }),
      plainExpect(4, { on: 'custom', judge: mysqlPacket(true, true) }),
    ],
  };
}

/** Handshake response 4.1: capabilities, packet size 1, character set 33 (utf8), no password; then COM_QUIT. */
function mysqlAuth(user: string): string {
  const body = bytes('00820000 00800001 21') + '\0'.repeat(23) + user + '\0\0';
  return mysqlFrame(body, 1) + mysqlFrame('\x01', 0);
}

/** Handshake response 3.20: capabilities, packet size, user; then COM_QUIT. */
function mysqlAuthPre41(user: string): string {
  return mysqlFrame(bytes('0080 000001') + user + '\0\0', 1) + mysqlFrame('\x01', 0);
}

function mysqlFrame(body: string, sequence: number): string {
  return String.fromCharCode(body.length & 255, (body.length >> 8) & 255, body.length >> 16, sequence) + body;
}

/** A start-up message; anything but an error that asks for an authentication will do (PostgreSQL documentation, section 55.7). */
function pgsql(args: readonly string[]): { readonly steps: readonly Step[] } | { readonly error: string } {
  const user = args[0] === 'user' ? args[1] : undefined;
  if (user === undefined) return { error: "expects 'user <username>' as argument." };
  const body = bytes('00030000') + `user\0${user}\0\0`;
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length + 4);
  return {
    steps: [
      implicitConnect(),
      send(2, length.toString('latin1') + body),
      plainExpect(
        3,
        { on: 'text', type: 'regex', regex: /^E/ },
        { inverse: true, minRecv: 5, errorStatus: 'L7RSP', onError: said(6) },
      ),
      plainExpect(
        4,
        { on: 'text', type: 'regex-binary', regex: /^52000000[A-Z0-9]{2}000000(00|02|03|04|05|06|07|09|0A)/ },
        {
          minRecv: 9,
          errorStatus: 'L7STS',
          onError: fixed('PostgreSQL unknown error'),
          okText: 'PostgreSQL server is ok',
        },
      ),
    ],
  };
}

/** An anonymous bind, version 3 (RFC 4511, section 4.2). */
function ldap(): Step[] {
  return [
    send(1, bytes('300c 020101 6007 020103 0400 8000')),
    plainExpect(
      2,
      { on: 'text', type: 'regex-binary', regex: /^30/ },
      { minRecv: 14, errorStatus: 'L7RSP', onError: fixed('Not LDAPv3 protocol') },
    ),
    plainExpect(3, { on: 'custom', judge: ldapBindResponse }),
  ];
}

/** An SSLv3 hello; a hello or an alert comes back from anything that speaks TLS (RFC 6101, section 5.6.1). */
function sslHello(): Step[] {
  const suites: string[] = [];
  for (let suite = 0x01; suite <= 0x3a; suite++)
    if (suite <= 0x1b || suite >= 0x2f) suites.push(suite.toString(16).padStart(4, '0'));
  const before = bytes('1603000079 01000075 0300');
  const after = 'SLUICE-SSL-HELLO-SLUICE-SSL-' + bytes(`00 004e ${suites.join('')} 0100`);
  return [
    {
      kind: 'send',
      number: 1,
      comment: null,
      data: { constant: null, format: () => before + time32() + after },
      hex: false,
    },
    plainExpect(
      2,
      { on: 'text', type: 'regex-binary', regex: /^1[56]/ },
      { minRecv: 5, okStatus: 'L6OK', errorStatus: 'L6RSP', timeoutStatus: 'L6TOUT', onError: fixed('') },
    ),
  ];
}

/** Seconds since the epoch, 4 bytes. */
function time32(): string {
  const seconds = Math.floor(Date.now() / 1000);
  return String.fromCharCode((seconds >>> 24) & 255, (seconds >>> 16) & 255, (seconds >>> 8) & 255, seconds & 255);
}
