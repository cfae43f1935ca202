import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Scope } from './wait.ts';

/** Why there can be no people: not root, programs that are missing; false when there can. */
export function noPeople(): string | false {
  if (process.getuid!() !== 0) return 'needs root, to be several people';
  for (const program of ['sudo', 'nsenter', 'setpriv'])
    if (spawnSync('which', [program]).status !== 0) return `needs ${program}`;
  return spawnSync('unshare', ['-m', 'true']).status === 0 ? false : 'needs a mount namespace of its own';
}

export interface Ended {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

/** People with accounts of their own, who are on no other machine: /etc and /var/lib are copies that only they see. */
export interface People {
  /** Runs a program as one of them, with these variables added. */
  as(name: string, argv: readonly string[], env?: Record<string, string>, input?: string): Ended;
  /** A program that starts another one among them. */
  program(path: string): string;
  /** Folder that all may enter. */
  readonly dir: string;
}

export interface Setting {
  /** Who there is, and the groups of each. */
  readonly people: Readonly<Record<string, readonly string[]>>;
  /** What /etc has besides, by path below it. */
  readonly etc: Readonly<Record<string, string>>;
}

const FIRST_ID = 60_001;

/** Sets up people until `scope` ends. */
export async function people(scope: Scope, { people: all, etc }: Setting): Promise<People> {
  const dir = mkdtempSync(join(tmpdir(), 'sluice-people-'));
  execFileSync('chmod', ['755', dir]);
  const copy = join(dir, 'etc');
  execFileSync('cp', ['-a', '/etc', copy]);
  const names = Object.keys(all);
  const groups = [...new Set([...names, ...Object.values(all).flat()])];
  const append = (file: string, lines: readonly string[]) =>
    appendFileSync(join(copy, file), lines.map((line) => `${line}\n`).join(''));
  append(
    'passwd',
    names.map((name, i) => `${name}:x:${FIRST_ID + i}:${FIRST_ID + groups.indexOf(name)}::/nonexistent:/bin/sh`),
  );
  append(
    'shadow',
    names.map((name) => `${name}:*:19000:0:99999:7:::`),
  );
  append(
    'group',
    groups.map((group, i) => `${group}:x:${FIRST_ID + i}:${names.filter((name) => all[name]!.includes(group)).join()}`),
  );
  for (const [file, text] of Object.entries(etc)) {
    mkdirSync(join(copy, file, '..'), { recursive: true });
    writeFileSync(join(copy, file), text, { mode: file.startsWith('sudoers') ? 0o440 : 0o644 });
  }
  const script = `mount --bind ${copy} /etc && mount -t tmpfs tmpfs /var/lib && echo ready && exec sleep 3600`;
  const holder = spawn('unshare', ['-m', '--propagation', 'private', 'sh', '-c', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  scope.after(() => {
    holder.kill('SIGKILL');
    rmSync(dir, { recursive: true, force: true });
  });
  await new Promise<void>((done, failed) => {
    holder.stdout.once('data', () => done());
    holder.once('exit', (code) => failed(new Error(`no mount namespace: ${code}`)));
  });
  const among = ['nsenter', '-t', String(holder.pid), '-m'];
  return {
    dir,
    as(name, argv, env = {}, input = '') {
      const id = String(FIRST_ID + names.indexOf(name));
      const group = String(FIRST_ID + groups.indexOf(name));
      const [program, ...args] = [...among, 'setpriv', '--reuid', id, '--regid', group, '--init-groups', ...argv];
      const ended = spawnSync(program!, args, {
        env: { PATH: process.env['PATH'], ...env },
        input,
        encoding: 'utf8',
        timeout: 30_000,
      });
      return { status: ended.status, out: ended.stdout, err: ended.stderr };
    },
    program(path) {
      const file = join(dir, 'program');
      writeFileSync(file, `#!/bin/sh\nexec ${among.join(' ')} ${path} "$@"\n`, { mode: 0o755 });
      return file;
    },
  };
}
