import { spawn } from 'node:child_process';
import { OperationError } from '../errors.ts';

/** Most bytes of output that are kept. */
const KEPT = 16_384;
const TIMEOUT_MS = 120_000;

/** Runs a program to its end, without a shell. Resolves with what it wrote; throws OperationError when it fails. */
export function runProgram(words: readonly string[], signal: AbortSignal): Promise<string> {
  const [program, ...args] = words as [string, ...string[]];
  const line = words.join(' ');
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], timeout: TIMEOUT_MS, signal });
    let output = '';
    const take = (piece: string) => {
      output = (output + piece).slice(-KEPT);
    };
    child.stdout.setEncoding('utf8').on('data', take);
    child.stderr.setEncoding('utf8').on('data', take);
    const fail = (why: string) =>
      reject(new OperationError(signal.aborted ? 'interrupted' : 'failed', `${line}: ${why}`));
    child.once('error', (error) => fail(error.message));
    // 'exit', not 'close': a program that goes to the background keeps its streams.
    child.once('exit', (status, ended) => {
      if (status === 0) resolve(output.trim());
      else setImmediate(() => fail(`${status === null ? `ended by ${ended}` : `status ${status}`}\n${output.trim()}`));
    });
  });
}
