import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { registry } from '../../src/runtime/server.ts';
import { exchange, startApi, type TestApi } from './support.ts';

/** Words that commands are made of, right and wrong ones. */
const words = fc.constantFrom(
  ...new Set(registry.commands.flatMap((command) => command.words.split(' '))),
  'be_app/s1',
  'be_app',
  'fe_http',
  '#201/#11',
  'nope/x',
  '-1',
  '99999999999999999999',
  '1e9',
  'cli',
  'proc.x',
  'int(3)',
  'typed',
  'json',
  'up',
  '<<',
  '<<E',
  'be:be_app',
  'maint',
  'on',
  'off',
  'buf0',
  '127.0.0.1',
  'port',
  '0x1234ab',
  '',
  ' ',
  '\\',
  ';',
  ';',
  'é',
  '\0',
  '\x7f',
  '"',
);

/** Commands that do not come to an end by themselves. */
const endless = /(^|[;\n])\s*(wait|show\s+events|prompt)\b|debug\s+dev\s+write/;

describe('any input', () => {
  let api: TestApi;
  before(async () => {
    api = await startApi();
  });
  after(() => api.close());

  it('made of the words of commands gets an answer that ends, without internal errors', async () => {
    const line = fc.array(words, { minLength: 1, maxLength: 12 }).map((all) => all.join(' '));
    await fc.assert(
      fc.asyncProperty(fc.array(line, { minLength: 1, maxLength: 3 }), fc.boolean(), async (lines, expert) => {
        const text = `${expert ? 'expert-mode on;experimental-mode on;' : ''}${lines.join('\n')}\n`;
        fc.pre(!endless.test(text.replaceAll('\\', '')));
        const answer = await exchange(api.path('admin'), text, true);
        assert.doesNotMatch(answer, /Internal error/);
      }),
      { numRuns: 400 },
    );
    assert.equal(await exchange(api.path('admin'), 'echo alive\n'), 'alive\n\n');
  });

  it('of bytes gets an answer that ends', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 300 }), async (bytes) => {
        await exchange(api.path('admin'), Buffer.from(bytes), true);
      }),
      { numRuns: 200 },
    );
    assert.equal(await exchange(api.path('admin'), 'echo alive\n'), 'alive\n\n');
  });
});
