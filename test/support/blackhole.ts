import { spawn } from 'node:child_process';
import { connect } from 'node:net';
import type { Scope } from './wait.ts';

const script = `
  const server = require('node:net').createServer();
  server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => process.stdout.write(server.address().port + '\\n'));
`;

/**
 * A port of 127.0.0.1 on which connecting gets no answer at all: the process that listens is stopped and its queue is
 * full, so that the kernel drops what comes. For connect timeouts.
 */
export async function blackhole(scope: Scope): Promise<{ port: number }> {
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  scope.after(() => child.kill('SIGKILL'));
  const port = await new Promise<number>((resolve) => {
    child.stdout.once('data', (bytes: Buffer) => resolve(Number(bytes.toString())));
  });
  child.kill('SIGSTOP');
  for (let i = 0; i < 2; i++) {
    const filler = connect(port, '127.0.0.1');
    filler.on('error', () => {});
    scope.after(() => filler.destroy());
    await new Promise((resolve) => filler.once('connect', resolve));
  }
  return { port };
}
