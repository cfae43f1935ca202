import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { formatAddress, parseAddress } from '../../src/config/address.ts';
import { parseInteger, parseSize, parseTime } from '../../src/config/units.ts';

describe('times and sizes', () => {
  it('reads every unit', () => {
    assert.deepEqual(
      ['10', '10ms', '10s', '2m', '3h', '1d', '1500us'].map((text) => parseTime(text)),
      [10, 10, 10_000, 120_000, 10_800_000, 86_400_000, 2],
    );
    assert.deepEqual(
      ['10', '10s', '1m', '1d'].map((text) => parseTime(text, 's')),
      [10, 10, 60, 86_400],
    );
    assert.deepEqual(
      ['10', '16k', '1M', '2g'].map((text) => parseSize(text)),
      [10, 16_384, 1_048_576, 2_147_483_648],
    );
  });

  it('reports an overflow above 2^31-1 milliseconds, however it is written', () => {
    assert.equal(parseTime('2147483647'), 2_147_483_647);
    for (const text of ['2147483648', '25d', '1000h', '9'.repeat(400)])
      assert.deepEqual(parseTime(text), { error: 'overflow' });
    assert.deepEqual(parseSize('5g'), { error: 'overflow' });
  });

  it('names the character that does not belong', () => {
    assert.deepEqual(parseTime('3x'), { error: 'character', character: 'x' });
    assert.deepEqual(parseTime('0.5s'), { error: 'character', character: '.' });
    assert.deepEqual(parseTime('3sec'), { error: 'character', character: 'e' });
    assert.deepEqual(parseTime(''), { error: 'character', character: '' });
    assert.deepEqual(parseSize('3kb'), { error: 'character', character: 'b' });
    assert.deepEqual(parseSize('-1'), { error: 'character', character: '-' });
  });

  it('never gives anything but a whole number in range or an error', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ maxLength: 8 }),
          fc.tuple(fc.nat(), fc.constantFrom('', 'us', 'ms', 's', 'm', 'h', 'd', 'k')).map(([n, u]) => n + u),
        ),
        (text) => {
          for (const value of [parseTime(text), parseTime(text, 's'), parseSize(text)]) {
            if (typeof value === 'number') assert.ok(Number.isInteger(value) && value >= 0 && value <= 0xffff_ffff);
            else assert.ok(value.error === 'overflow' || value.error === 'character');
          }
        },
      ),
    );
  });

  it('takes only whole numbers for integers', () => {
    assert.deepEqual(['0', '-5', '+7', '007', '1e3', '0x10', '', ' 1', '12x', '9'.repeat(20)].map(parseInteger), [
      0,
      -5,
      7,
      7,
      null,
      null,
      null,
      null,
      null,
      null,
    ]);
  });
});

describe('addresses', () => {
  const listen = { port: 'required' as const, range: true };
  const at = (text: string, rules = {}) => {
    const parsed = parseAddress(text, rules);
    return 'error' in parsed
      ? parsed.error
      : `${parsed.address.family} ${formatAddress(parsed.address)}${parsed.type === null ? '' : ` ${parsed.type}`}`;
  };

  it('reads the forms of the manual', () => {
    const forms: [string, string][] = [
      ['*:80', 'inet 0.0.0.0:80'],
      [':80', 'inet 0.0.0.0:80'],
      [':::80', 'inet6 [::]:80'],
      ['[::1]:80', 'inet6 [::1]:80'],
      ['::1:80', 'inet6 [::1]:80'],
      ['ipv6@:80', 'inet6 [::]:80'],
      ['ipv4@*:80', 'inet 0.0.0.0:80'],
      ['10.0.0.1:8000-8010', 'inet 10.0.0.1:8000-8010'],
      ['localhost:80', 'name localhost:80'],
      ['/run/x.sock', 'unix /run/x.sock'],
      ['unix@run/x.sock', 'unix run/x.sock'],
      ['abns@name', 'abns abns@name'],
      ['abnsz@name', 'abns abnsz@name'],
      ['fd@7', 'fd fd@7'],
      ['stream+fd@7', 'fd fd@7 stream'],
      ['stream+ipv4@127.0.0.1:80', 'inet 127.0.0.1:80 stream'],
      ['tcp6@[::1]:80', 'inet6 [::1]:80 stream'],
      ['udp@127.0.0.1:53', 'inet 127.0.0.1:53 datagram'],
    ];
    for (const [text, expected] of forms) assert.equal(at(text, listen), expected, text);
    assert.equal(at('10.0.0.1:+100', { offset: true }), 'inet 10.0.0.1:+100');
    assert.equal(at('10.0.0.1'), 'inet 10.0.0.1:0');
    assert.equal(at('_http._tcp.example.org'), 'name _http._tcp.example.org:0');
    assert.equal(at('ring@r'), 'ring ring@r');
    assert.equal(at('unix@x', { unixPrefix: '/jail/' }), 'unix /jail/x');
  });

  it("says what is wrong in HAProxy's words", () => {
    const mistakes: [string, string][] = [
      [':0', "invalid port '0'"],
      [':99999', "invalid port '99999'"],
      [':80-70', "invalid port range '80-70'"],
      ['127.0.0.1', "missing port specification in '127.0.0.1'"],
      ['127.0.0.1:', "missing port number: '127.0.0.1:'"],
      ['127.0.0.1:x', "invalid character 'x' in port number 'x' in '127.0.0.1:x'"],
      ['ipv4@[::1]:80', "invalid address: '[::1]' in 'ipv4@[::1]:80'"],
      ['300.1.1.1:80', "invalid address: '300.1.1.1' in '300.1.1.1:80'"],
      ['fd@x', "file descriptor 'x' is not a valid integer in 'fd@x'"],
      [':+80', "port offset not permitted here in ':+80'"],
      ['', "'' resolves to an empty address (environment variable missing?)"],
      [`/${'x'.repeat(108)}`, `socket path '/${'x'.repeat(108)}' too long (max 107)`],
    ];
    for (const [text, expected] of mistakes) assert.equal(at(text, listen), expected, text);
    assert.equal(at('1.1.1.1:80-90'), "port range not permitted here in '1.1.1.1:80-90'");
  });

  it('reads back what it prints', () => {
    const port = fc.integer({ min: 1, max: 65_535 });
    const host = fc.oneof(
      fc.ipV4(),
      fc.ipV6().map((ip) => `[${ip}]`),
      fc.domain(),
    );
    fc.assert(
      fc.property(host, port, (name, number) => {
        const first = parseAddress(`${name}:${number}`, listen);
        assert.ok(!('error' in first));
        assert.deepEqual(parseAddress(formatAddress(first.address), listen), first);
      }),
    );
  });

  it('gives an address or an error for any text', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(...'0123456789abcfd.:@[]+-*/_x'.split('')), maxLength: 30 }),
        (text) => {
          const parsed = parseAddress(text, { range: true, offset: true });
          if ('error' in parsed) assert.ok(parsed.error.length > 0);
          else if ('port' in parsed.address)
            assert.ok(parsed.address.port <= 65_535 && parsed.address.portEnd >= parsed.address.port);
        },
      ),
    );
  });
});
