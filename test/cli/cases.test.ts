/**
 * Golden cases of the command line: cases/*.case. The first line is the command (words split at blanks); then parts, each begun by a line
 * `--- NAME`: files to be there, what stdout and stderr must hold (nothing when not given), and the exit status.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { usageText } from '../../src/cli/usage.ts';
import { HAPROXY_VERSION } from '../../src/util/version.ts';

const cases = join(import.meta.dirname, 'cases');
const program = join(import.meta.dirname, '../../bin/sluice');

interface Case {
  readonly args: readonly string[];
  readonly files: ReadonlyMap<string, string>;
  readonly stdout: string;
  readonly stderr: string;
  readonly status: number;
}

function readCase(file: string): Case {
  const [command, ...parts] = readFileSync(file, 'utf8').split(/^--- /m);
  const files = new Map<string, string>();
  for (const part of parts) {
    const [name] = part.split('\n', 1);
    files.set(name!, part.slice(name!.length + 1));
  }
  const take = (name: string) => {
    const content = files.get(name) ?? '';
    files.delete(name);
    return content;
  };
  const status = [...files.keys()].find((name) => name.startsWith('status '))!;
  files.delete(status);
  const stdout = take('stdout');
  const stderr = take('stderr');
  return { args: command!.trim().split(' ').slice(2), files, stdout, stderr, status: Number(status.slice(7)) };
}

for (const file of readdirSync(cases)) {
  test(`${file.replace('.case', '').replaceAll('-', ' ')}`, async (t) => {
    const expected = readCase(join(cases, file));
    const folder = mkdtempSync(join(tmpdir(), 'sluice-case-'));
    t.after(() => rmSync(folder, { recursive: true }));
    for (const [name, content] of expected.files) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), content);
    }
    const child = spawn(program, expected.args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'], timeout: 20_000 });
    const ended = new Promise((resolve) => child.once('close', resolve));
    const [stdout, stderr, status] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
    const shown = stderr
      .replaceAll(`(${child.pid})`, '(PID)')
      .replace(HAPROXY_VERSION, 'VERSION')
      .replace(program, 'PROGRAM')
      .replace(usageText().replace(HAPROXY_VERSION, 'VERSION'), 'USAGE\n');
    assert.deepEqual(
      { stdout, stderr: shown, status },
      { stdout: expected.stdout, stderr: expected.stderr, status: expected.status },
    );
  });
}
