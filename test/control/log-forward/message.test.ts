import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { SyslogFrames } from '../../../src/control/log-forward/frames.ts';
import { formatOf, forwardHeader } from '../../../src/control/log-forward/header.ts';
import { parseSyslog } from '../../../src/control/log-forward/message.ts';
import { isoDate, type LogFormat, syslogDate } from '../../../src/control/logs/format.ts';

interface Recorded {
  readonly message: string;
  readonly lines: Readonly<Record<string, string | null>>;
}

const recorded = JSON.parse(readFileSync(join(import.meta.dirname, 'forwarded.json'), 'utf8')) as Recorded[];
const NOW = Date.UTC(2026, 4, 7, 1, 2, 3);
/** Of the target that was recorded: `local3 info notice`. */
const FACILITY = 19;
const [MAX_LEVEL, MIN_LEVEL] = [6, 5];

function forwarded(bytes: string, format: string): string | null {
  const message = parseSyslog(bytes);
  if (message.level > MAX_LEVEL) return null;
  const as = format === '' ? formatOf(message) : (format as LogFormat);
  const facility = message.facility < 0 ? FACILITY : message.facility;
  return forwardHeader(as, facility, Math.max(message.level, MIN_LEVEL), message, NOW) + message.text;
}

test('messages become in each format what HAProxy makes of them', () => {
  for (const { message, lines } of recorded)
    for (const [format, line] of Object.entries(lines)) {
      const date = ['local', 'rfc3164'].includes(format) ? syslogDate(NOW) : isoDate(NOW);
      const expected = line?.replace('{now}', date).replace('{year}', isoDate(NOW).slice(0, 4)) ?? null;
      assert.equal(forwarded(message, format), expected, `${message} as '${format}'`);
    }
});

test('a header of RFC 5424 that breaks off is text', () => {
  const rest = '1 2003-10-11T22:14:15.003Z host app 11 ID47 bad msg';
  assert.equal(forwarded(`<13>${rest}`, ''), `<13>${rest}`);
});

test('no bytes are lost, whatever they are', () => {
  const piece = fc.constantFrom(
    '<13>',
    '1 ',
    '- ',
    'Oct 11 22:14:15 ',
    'host ',
    'tag[1]: ',
    '[a b="c"] ',
    ']',
    '\\',
    'x',
  );
  fc.assert(
    fc.property(fc.array(piece), fc.string({ unit: 'binary-ascii' }), (pieces, tail) => {
      const bytes = pieces.join('') + tail;
      const message = parseSyslog(bytes);
      assert.ok(bytes.endsWith(message.text));
      for (const part of [message.time, message.host, message.tag, message.pid, message.id, message.sd])
        assert.ok(part === null || bytes.includes(part));
    }),
  );
});

test('messages of a stream are found however it is cut', () => {
  const text = fc.string({ unit: fc.constantFrom('a', ' ', '<', '7', 'é'), maxLength: 30 });
  const framed = fc.tuple(text, fc.boolean()).map(([body, counted]) => ({ body: `<13>${body}`, counted }));
  fc.assert(
    fc.property(fc.array(framed, { maxLength: 8 }), fc.array(fc.integer({ min: 1, max: 9 })), (messages, sizes) => {
      const stream = Buffer.from(
        messages.map(({ body, counted }) => (counted ? `${body.length} ${body}` : `${body}\n`)).join(''),
        'latin1',
      );
      const frames = new SyslogFrames(100, false);
      const found: string[] = [];
      let at = 0;
      for (let i = 0; at < stream.length; i++) {
        const end = at + (sizes[i % Math.max(1, sizes.length)] ?? 5);
        const read = frames.take(Buffer.from(stream.subarray(at, end)));
        assert.equal(read.bad, false);
        found.push(...read.messages);
        at = end;
      }
      assert.deepEqual(
        found,
        messages.map(({ body }) => body),
      );
    }),
  );
});

test('a stream that is none of syslog, or whose messages are too long, is given up', () => {
  const read = (text: string, linesOnly = false) => new SyslogFrames(20, linesOnly).take(Buffer.from(text));
  assert.deepEqual(read('<1>a\nGET / HTTP/1.1\r\n'), { messages: ['<1>a'], bad: true });
  assert.deepEqual(read('<1>a\r\nb c\n', true), { messages: ['<1>a', 'b c'], bad: false });
  for (const bad of ['012 <1>', '21 <1>', '1a <1>', '9999999999 ', ` <1>`, `<1>${'x'.repeat(20)}`])
    assert.equal(read(bad).bad, true, bad);
});
