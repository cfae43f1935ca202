/**
 * Records what HAProxy makes of syslog messages in each format: `node test/control/log-forward/record.ts [haproxy]` writes
 * forwarded.json. Dates that are those of now are written `{now}`.
 */
import { spawn } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const FORMATS = ['', 'local', 'rfc3164', 'rfc5424', 'priority', 'short', 'timed', 'iso', 'raw'];

// Left out is what HAProxy 2.6 cuts two bytes off from: headers of RFC 5424 that break off.
const MESSAGES = [
  '<13>Oct 11 22:14:15 host tag[12]: hello',
  '<13>Oct  1 22:14:15 host tag: hello',
  '<13>Oct  1 22:14:15 host hello world',
  '<13>Oct  1 22:14:15 tag[1]: hello',
  '<13>Oct  1 22:14:15 host ',
  '<13>Oct 11 22:14:15 host tag[12] hello',
  '<13>Oct 11 22:14:15 host tag[12]:hello',
  '<13>Oct 11 22:14:15 host a]b: hello',
  '<13>Oct 11 22:14:15  tag: hello',
  '<13>Foo 11 22:14:15 host tag: hi',
  '<13>hello',
  'hello',
  '',
  '<abc>x',
  '<9',
  '<10>1 2003-10-11T22:14:15.003Z host app 11 ID47 [ex@1 a="b" c="\\]"][x] msg here',
  '<10>1 2003-10-11T22:14:15+02:00 host app 11 ID47 - msg here',
  '<10>1 - - - - - - nil',
  '<10>1 - host app - - - nil',
  '<15>of level debug, which is left out',
];

async function bound(): Promise<Socket> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return socket;
}

/** The next line that comes, null when none does. */
async function line(socket: Socket): Promise<string | null> {
  const got = await Promise.race([once(socket, 'message'), sleep(300)]);
  return got === undefined ? null : (got[0] as Buffer).toString('latin1').replace(/\n$/, '');
}

const sockets = await Promise.all(FORMATS.map(bound));
const logs = FORMATS.map(
  (format, i) =>
    ` log 127.0.0.1:${(sockets[i]!.address() as AddressInfo).port} ${format && `format ${format}`} local3 info notice`,
);
const entry = await bound();
const { port } = entry.address() as AddressInfo;
entry.close();
await once(entry, 'close');
const folder = mkdtempSync(join(tmpdir(), 'record-'));
const file = join(folder, 'haproxy.cfg');
writeFileSync(file, `log-forward f\n dgram-bind 127.0.0.1:${port}\n${logs.join('\n')}\n`);
const child = spawn(process.argv[2] ?? '/usr/sbin/haproxy', ['-f', file, '-db'], { stdio: 'ignore' });
await sleep(1000);
const sender = createSocket('udp4');
const recorded = [];
for (const message of MESSAGES) {
  const lines = sockets.map(line);
  sender.send(Buffer.from(message, 'latin1'), port, '127.0.0.1');
  const said = await Promise.all(lines);
  const texts = said.map((text) =>
    text?.replace(/^(<\d+>(?:1 )?)?(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|20(?!03)\S+)/, now),
  );
  recorded.push({ message, lines: Object.fromEntries(FORMATS.map((format, i) => [format, texts[i] ?? null])) });
}
writeFileSync(join(import.meta.dirname, 'forwarded.json'), `${JSON.stringify(recorded, null, 2)}\n`);
child.kill();
sender.close();
for (const socket of sockets) socket.close();
rmSync(folder, { recursive: true });

/** A date of today is that of now; the messages have others. */
function now(text: string, before: string | undefined): string {
  const date = text.slice(before?.length ?? 0);
  const today = new Date();
  const isToday =
    date.startsWith(today.toISOString().slice(0, 10)) || date.startsWith(today.toUTCString().slice(8, 11));
  return isToday ? `${before ?? ''}{now}` : text.replace(/20\d\d-(?=10-)/, '{year}-');
}
