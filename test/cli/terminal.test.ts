/** What a person sees who types: the prompt of `sluice runtime`, and the screen of `sluice top`. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { type Run, start } from '../support/program.ts';
import { noTerminal, onTerminal, type Terminal } from '../support/terminal.ts';

const sluice = join(import.meta.dirname, '../../bin/sluice');

const CONFIG = `
  global
    stats socket {sock:admin} level admin
  defaults
    mode http
    timeout connect 1s
    timeout client 5s
    timeout server 5s
  frontend web
    bind {addr:web}
    default_backend app
  backend app
    server app1 127.0.0.1:10001 weight 100
    server app2 127.0.0.1:10002 weight 100
`;

async function at(t: TestContext, words: string): Promise<{ run: Run; terminal: Terminal }> {
  const run = await start(t, CONFIG);
  const state = mkdtempSync(join(tmpdir(), 'sluice-terminal-'));
  t.after(() => rmSync(state, { recursive: true, force: true }));
  const env = { SLUICE_TARGET: run.sock('admin'), STATE_DIRECTORY: state };
  return { run, terminal: onTerminal(t, `${sluice} ${words}`, env) };
}

describe('on a terminal', { skip: noTerminal }, () => {
  test("'runtime' prompts, goes on after mistakes, and ends at quit", async (t) => {
    const { run, terminal } = await at(t, 'runtime');
    await terminal.shows(/> /);
    terminal.type('get weight app/app1\r');
    await terminal.shows(/100 \(initial 100\)[\s\S]*> /);
    terminal.type('nonsense\r');
    await terminal.shows(/Unknown command[\s\S]*> /);
    terminal.type('set server app/app1 weight 50\r');
    await terminal.shows(/> /);
    // The key for the line before last, and the one for the last.
    terminal.type('\x1b[A\x1b[A\x1b[A\r');
    await terminal.shows(/get weight app\/app1[\s\S]*50 \(initial 100\)[\s\S]*> /);
    terminal.type('quit\r');
    assert.equal(await terminal.ended, 1, 'one line was refused');
    assert.equal((await run.row('app/app1'))['weight'], '50');
  });

  test("'runtime' ends at Ctrl-D", async (t) => {
    const { terminal } = await at(t, 'runtime');
    await terminal.shows(/> /);
    terminal.type('\x04');
    assert.equal(await terminal.ended, 0);
  });

  test("'top' draws, sorts by another column, and gives the terminal back", async (t) => {
    const { terminal } = await at(t, 'top --every 200ms');
    await terminal.shows(/\x1b\[\?1049h/);
    await terminal.shows(/app1[\s\S]*app2[\s\S]*q quits, s sorts \(by rate\)/);
    terminal.type('s');
    await terminal.shows(/s sorts \(by (?!rate)\w+\)/);
    terminal.type('q');
    await terminal.shows(/\x1b\[\?25h\x1b\[\?1049l$/);
    assert.equal(await terminal.ended, 0);
    const widest = Math.max(
      ...terminal.all
        // Each frame begins at the top again.
        .replaceAll('\x1b[H', '\r\n')
        .replace(/\x1b\[[?\d]*\w/g, '')
        .split(/\r\n/)
        .map((line) => line.length),
    );
    assert.ok(widest <= 100, `${widest} columns of 100`);
  });

  test("'top' leaves the screen when it is told to end", async (t) => {
    const { terminal } = await at(t, 'top');
    await terminal.shows(/app2/);
    terminal.type('\x03');
    await terminal.shows(/\x1b\[\?1049l/);
    assert.equal(await terminal.ended, 0);
  });
});
