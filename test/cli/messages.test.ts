import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StartupMessages } from '../../src/cli/messages.ts';

function recorder(verbosity: { verbose?: boolean; quiet?: boolean; diagnostics?: boolean }) {
  const lines: string[] = [];
  const messages = new StartupMessages({ verbose: false, quiet: false, diagnostics: false, ...verbosity }, (text) =>
    lines.push(text.replace(`(${process.pid})`, '(PID)')),
  );
  return { lines, messages };
}

test('the first grave message is preceded by what is running, once', () => {
  const { lines, messages } = recorder({});
  messages.notice('reading');
  messages.warning('careful');
  messages.alert('no');
  assert.equal(lines.length, 5);
  assert.equal(lines[0], '[NOTICE]   (PID) : reading\n');
  assert.match(lines[1]!, /^\[NOTICE\] {3}\(PID\) : haproxy version is 3\.5-/);
  assert.match(lines[2]!, /^\[NOTICE\] {3}\(PID\) : path to executable is \/.*bin\/sluice\n$/);
  assert.deepEqual(lines.slice(3), ['[WARNING]  (PID) : careful\n', '[ALERT]    (PID) : no\n']);
});

test('-q says nothing, but counts and keeps what there was to say; -V speaks all the same', () => {
  const quiet = recorder({ quiet: true });
  quiet.messages.configuration([{ severity: 'warning', at: { file: 'a.cfg', line: 3 }, text: 'odd' }]);
  assert.deepEqual([quiet.lines.length, quiet.messages.warnings], [0, 1]);
  assert.match(quiet.messages.finish(), /config : parsing \[a\.cfg:3\] : odd\n$/);
  const loud = recorder({ quiet: true, verbose: true });
  loud.messages.alert('no');
  assert.equal(loud.lines.at(-1), '[ALERT]    (PID) : no\n');
});

test('diagnostic warnings are told with -dD only, and count as warnings then', () => {
  const diag = { severity: 'diag', at: null, text: 'suspicious' } as const;
  const without = recorder({});
  without.messages.configuration([diag]);
  assert.deepEqual([without.lines, without.messages.warnings], [[], 0]);
  const asked = recorder({ diagnostics: true });
  asked.messages.configuration([diag]);
  assert.deepEqual(asked.lines, ['[DIAG]     (PID) : config : suspicious\n']);
  assert.equal(asked.messages.warnings, 1);
});

test('what is said after the start is not kept', () => {
  const { messages } = recorder({});
  messages.notice('one');
  messages.finish();
  messages.notice('two');
  assert.equal(messages.finish(), '');
});
