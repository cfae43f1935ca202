import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { DATA_TYPES } from '../../../../src/config/tables/data-types.ts';
import { type Definition, putDefinition, readDefinition } from '../../../../src/control/peers/codec/definition.ts';
import { type Hello, helloText, readHello, readStatus, Status } from '../../../../src/control/peers/codec/handshake.ts';
import { Class, MessageStream, MessageTooLong, TableType } from '../../../../src/control/peers/codec/messages.ts';
import {
  ackMessage,
  putUpdate,
  readAck,
  readUpdate,
  type Update,
  type UpdateForm,
  updateRoom,
} from '../../../../src/control/peers/codec/update.ts';
import { PeersProtocolError } from '../../../../src/control/peers/codec/varint.ts';

/** What HAProxy 2.6 sent of its tables after a resync request, and of entries that were set afterwards. */
const CAPTURES = {
  binary: '0a820e0505745f62696e070804f0af91000a800d00000001683200000000000000',
  strings:
    '0a821f01062f745f7374720615f1f38e71f0eda30105f0e203160217031802f0971c' +
    '0a802e00000001067365636f6e6401f2e384fc7d000000060104737276310000000000f2e384fc7d0000f2e384fc7d0000',
  known:
    '0a821f01062f745f7374720615f1f38e71f0eda30105f0e203160217031802f0971c' +
    '0a80290000000206737469636b7901fbef84fc7d00000001010000000000fbef84fc7d0000fbef84fc7d0000',
  ip: '0a82120204745f69700404f431f0af91000af0e2030a801000000002c000020206faf084fc7d0000',
  integer: '0a820e0305745f696e74020404f0af91000a800c000000010000002af0af9100',
  ipv6: '0a820c0403745f36051002f0af91000a80150000000120010db800000000000000000000000109',
  timed:
    '0a82120204745f69700404f431f0af91000af0e2030a8512000000010004817ac000020105f7970107000a861000048185c000020206f3fef6fb7d0000',
} as const;

function newUpdate(): Update {
  return { id: null, expire: null, key: new Uint8Array(0), values: [], text: null };
}

/** Every message of a capture as text, and all of them written again. */
function told(hex: string): { readonly lines: string[]; readonly again: string } {
  const stream = new MessageStream(16_384);
  stream.push(Buffer.from(hex, 'hex'));
  const lines: string[] = [];
  const to = Buffer.alloc(65_536);
  let again = '';
  let form: UpdateForm | null = null;
  for (let message = stream.next(); message !== null; message = stream.next()) {
    assert.equal(message.class, Class.table);
    if (message.type === TableType.define) {
      const definition = readDefinition(message.body) as Definition;
      form = definition;
      const columns = definition.columns.map(
        ({ type, elements, period }) =>
          `${type.name}${type.array ? `[${elements}]` : ''}${period ? `(${period})` : ''}`,
      );
      const { id, name, keyType, keyLength, expire } = definition;
      lines.push(`${id} ${name} ${keyType}/${keyLength} ${expire}: ${columns}`);
      again += to.subarray(...putDefinition(to, 0, definition)).toString('hex');
    } else {
      const update = newUpdate();
      readUpdate(message.body, message.type, form!, update);
      const key = Buffer.from(update.key).toString(form!.keyType === 6 ? 'latin1' : 'hex');
      lines.push(`${update.id} ${update.expire} ${key} ${update.values} ${update.text}`);
      again += to.subarray(...putUpdate(to, 0, form!, update)).toString('hex');
    }
    assert.equal(message.body.left, 0);
  }
  return { lines, again };
}

describe('messages of HAProxy 2.6', () => {
  const STRINGS =
    '1 /t_str 6/21 600000: server_id,conn_rate(10000),bytes_out_cnt,server_key,gpt[2],gpc[3],gpc_rate[2](60000)';
  const READ: Readonly<Record<keyof typeof CAPTURES, readonly string[]>> = {
    binary: ['5 t_bin 7/8 300000: gpc0', '1 null 6832000000000000 0 null'],
    strings: [STRINGS, '1 null second 1,4260638498,0,0,0,1,0,0,0,0,0,4260638498,0,0,4260638498,0,0 srv1'],
    known: [STRINGS, '2 null sticky 1,4260638699,0,0,0,1,0,0,0,0,0,4260638699,0,0,4260638699,0,0 null'],
    ip: ['2 t_ip 4/4 300000: gpc0,http_req_rate(10000)', '2 null c0000202 6,4260638714,0,0 null'],
    integer: ['3 t_int 2/4 300000: gpc0', '1 null 0000002a 300000 null'],
    ipv6: ['4 t_6 5/16 300000: gpt0', '1 null 20010db8000000000000000000000001 9 null'],
    timed: [
      '2 t_ip 4/4 300000: gpc0,http_req_rate(10000)',
      '1 295290 c0000201 5,4711,7,0 null',
      'null 295301 c0000202 6,4260610259,0,0 null',
    ],
  };

  for (const [name, hex] of Object.entries(CAPTURES) as [keyof typeof CAPTURES, string][]) {
    it(`are read and written to the letter: ${name}`, () => {
      const { lines, again } = told(hex);
      assert.deepEqual(lines, READ[name]);
      assert.equal(again, hex);
    });
  }
});

const column = fc.constantFrom(...DATA_TYPES).chain((type) =>
  fc.record({
    type: fc.constant(type),
    elements: type.array ? fc.integer({ min: 1, max: 5 }) : fc.constant(1),
    period: type.kind === 'rate' ? fc.integer({ min: 1, max: 2 ** 31 }) : fc.constant(0),
  }),
);
const columns = fc
  .uniqueArray(column, { selector: ({ type }) => type.id, maxLength: 8 })
  .map((all) => all.sort((a, b) => a.type.id - b.type.id));
const keyForm = fc.oneof(
  fc.record({ keyType: fc.constant(6), keyLength: fc.integer({ min: 2, max: 300 }) }),
  fc.record({ keyType: fc.constantFrom(2, 4), keyLength: fc.constant(4) }),
  fc.record({ keyType: fc.constant(7), keyLength: fc.integer({ min: 1, max: 300 }) }),
);
const uint32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const valueOf = {
  sint: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
  uint: uint32,
  ull: fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
  rate: uint32,
} as const;
const update = fc.tuple(keyForm, columns).chain(([key, all]) => {
  const form: UpdateForm = { ...key, columns: all };
  const numbers = all.flatMap(({ type: { kind }, elements }) =>
    kind === 'dict'
      ? [fc.integer({ min: 0, max: 128 })]
      : Array.from({ length: elements * (kind === 'rate' ? 3 : 1) }, () => valueOf[kind]),
  );
  const bytes =
    key.keyType === 6
      ? fc.uint8Array({ maxLength: key.keyLength - 1 })
      : fc.uint8Array({ minLength: key.keyLength, maxLength: key.keyLength });
  return fc.record({
    form: fc.constant(form),
    id: fc.option(uint32),
    expire: fc.option(uint32),
    key: bytes,
    values: fc.tuple(...numbers),
    text: fc.option(fc.string({ minLength: 1, maxLength: 40 })),
  });
});

describe('an update', () => {
  it('is read as it was written, however it is cut on its way', () => {
    fc.assert(
      fc.property(update, fc.integer({ min: 1, max: 50 }), ({ form, ...wanted }, step) => {
        const dictionary = form.columns.findIndex(({ type }) => type.kind === 'dict');
        const before = form.columns.slice(0, Math.max(0, dictionary));
        const at = before.reduce((n, { type, elements }) => n + elements * (type.kind === 'rate' ? 3 : 1), 0);
        const text = dictionary < 0 || wanted.values[at] === 0 ? null : wanted.text;
        const to = Buffer.alloc(updateRoom(form));
        const message = to.subarray(...putUpdate(to, 0, form, { ...wanted, text }));
        const stream = new MessageStream(updateRoom(form));
        let got = null;
        for (let i = 0; i < message.length; i += step) {
          assert.equal(got, null);
          stream.push(message.subarray(i, i + step));
          got = stream.next();
        }
        const read = newUpdate();
        readUpdate(got!.body, got!.type, form, read);
        assert.deepEqual(
          { ...read, key: [...read.key] },
          { id: wanted.id, expire: wanted.expire, key: [...wanted.key], values: wanted.values, text },
        );
      }),
    );
  });

  it('is refused, and harms nothing, when it is garbage', () => {
    const form: UpdateForm = {
      keyType: 6,
      keyLength: 20,
      columns: DATA_TYPES.map((type) => ({ type, elements: 2, period: 1 })),
    };
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const stream = new MessageStream(100);
        stream.push(bytes);
        const read = newUpdate();
        try {
          for (let message = stream.next(); message !== null; message = stream.next()) {
            if (message.type === TableType.define) readDefinition(message.body);
            else if (message.type === TableType.ack) readAck(message.body);
            else readUpdate(message.body, message.type, form, read);
          }
        } catch (error) {
          assert.ok(error instanceof PeersProtocolError, String(error));
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('of an unknown size is refused before it is kept', () => {
    const stream = new MessageStream(100);
    stream.push(Buffer.from('0a80f0ffffff', 'hex'));
    assert.equal(stream.next(), null);
    stream.push(Buffer.from('01', 'hex'));
    assert.throws(() => stream.next(), MessageTooLong);
  });

  it('is acknowledged with the number of the sender’s table', () => {
    const stream = new MessageStream(100);
    stream.push(ackMessage(300, 2 ** 32 - 1));
    const { type, body } = stream.next()!;
    assert.equal(type, TableType.ack);
    assert.deepEqual(readAck(body), { id: 300, update: 2 ** 32 - 1 });
  });
});

const plain = (value: unknown) => JSON.parse(JSON.stringify(value)) as unknown;

describe('a definition', () => {
  it('is read as it was written', () => {
    fc.assert(
      fc.property(
        keyForm,
        columns,
        uint32,
        fc.string({ minLength: 1, maxLength: 100 }),
        uint32,
        (key, all, id, name, expire) => {
          const to = Buffer.alloc(4096);
          const definition: Definition = { ...key, id, name, expire, columns: all };
          const stream = new MessageStream(4096);
          stream.push(to.subarray(...putDefinition(to, 0, definition)));
          assert.deepEqual(plain(readDefinition(stream.next()!.body)), plain(definition));
        },
      ),
    );
  });

  it('has no columns when the length of an array is missing, or another type’s', () => {
    const columnsOf = (hex: string) => {
      const stream = new MessageStream(4096);
      stream.push(Buffer.from(hex, 'hex'));
      return readDefinition(stream.next()!.body).columns;
    };
    // gpc (bit 23) is f0 f1 87 3e .. as a field of bits; written by putDefinition and cut.
    const to = Buffer.alloc(4096);
    const gpc = DATA_TYPES.find(({ name }) => name === 'gpc')!;
    const [start, end] = putDefinition(to, 0, {
      ...{ id: 1, name: 't', keyType: 4, keyLength: 4, expire: 1 },
      columns: [{ type: gpc, elements: 3, period: 0 }],
    });
    const whole = to.subarray(start, end);
    assert.equal(columnsOf(whole.toString('hex'))?.length, 1);
    const other = Buffer.from(whole);
    other[other.length - 2] = 5;
    assert.equal(columnsOf(other.toString('hex')), null);
    const cut = Buffer.from(whole.subarray(0, -3));
    cut[2]! -= 3;
    assert.equal(columnsOf(cut.toString('hex')), null);
  });
});

describe('a hello', () => {
  const hello: Hello = { minor: 1, to: 'b', from: 'a' };

  it('has three lines', () => {
    assert.equal(helloText(hello, 42), 'HAProxyS 2.1\nb\na 42 1\n');
    const text = helloText(hello, 42);
    assert.deepEqual(readHello(`${text}rest`), { hello, length: text.length });
    assert.deepEqual(readHello(text.replaceAll('\n', '\r\n')), { hello, length: text.length + 3 });
  });

  it('is waited for line by line, and refused by the first that is wrong', () => {
    const CASES: readonly [string, ReturnType<typeof readHello>][] = [
      ['', null],
      ['HAProxyS 2.1\nb\na 4', null],
      ['GET / HTTP/1.1\r\n', Status.protocol],
      ['HAProxyS 2.2\n', Status.version],
      ['HAProxyS 3.0\n', Status.version],
      ['HAProxyS 2.x\n', Status.version],
      ['HAProxyS 2.0\nb\na\n', Status.protocol],
      ['x'.repeat(2000), Status.protocol],
    ];
    for (const [text, wanted] of CASES) assert.equal(readHello(text), wanted, text);
  });

  it('is answered by a number', () => {
    assert.deepEqual(readStatus('200\n\0\0'), { status: 200, length: 4 });
    assert.deepEqual(readStatus('20'), null);
    assert.deepEqual(readStatus('hello\n'), { status: 0, length: 6 });
    assert.equal(readStatus('x'.repeat(100))?.status, 0);
  });
});
