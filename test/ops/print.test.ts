import assert from 'node:assert/strict';
import { test } from 'node:test';
import { textPrinter } from '../../src/cli/ops/print.ts';

/** A terminal that keeps what is written to it. */
function terminal({ isTerminal, hasColours }: { isTerminal: boolean; hasColours: boolean }) {
  const written = { out: '', err: '' };
  const output = (to: 'out' | 'err') => ({
    isTerminal,
    hasColours,
    write(text: string) {
      written[to] += text;
    },
  });
  return { written, terminal: { out: output('out'), err: output('err'), ask: null } };
}

const end = {
  event: 'end',
  ok: false,
  ended: 'timeout',
  status: 5,
  text: 'timeout after 1s',
  operation: null,
  duration: 1,
} as const;

test('progress stays on one line of a terminal, and what follows begins a new one', () => {
  const { written, terminal: tty } = terminal({ isTerminal: true, hasColours: false });
  const { emit } = textPrinter(tty, { quiet: false, plan: false });
  emit({ event: 'progress', left: '2 sessions left', count: 2, elapsed: 1000 });
  emit({ event: 'progress', left: '1 session left', count: 1, elapsed: 2000 });
  emit({ event: 'note', text: 'told' });
  assert.equal(written.out, '  2 sessions left (1s)\r\x1b[K  1 session left (2s)\nnote: told\n');
});

test('colours are for terminals that have them', () => {
  const plain = terminal({ isTerminal: true, hasColours: false });
  textPrinter(plain.terminal, { quiet: false, plan: false }).emit(end);
  assert.equal(plain.written.err, 'timeout after 1s\n');
  const coloured = terminal({ isTerminal: true, hasColours: true });
  textPrinter(coloured.terminal, { quiet: false, plan: false }).emit(end);
  assert.equal(coloured.written.err, '\x1b[31mtimeout\x1b[0m after 1s\n');
});

test('nothing that comes from elsewhere steers the terminal', () => {
  const { written, terminal: tty } = terminal({ isTerminal: true, hasColours: false });
  const { emit } = textPrinter(tty, { quiet: false, plan: false });
  const change = { kind: 'server.state', backend: 'be\x1b[2J', server: 'a\u202e', to: 'drain' } as const;
  emit({ event: 'change', change, ok: true, before: '\x9b31m', after: 'x\ny', effect: 'live', text: '' });
  emit({ event: 'note', text: 'a\rb' });
  assert.equal(written.out, 'be\\x1b[2J/a\\u202e state: \\x9b31m -> x\\ny\nnote: a\\x0db\n');
});

test('quiet tells errors only', () => {
  const { written, terminal: tty } = terminal({ isTerminal: false, hasColours: false });
  const { emit } = textPrinter(tty, { quiet: true, plan: true });
  emit({ event: 'note', text: 'told' });
  emit({ event: 'plan', steps: [{ do: 'pause', time: 1 }] });
  emit(end);
  assert.deepEqual(written, { out: '', err: 'timeout after 1s\n' });
});
