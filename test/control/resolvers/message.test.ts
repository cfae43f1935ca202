import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { encode } from 'dns-packet';
import fc from 'fast-check';
import { buildQuery, isQueryName, type QueryType, readAnswer } from '../../../src/control/resolvers/message.ts';
import { a, aaaa, cname, response, srv } from './fake-dns.ts';

const query = (name = 'one.test', type: QueryType = 'A') => buildQuery(0x446d, name, type, 512);
const bytesOf = (asked: ReturnType<typeof query>) => Buffer.from(asked.bytes);
const read = (asked: ReturnType<typeof query>, reply: Parameters<typeof response>[1]) =>
  readAnswer(response(bytesOf(asked), reply), asked, 512);

describe('a query', () => {
  it('has the bytes of HAProxy’s', () => {
    const expected = '446d01000001000000000001036f6e65047465737400001c00010000290200000000000000';
    assert.equal(bytesOf(query('one.test', 'AAAA')).toString('hex'), expected);
  });

  it('is made for names that DNS can carry', () => {
    for (const name of ['a', 'one.test', '_http._tcp.srv.test', `${'x'.repeat(63)}.test`])
      assert.ok(isQueryName(name), name);
    for (const name of [
      '',
      '.',
      'a..b',
      'a.',
      `${'x'.repeat(64)}.test`,
      'x.'.repeat(126) + 'yy',
      'naïve.test',
      'a b',
    ]) {
      assert.ok(!isQueryName(name), name);
    }
  });
});

describe('an answer', () => {
  it('has the addresses of the name that was asked for, whatever its case', () => {
    assert.deepEqual(read(query(), { answers: a('ONE.test', '127.0.0.1', '127.0.0.2') }), {
      records: [
        { type: 'A', address: '127.0.0.1' },
        { type: 'A', address: '127.0.0.2' },
      ],
    });
    const answers = [cname('one.test', 'two.test'), cname('two.test', 'three.test'), ...aaaa('three.test', '::1')];
    assert.deepEqual(read(query('one.test', 'AAAA'), { answers }), { records: [{ type: 'AAAA', address: '::1' }] });
  });

  it('has services with their targets’ addresses', () => {
    const answers = [
      srv('_x._tcp.test', 'H1.test', 81, 10),
      srv('_x._tcp.test', 'h2.test', 82, 65_535),
      srv('_x._tcp.test', '.', 0),
    ];
    assert.deepEqual(
      read(query('_x._tcp.test', 'SRV'), { answers, additionals: a('h2.test', '10.0.0.2', '10.0.0.3') }),
      {
        records: [
          { type: 'SRV', target: 'h1.test', port: 81, weight: 10, address: null },
          { type: 'SRV', target: 'h2.test', port: 82, weight: 65_535, address: '10.0.0.2' },
        ],
      },
    );
  });

  it('is none when it says so, or names lead nowhere', () => {
    const errors: readonly (readonly [Parameters<typeof response>[1], string])[] = [
      [{ rcode: 3 }, 'nx'],
      [{ rcode: 5 }, 'refused'],
      [{ rcode: 2 }, 'other'],
      [{}, 'any_err'],
      [{ truncated: true }, 'truncated'],
      [{ answers: [cname('one.test', 'two.test')] }, 'cname_error'],
      [{ answers: [cname('one.test', 'two.test'), ...a('other.test', '127.0.0.1')] }, 'cname_error'],
      [{ answers: [cname('one.test', 'one.test'), cname('one.test', 'one.test')] }, 'cname_error'],
      [{ answers: a('other.test', '127.0.0.1') }, 'invalid'],
      [{ answers: aaaa('one.test', '::1') }, 'other'],
      [{ answers: [srv('one.test', 'h.test', 1)] }, 'other'],
    ];
    for (const [reply, error] of errors) assert.deepEqual(read(query(), reply), { error }, JSON.stringify(reply));
    assert.deepEqual(read(query('_x.test', 'SRV'), { answers: [srv('_x.test', '.', 0)] }), { error: 'other' });
  });

  it('is not taken for one when it is about another question, or no response', () => {
    const asked = query();
    const good = { answers: a('one.test', '127.0.0.1') };
    assert.deepEqual(readAnswer(response(bytesOf(query('two.test')), good), asked, 512), 'stray');
    assert.deepEqual(readAnswer(response(bytesOf(query('one.test', 'AAAA')), good), asked, 512), 'stray');
    assert.deepEqual(readAnswer(asked.bytes, asked, 512), 'stray');
    const nothing = encode({ type: 'response', id: asked.id, answers: a('one.test', '127.0.0.1') });
    assert.deepEqual(readAnswer(nothing, asked, 512), 'stray');
    // A name that does not exist is told only together with the question.
    assert.deepEqual(readAnswer(encode({ type: 'response', id: asked.id, flags: 3 }), asked, 512), 'stray');
    assert.deepEqual(readAnswer(encode({ type: 'response', id: asked.id, flags: 5 }), asked, 512), {
      error: 'refused',
    });
  });

  it('with more records than its size can hold is refused before they are read', () => {
    const bytes = response(bytesOf(query()), { answers: a('one.test', '127.0.0.1') });
    bytes.writeUInt16BE(0xffff, 6);
    assert.deepEqual(readAnswer(bytes, query(), 512), { error: 'invalid' });
  });

  it('of any bytes is read without a throw, in little time', () => {
    const good = response(bytesOf(query()), {
      answers: [cname('one.test', 'two.test'), ...a('two.test', '10.0.0.1', '10.0.0.2')],
      additionals: aaaa('two.test', '::1'),
    });
    const changed = fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { maxLength: 6 }).map((edits) => {
      const bytes = Buffer.from(good);
      for (const [at, value] of edits) bytes[at] = value;
      return bytes;
    });
    const started = performance.now();
    fc.assert(
      fc.property(fc.oneof(changed, fc.uint8Array({ maxLength: 600 })), (bytes) => {
        const answer = readAnswer(bytes, query(), 512);
        if (typeof answer === 'object' && 'records' in answer)
          for (const record of answer.records) assert.equal(record.type, 'A');
      }),
      { numRuns: 2000 },
    );
    // Names that point back and forth, as many as fit.
    const loops = Buffer.alloc(65_535);
    good.copy(loops);
    loops.writeUInt16BE(5000, 6);
    for (let at = good.length; at + 2 < loops.length; at += 2)
      loops.writeUInt16BE(0xc000 | (at - 2 < 0x4000 ? at - 2 : 12), at);
    readAnswer(loops, query(), 65_535);
    assert.ok(performance.now() - started < 5000);
  });
});
