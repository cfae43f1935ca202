import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { modelFrom, recorder, run } from './script.ts';

/** Each case: a comment, servers, then commands with the log lines (level and text) that HAProxy writes for them. */
const folder = new URL('cases/', import.meta.url);

for (const name of readdirSync(folder).filter((file) => file.endsWith('.case'))) {
  const [head, ...steps] = readFileSync(new URL(name, folder), 'utf8').split('\n\n> ');
  const [comment, ...servers] = head!.split('\n');
  test(`log lines of server states: ${comment!.slice(2)}`, () => {
    const model = modelFrom(servers.join('\n'));
    const fx = recorder();
    for (const step of steps) {
      const [command, ...expected] = step.trimEnd().split('\n');
      fx.lines.length = 0;
      fx.terminal.length = 0;
      run(model, fx, command!);
      assert.deepEqual(fx.lines, expected, command);
      assert.deepEqual(fx.terminal, expected.map(onTerminal), command);
    }
  });
}

/** The terminal gets the same text as a warning; the loss of a whole backend is an alert, with its name in quotes. */
function onTerminal(line: string): string {
  return line.startsWith('0 ')
    ? `[ALERT] ${line.slice(2).replace(/^(\w+) (\S+)/, "$1 '$2'")}`
    : `[WARNING] ${line.slice(2)}`;
}
