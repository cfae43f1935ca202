import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { fieldLine, Head } from '../../../src/traffic/h1/head.ts';
import { headersOf, parseInto, serialised } from './messages.ts';

const name = fc.constantFrom('a', 'b', 'x-long-name', 'cookie');
const value = fc
  .string({ unit: fc.constantFrom('x', 'y', '\xe9', ',', ' '), maxLength: 60 })
  .map((text) => text.trim());
const line = fc
  .tuple(name, value, fc.constantFrom(': ', ':', ':  '), fc.constantFrom('\r\n', '\n'))
  .map(([field, text, colon, eol]) => ({ field, text, raw: `${field.toUpperCase()}${colon}${text}${eol}` }));

const edit = fc.oneof(
  fc.record({
    what: fc.constantFrom('add' as const, 'set' as const),
    name,
    value,
    line: fc.constantFrom('none', 'name', 'whole'),
  }),
  fc.record({ what: fc.constant('look' as const), at: fc.nat(60) }),
  fc.record({ what: fc.constant('remove' as const), name }),
  fc.record({ what: fc.constantFrom('removeAt' as const, 'setAt' as const), at: fc.nat(60), value }),
  fc.record({ what: fc.constantFrom('method' as const, 'uri' as const), value: fc.constantFrom('PUT', '/other') }),
  fc.constant({ what: 'own' as const }),
);

/** What a rule has of a field before there is a request. */
function lineOf({ name, value, line }: { name: string; value: string; line: string }): Uint8Array | null {
  return line === 'none' ? null : fieldLine(name, line === 'whole' ? value : null);
}

/** A head as a list. */
class Model {
  method = 'GET';
  uri = '/';
  entries: ([string, string] | null)[];

  constructor(entries: [string, string][]) {
    this.entries = entries;
  }

  remove(field: string): void {
    this.entries = this.entries.map((entry) => (entry?.[0] === field ? null : entry));
  }

  /** As HAProxy counts: 29 and the texts, without what stands between them. */
  get counted(): number {
    const fields = this.entries.map((entry) => (entry === null ? 0 : entry[0].length + entry[1].length));
    return fields.reduce((sum, size) => sum + size, 29 + this.method.length + this.uri.length);
  }

  get text(): string {
    const lines = this.entries.map((entry) => (entry === null ? '' : `${entry[0]}: ${entry[1]}\r\n`));
    return `${this.method} ${this.uri} HTTP/1.1\r\n${lines.join('')}\r\n`;
  }
}

suite('head of a message', () => {
  test('edits have the effect that they have on a list', () => {
    fc.assert(
      fc.property(
        fc.array(line, { maxLength: 40 }),
        fc.array(edit, { maxLength: 40 }),
        fc.nat(9),
        (lines, edits, before) => {
          const bytes = Buffer.from(
            `${'x'.repeat(before)}GET / HTTP/1.1\r\n${lines.map((l) => l.raw).join('')}\r\n`,
            'latin1',
          );
          const head = new Head();
          assert.equal(parseInto(head, 'request', bytes, before, bytes.length), bytes.length);
          head.fixSize();
          const model = new Model(lines.map(({ field, text }) => [field, text]));
          const came = model.counted;
          for (const one of edits) {
            switch (one.what) {
              case 'add':
                head.addHeader(one.name, one.value, lineOf(one));
                model.entries.push([one.name, one.value]);
                break;
              case 'set':
                head.setHeader(one.name, one.value, lineOf(one));
                model.remove(one.name);
                model.entries.push([one.name, one.value]);
                break;
              case 'remove':
                head.removeHeader(one.name);
                model.remove(one.name);
                break;
              case 'removeAt':
              case 'setAt': {
                const at = one.at % Math.max(1, model.entries.length);
                const entry = model.entries[at];
                if (!entry) break;
                if (one.what === 'removeAt') head.removeAt(at);
                else head.setValueAt(at, one.value);
                model.entries[at] = one.what === 'removeAt' ? null : [entry[0], one.value];
                break;
              }
              case 'look': {
                const at = one.at % Math.max(1, model.entries.length);
                if (model.entries.length > 0) assert.equal(head.headerValue(at), model.entries[at]?.[1] ?? '');
                break;
              }
              case 'own':
                head.own();
                bytes.fill(0);
                break;
              default:
                head[one.what] = one.value;
                model[one.what] = one.value;
            }
          }
          assert.deepEqual(
            headersOf(head),
            model.entries.filter((entry) => entry !== null),
          );
          assert.equal(serialised(head).latin1Slice(), model.text);
          assert.deepEqual([head.countedSize(), head.editedSize()], [came, model.counted]);
          for (const field of ['a', 'b', 'x-long-name', 'cookie', 'none']) {
            const found: number[] = [];
            for (let i = head.findHeader(field, 0); i >= 0; i = head.findHeader(field, i + 1)) found.push(i);
            assert.deepEqual(
              found,
              [...model.entries.keys()].filter((i) => model.entries[i]?.[0] === field),
            );
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  test('lines that grow when they are written have room', () => {
    const bytes = Buffer.from(`GET / HTTP/1.1\n${'a:b\n'.repeat(100)}\n`);
    const head = new Head();
    assert.ok(parseInto(head, 'request', bytes, 0, bytes.length) > 0);
    assert.equal(serialised(head).latin1Slice(), `GET / HTTP/1.1\r\n${'a: b\r\n'.repeat(100)}\r\n`);
  });

  test('the size of a head that was given up does not count for the next', () => {
    const head = new Head();
    const first = Buffer.from(`${'x'.repeat(200)}GET /a`);
    parseInto(head, 'request', first, 200, first.length);
    head.reset();
    head.isRequest = false;
    head.status = 200;
    head.reasonText = 'OK';
    assert.equal(serialised(head).latin1Slice(), 'HTTP/1.1 200 OK\r\n\r\n');
  });

  test('a head that is used again knows nothing of the message before', () => {
    const head = new Head();
    const first = Buffer.from(
      'POST /a HTTP/1.0\r\nconnection: keep-alive\r\ncontent-length: 3\r\nexpect: 100-continue\r\nhost: a\r\n\r\n',
    );
    parseInto(head, 'request', first, 0, first.length);
    head.addHeader('a', 'b');
    head.uri = '/b';
    const second = Buffer.from('GET / HTTP/1.1\r\nx: y\r\n\r\n');
    parseInto(head, 'request', second, 0, second.length);
    assert.equal(serialised(head).latin1Slice(), 'GET / HTTP/1.1\r\nx: y\r\n\r\n');
    assert.deepEqual(
      [head.contentLength, head.connKeepAlive, head.expectContinue, head.hostIndex],
      [-1, false, false, -1],
    );
  });
});
