/** Completion in the shells themselves, on a terminal. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it, type TestContext } from 'node:test';
import { SCRIPTS } from '../../../src/cli/completion/scripts.ts';
import { type Run, start } from '../../support/program.ts';
import { noTerminal, onTerminal, type Terminal } from '../../support/terminal.ts';

const bin = join(import.meta.dirname, '../../../bin');

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
    default_backend be_app
  backend be_app
    server app1 127.0.0.1:10001
    server app2 127.0.0.1:10002
`;

/** How each shell is started with the completion in force, and nobody's own settings; it prompts with READY. */
const SHELLS: Readonly<Record<string, (dir: string) => readonly string[]>> = {
  bash: (dir) => {
    writeFileSync(join(dir, 'rc'), `PS1='READY '\nbind 'set bell-style none'\n. ${join(dir, 'completion')}\n`);
    return ['bash', '--noprofile', '--rcfile', join(dir, 'rc'), '-i'];
  },
  zsh: (dir) => {
    writeFileSync(join(dir, '_sluice'), SCRIPTS['zsh']!);
    const lines = [
      `fpath=(${dir} $fpath)`,
      'autoload -Uz compinit',
      'compinit -u -D',
      "PROMPT='READY '",
      'unsetopt beep',
    ];
    writeFileSync(join(dir, '.zshrc'), lines.join('\n'));
    return ['env', `ZDOTDIR=${dir}`, 'zsh', '-d', '-i'];
  },
  fish: (dir) => {
    const prompt = "function fish_prompt; echo -n 'READY '; end; set fish_greeting";
    return [
      'fish',
      '--no-config',
      '-i',
      '-C',
      `'${prompt.replaceAll("'", `'\\''`)}; source ${join(dir, 'completion')}'`,
    ];
  },
};

/** Takes back what is typed (Ctrl-U), and leaves. */
const LEAVE = '\x15exit\r';

for (const [shell, command] of Object.entries(SHELLS)) {
  const missing = spawnSync(shell, ['--version']).error === undefined ? false : `${shell} is not installed`;
  describe(`in ${shell}`, { skip: noTerminal || missing }, () => {
    const ends: (() => unknown)[] = [];
    let run: Run;
    let dir: string;
    before(async () => {
      run = await start({ after: (end) => void ends.push(end) }, CONFIG);
      dir = mkdtempSync(join(tmpdir(), 'shells-'));
      ends.push(() => rmSync(dir, { recursive: true, force: true }));
      writeFileSync(join(dir, 'completion'), SCRIPTS[shell]!);
      writeFileSync(join(dir, 'unusual-name.map'), '');
    });
    after(async () => {
      for (const end of ends.toReversed()) await end();
    });

    async function terminal(t: TestContext): Promise<Terminal> {
      const env = { PATH: `${bin}:${process.env['PATH']}`, SLUICE_TARGET: run.sock('admin'), HOME: dir };
      const shown = onTerminal(t, `sh -c 'cd ${dir} && exec "$@"' sh ${command(dir).join(' ')}`, env);
      await shown.shows(/READY /);
      return shown;
    }

    it('operations, servers of the load balancer, options and files are completed', async (t) => {
      const { type, shows, ended } = await terminal(t);
      type('sluice dra\t');
      // Some draw the blank that they add in bold.
      await shows(/drain(?:\x1b\[1m)? /);
      type('be_app/a\t');
      await shows(/be_app\/app/);
      type('1 --dry\t');
      await shows(/--dry-run/);
      type('\r');
      await shows(/be_app\/app1 state\s+ready -> drain[\s\S]*READY /);
      type('sluice map import hosts.map unus\t');
      await shows(/unusual-name\.map/);
      type(LEAVE);
      await ended;
    });

    it('what there is to choose from is listed', async (t) => {
      const { type, shows, ended } = await terminal(t);
      type('sluice drain be_app/app\t\t');
      const listed = await shows(/app1[\s\S]*app2/);
      assert.ok(!listed.includes('maint'));
      type(LEAVE);
      await ended;
    });
  });
}
