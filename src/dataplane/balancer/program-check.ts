/** Has the program itself check a configuration that is not in force yet. */

import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { Documents } from '../edit/sections.ts';
import type { ConfigurationProblem } from './balancer.ts';

/** Most output that is read, bytes, and the longest time, ms. */
const MOST = 256 * 1024;
const TIMEOUT_MS = 60_000;

/** Set where the service runs under HAProxy: a check is not that process. */
const NOT_FOR_CHECKS = ['HAPROXY_STARTUPLOGS_FD', 'HAPROXY_MWORKER_WAIT_ONLY', 'HAPROXY_PROCESSES'];

/**
 * Runs `words` with the documents, in files of their own, in place of their names in it. What is told on stderr as an alert, or that
 * the check failed.
 */
export async function programCheck(words: readonly string[], documents: Documents): Promise<ConfigurationProblem[]> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-check-'));
  try {
    const names = new Map<string, string>();
    for (const [i, document] of documents.entries()) {
      const path = join(folder, `${i}-${basename(document.name)}`);
      await writeFile(path, document.print(), { mode: 0o600 });
      names.set(document.name, path);
    }
    const { status, output } = await run(
      words.map((word) => names.get(word) ?? word),
      [...names.values()],
    );
    if (status === 0) return [];
    const back = new Map([...names].map(([name, path]) => [path, name]));
    const found = alerts(output, back);
    if (found.length > 0) return found;
    const why = status === null ? 'it was ended, or took too long' : `it ended with status ${status}`;
    return [
      { file: null, line: null, text: `${words[0]}: ${why}${output === '' ? '' : `: ${output.trim().slice(-2000)}`}` },
    ];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function run(
  [program, ...args]: readonly string[],
  files: readonly string[],
): Promise<{ readonly status: number | null; readonly output: string }> {
  const env: NodeJS.ProcessEnv = { ...process.env, DATAPLANEAPI_TRANSACTION_FILE: files[0] };
  for (const name of NOT_FOR_CHECKS) delete env[name];
  return new Promise((resolve) => {
    const child = spawn(program!, args, { stdio: ['ignore', 'pipe', 'pipe'], timeout: TIMEOUT_MS, env });
    let output = '';
    const take = (piece: string) => {
      if (output.length < MOST) output += piece;
    };
    child.stdout.setEncoding('utf8').on('data', take);
    child.stderr.setEncoding('utf8').on('data', take);
    child.once('error', (error) => resolve({ status: null, output: error.message }));
    child.once('close', (status) => resolve({ status, output }));
  });
}

/** `[ALERT]    (123) : config : parsing [/etc/haproxy/haproxy.cfg:7] : ...`. */
function alerts(output: string, names: ReadonlyMap<string, string>): ConfigurationProblem[] {
  const found: ConfigurationProblem[] = [];
  for (const line of output.split('\n')) {
    const text = /^\[ALERT\]\s+\(\d+\) : (.*)$/.exec(line)?.[1];
    if (text === undefined || /Fatal errors found in configuration|Error\(s\) found in configuration file/.test(text))
      continue;
    found.push(alertProblem(text, names));
  }
  return found;
}

function alertProblem(text: string, names: ReadonlyMap<string, string>): ConfigurationProblem {
  for (const [path, name] of names) {
    const at = text.indexOf(`[${path}:`);
    const place = at < 0 ? null : /^\[[^\]]*:(\d+)\]\s*:?\s*(.*)$/.exec(text.slice(at));
    if (place !== null)
      return {
        file: name,
        line: Number(place[1]),
        text: `${text.slice(0, at)}${place[2]}`.replace(/^config : (parsing )?/, '').trim(),
      };
  }
  let told = text;
  for (const [path, name] of names) told = told.replaceAll(path, name);
  return { file: null, line: null, text: told };
}
