import assert from 'node:assert/strict';
import { connect } from 'node:http2';
import { createServer } from 'node:net';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { encodeField, encodeStatus, HpackDecoder } from '../../../src/traffic/h2/hpack.ts';
import { decodeHuffman } from '../../../src/traffic/h2/huffman.ts';

type Field = [string, string];

/** Fields of a block, null when it is malformed. */
function decode(decoder: HpackDecoder, block: Buffer): Field[] | null {
  const fields: Field[] = [];
  const framed = Buffer.concat([Buffer.from([0x82, 0xff]), block, Buffer.from([0x84, 0x00])]);
  const ok = decoder.decode(framed, 2, 2 + block.length, { field: (name, value) => fields.push([name, value]) });
  return ok ? fields : null;
}

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');

/** Codes of RFC 7541, Appendix B: all of 5 and 6 bits, and some of the longest. */
const CODES = new Map<string, string>();
for (const [i, c] of [...'012aceiost'].entries()) CODES.set(c, i.toString(2).padStart(5, '0'));
for (const [i, c] of [...' %-./3456789=A_bdfghlmnpru'].entries())
  CODES.set(c, (0b010100 + i).toString(2).padStart(6, '0'));
CODES.set('\0', '1111111111000')
  .set('\xff', (0x3ffffee).toString(2))
  .set('\n', (0x3ffffffc).toString(2))
  .set('\r', (0x3ffffffd).toString(2));

function huffman(text: string, padding = '1'): Buffer {
  let bits = [...text].map((c) => CODES.get(c)!).join('');
  while (bits.length % 8 !== 0) bits += padding;
  return Buffer.from(bits.match(/.{8}/g)?.map((byte) => Number.parseInt(byte, 2)) ?? []);
}

suite('header compression', () => {
  test('a first request, with a literal that is indexed (RFC 7541, C.3 and C.4)', () => {
    const plain = [
      '828684410f7777772e6578616d706c652e636f6d',
      '828684be58086e6f2d6361636865',
      '828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565',
    ];
    const coded = [
      '828684418cf1e3c2e5f23a6ba0ab90f4ff',
      '828684be5886a8eb10649cbf',
      '828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf',
    ];
    const base = (scheme: string, path: string): Field[] => [
      [':method', 'GET'],
      [':scheme', scheme],
      [':path', path],
      [':authority', 'www.example.com'],
    ];
    const expected = [
      base('http', '/'),
      [...base('http', '/'), ['cache-control', 'no-cache']],
      [...base('https', '/index.html'), ['custom-key', 'custom-value']],
    ];
    for (const blocks of [plain, coded]) {
      const decoder = new HpackDecoder(4096);
      assert.deepEqual(
        blocks.map((block) => decode(decoder, hex(block))),
        expected,
      );
    }
  });

  test('entries leave a small table in their order (RFC 7541, C.5 and C.6)', () => {
    const blocks = [
      '3fe101 4803333032580770726976617465611d4d6f6e2c203231204f637420323031332032303a31333a323120474d546e1768747470733a2f2f7777772e6578616d706c652e636f6d',
      '4803333037c1c0bf',
      '88c1611d4d6f6e2c203231204f637420323031332032303a31333a323220474d54c05a04677a69707738666f6f3d4153444a4b48514b425a584f5157454f50495541585157454f49553b206d61782d6167653d333630303b2076657273696f6e3d31',
    ];
    const decoder = new HpackDecoder(4096);
    const [first, second, third] = blocks.map((block) => decode(decoder, hex(block)));
    const rest: Field[] = [
      ['cache-control', 'private'],
      ['date', 'Mon, 21 Oct 2013 20:13:21 GMT'],
      ['location', 'https://www.example.com'],
    ];
    assert.deepEqual(first, [[':status', '302'], ...rest]);
    assert.deepEqual(second, [[':status', '307'], ...rest]);
    assert.deepEqual(third, [
      [':status', '200'],
      ['cache-control', 'private'],
      ['date', 'Mon, 21 Oct 2013 20:13:22 GMT'],
      ['location', 'https://www.example.com'],
      ['content-encoding', 'gzip'],
      ['set-cookie', 'foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1'],
    ]);
  });

  test('what another implementation compresses over many requests is read', async () => {
    const blocks: Buffer[] = [];
    const sent: Record<string, string>[] = [];
    const server = createServer((socket) => {
      let held = Buffer.alloc(0);
      let preface = 24;
      socket.on('error', () => {});
      socket.on('data', (chunk: Buffer) => {
        held = Buffer.concat([held, chunk]);
        if (preface > 0 && held.length >= preface) {
          held = held.subarray(preface);
          preface = 0;
        }
        while (preface === 0 && held.length >= 9 && held.length >= 9 + held.readUIntBE(0, 3)) {
          const length = held.readUIntBE(0, 3);
          if (held[3] === 1) blocks.push(Buffer.from(held.subarray(9 + ((held[4]! & 0x20) !== 0 ? 5 : 0), 9 + length)));
          held = held.subarray(9 + length);
        }
        if (blocks.length === sent.length && sent.length === 50) done();
      });
      socket.write(Buffer.from('000000040000000000', 'hex'));
    });
    let done = (): void => {};
    const all = new Promise<void>((resolve) => {
      done = resolve;
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const client = connect(`http://127.0.0.1:${(server.address() as { port: number }).port}`);
    client.on('error', () => {});
    const visible = Array.from({ length: 95 }, (_, i) => String.fromCharCode(33 + (i % 94))).join('');
    for (let i = 0; i < 50; i++) {
      const headers = {
        ':path': `/${i % 7}`,
        'x-a': `value ${i % 11}`,
        [`x-${i % 5}`]: visible.slice(i, i + 40),
        'x-long': 'y'.repeat(i * 13),
      };
      sent.push(headers);
      client.request(headers).on('error', () => {});
    }
    await all;
    client.destroy();
    server.close();
    const decoder = new HpackDecoder(4096);
    for (const [i, block] of blocks.entries()) {
      const fields = decode(decoder, block);
      assert.ok(fields !== null, `block ${i}`);
      const got = Object.fromEntries(fields);
      for (const [name, value] of Object.entries(sent[i]!)) assert.equal(got[name], value);
    }
  });

  test('what is written here is read here', () => {
    const name = fc.string({ unit: fc.constantFrom('a', 'b', '-', 'x'), minLength: 1, maxLength: 20 });
    const value = fc.string({
      unit: fc.integer({ min: 32, max: 255 }).map((c) => String.fromCharCode(c)),
      maxLength: 400,
    });
    fc.assert(
      fc.property(
        fc.integer({ min: 100, max: 999 }),
        fc.array(fc.tuple(fc.oneof(name, fc.constantFrom('server', 'set-cookie')), value)),
        (status, fields) => {
          const out = Buffer.alloc(20_000);
          let at = encodeStatus(out, 0, status);
          for (const [field, text] of fields) at = encodeField(out, at, field, text);
          assert.deepEqual(decode(new HpackDecoder(4096), out.subarray(0, at)), [
            [':status', String(status)],
            ...fields,
          ]);
        },
      ),
    );
  });

  test('no block makes the decoder throw, and what it keeps stays within the table', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 80 }), { maxLength: 5 }), (blocks) => {
        const decoder = new HpackDecoder(4096);
        for (const block of blocks) {
          const fields = decode(decoder, Buffer.from(block));
          assert.ok(fields === null || fields.length <= block.length);
        }
      }),
      { numRuns: 2000 },
    );
  });

  test('malformed blocks are refused', () => {
    const cases: [string, string][] = [
      ['80', 'index 0'],
      ['be', 'index behind both tables'],
      ['ff8080808080', 'integer without end'],
      ['ffffffffff7f', 'integer too large'],
      ['00', 'name is missing'],
      ['0001', 'name is cut'],
      ['000161', 'value is missing'],
      ['00016105616263', 'value is cut'],
      ['82 20', 'table size behind a field'],
      ['3fe21f', 'table size above the setting'],
      ['000181ff', 'padding of a whole byte'],
    ];
    for (const [block, why] of cases) assert.equal(decode(new HpackDecoder(4096), hex(block)), null, why);
  });

  test('a table of size 0 forgets everything', () => {
    const decoder = new HpackDecoder(4096);
    decode(decoder, hex('4001610162'));
    assert.deepEqual(decode(decoder, hex('be')), [['a', 'b']]);
    assert.deepEqual(decode(decoder, hex('20 3fe11f 82')), [[':method', 'GET']]);
    assert.equal(decode(decoder, hex('be')), null);
  });

  test('until a smaller table is agreed upon, the peer may use one of the default size', () => {
    const decoder = new HpackDecoder(0);
    decode(decoder, hex('4001610162'));
    assert.deepEqual(decode(decoder, hex('be')), [['a', 'b']]);
  });
});

suite('Huffman code', () => {
  test('what the code of the RFC encodes is read', () => {
    const symbol = fc.constantFrom(...CODES.keys());
    fc.assert(
      fc.property(fc.array(symbol, { maxLength: 60 }), fc.nat(5), (symbols, before) => {
        const text = symbols.join('');
        const bytes = Buffer.concat([Buffer.alloc(before, 0x55), huffman(text), Buffer.from([0xff])]);
        assert.equal(decodeHuffman(bytes, before, bytes.length - 1), text);
      }),
      { numRuns: 500 },
    );
  });

  test('padding must be ones and shorter than a byte, and the end must not come', () => {
    assert.equal(decodeHuffman(huffman('a', '0'), 0, 1), null);
    assert.equal(decodeHuffman(Buffer.concat([huffman('a'), Buffer.from([0xff])]), 0, 2), null);
    assert.equal(decodeHuffman(hex('ffffffff'), 0, 4), null);
    assert.equal(decodeHuffman(Buffer.alloc(0), 0, 0), '');
  });
});
