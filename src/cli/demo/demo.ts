/** `sluice demo`, which `npm start` runs: examples/quickstart with three small origins, and what to try on it. */
import { accessSync, constants, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { getAsset, isSea } from 'node:sea';
import { parseArguments } from '../arguments.ts';
import { installed } from '../paths.ts';
import { runBalancer } from '../run.ts';
import { startOrigin } from './origin.ts';

/** Ports that examples/quickstart/haproxy.cfg names. */
const WEB = 8080;
const STATS = 8404;
const ORIGINS: Readonly<Record<string, number>> = { app1: 9001, app2: 9002, app3: 9003 };

/** Runs the demonstration until it is stopped. Resolves to an exit status when it cannot start, else to null. */
export async function demo(): Promise<number | null> {
  const busy: number[] = [];
  for (const port of [WEB, STATS]) if (!(await isFree(port))) busy.push(port);
  for (const [name, port] of Object.entries(ORIGINS)) await startOrigin(name, port).catch(() => busy.push(port));
  if (busy.length > 0) {
    process.stderr.write(
      `sluice: the demonstration needs ports ${[WEB, STATS, ...Object.values(ORIGINS)].join(', ')} of 127.0.0.1; ` +
        `in use by something else: ${busy.join(', ')}. End that (ss -ltnp shows what it is), or change the ports in examples/quickstart/haproxy.cfg and run it with bin/sluice -f.\n`,
    );
    return 1;
  }
  const folder = runFolder();
  process.env['SLUICE_RUN'] = folder;
  const status = await runBalancer(parseArguments(['-db', '-f', configuration(folder)]));
  if (status === null) process.stdout.write(whatToTry(join(folder, 'sluice.sock')));
  return status;
}

/** Where the socket goes: a folder of the checkout, or a temporary one where that is not ours to write to. */
function runFolder(): string {
  if (isSea()) return mkdtempSync(join(tmpdir(), 'sluice-'));
  const folder = installed('build/run');
  try {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.W_OK);
    return folder;
  } catch {
    return mkdtempSync(join(tmpdir(), 'sluice-'));
  }
}

/** The configuration: the example, which the single executable has within. */
function configuration(folder: string): string {
  if (!isSea()) return installed('examples/quickstart/haproxy.cfg');
  const file = join(folder, 'haproxy.cfg');
  writeFileSync(file, getAsset('quickstart.cfg', 'utf8'));
  return file;
}

/** Whether nobody listens on a port of 127.0.0.1. */
function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1' }, () => server.close(() => resolve(true)));
  });
}

function whatToTry(socketPath: string): string {
  const socket = relative('', socketPath).startsWith('..') ? socketPath : relative('', socketPath);
  const cli = (command: string): string => `echo "${command}" | socat stdio ${socket}`;
  return `
Sluice is running (process ${process.pid}; Ctrl-C ends it).

  http://127.0.0.1:${WEB}/    balances over ${Object.keys(ORIGINS).join(', ')}
  http://127.0.0.1:${STATS}/    statistics page; /metrics for Prometheus
  ${socket}    Runtime API

Five commands to try in another terminal:

  curl http://127.0.0.1:${WEB}/
  ${cli('show stat')} | cut -d, -f1,2,5,8,18 | column -s, -t
  ${cli('disable server app/app1')}
  ${cli('enable server app/app1')}
  ${cli('set server app/app2 weight 50%')}

Or with operations, which guard, record and take back: export SLUICE_TARGET=${socket}; bin/sluice drain app/app1; bin/sluice undo
Or work interactively (prompt, help, show info, quit): socat readline ${socket}

`;
}
