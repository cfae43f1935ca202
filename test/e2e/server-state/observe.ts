import { spawnSync } from 'node:child_process';
import { type Run, start } from '../../support/program.ts';
import type { Scope } from '../../support/wait.ts';

/** Servers, what a state file has of them, and what becomes of it. */
export interface StateCase {
  readonly name: string;
  /** Lines of backend `be`. */
  readonly servers: readonly string[];
  /** More lines for the global section, and in place of `load-server-state-from-file global` in the defaults. */
  readonly global?: readonly string[];
  readonly defaults?: readonly string[];
  /** The text of the state file; a list: the lines after the version; null: there is no file. */
  readonly saved: string | readonly string[] | null;
  /** What the start says, and `show servers state` of `be` then, both as recorded. */
  readonly says: readonly string[];
  readonly rows: readonly string[];
}

const HEADER = '1\n# be_id be_name srv_id srv_name srv_addr ...\n';

const config = ({ servers, global = [], defaults = ['load-server-state-from-file global'] }: StateCase) => `
global
  nbthread 1
  stats socket {sock:admin} level admin
  server-state-base {dir}
  server-state-file saved.state
  ${global.join('\n  ')}
defaults
  mode http
  timeout connect 1s
  timeout client 1s
  timeout server 1s
  ${defaults.join('\n  ')}
frontend f
  bind {addr:f}
  default_backend be
# The checks of the servers after this one begin much later: what is seen comes from the file.
backend first
  server d 127.0.0.1:9 check inter 1h
backend be
  ${servers.join('\n  ')}
`;

/** Starts a program on a case and tells what `says` and `rows` are to be. */
export async function observe(
  scope: Scope,
  wanted: StateCase,
  program?: string,
): Promise<Pick<StateCase, 'says' | 'rows'>> {
  const { saved } = wanted;
  const text = saved === null || typeof saved === 'string' ? saved : `${HEADER}${saved.join('\n')}\n`;
  const run = await start(scope, config(wanted), {
    ...(text === null ? {} : { files: { 'saved.state': text } }),
    ...(program === undefined ? {} : { program }),
  });
  const rows = (await run.cli('show servers state be')).split('\n').slice(2).map(withoutSeconds);
  await run.stop();
  return { says: said(run), rows };
}

/** Seconds since the last change in tens. */
function withoutSeconds(row: string): string {
  const values = row.split(' ');
  values[9] = String(Math.round(Number(values[9]) / 10) * 10);
  return values.join(' ');
}

/** What was said in the start but for the greeting and the end. */
function said({ stderr, dir }: Run): string[] {
  return stderr
    .split('\n')
    .filter((line) => /^\[(?:ALERT|WARNING|NOTICE)\]/.test(line) && line.includes(') : config : '))
    .map((line) => line.replace(/^\[(\w+)\]\s+\(\d+\) : config : /, '$1 ').replaceAll(dir, '{dir}'));
}

/** HAProxy 2.6, which the cases are recorded from, or null where it is not installed. */
export function installedHaproxy(): string | null {
  const { stdout } = spawnSync('/usr/sbin/haproxy', ['-v'], { encoding: 'utf8' });
  return /^HAProxy version 2\.6\./.test(stdout ?? '') ? '/usr/sbin/haproxy' : null;
}

/** What HAProxy 2.6 does as recorded, in the terms of 3.5: where they are known to differ. */
export function inNewerTerms({ says, rows }: Pick<StateCase, 'says' | 'rows'>): Pick<StateCase, 'says' | 'rows'> {
  return {
    says: says
      // Said again at each change of a server that drains.
      .filter((line) => !line.includes('remains in forced drain mode'))
      // A slow start that begins is told of, with the reason of a check that never ran.
      .filter((line) => !line.includes('reason: Unknown'))
      .map((line) => (line.includes('No such file or directory') ? line.replace('WARNING', 'NOTICE') : line)),
    // A server without checks that no line is about has a health of 2 there, of 0 in 3.5.
    rows: rows.map((row) => row.replace(/ 1 0 2 0 0 (0 \d \S+ \d+ \S+ 0 0 - - 0)$/, ' 1 0 0 0 0 $1')),
  };
}
