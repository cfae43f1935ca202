/** `sluice send SOCKET COMMAND...`: one Runtime API command to Sluice or HAProxy, without socat, and with an exit status. */
import { readFileSync } from 'node:fs';
import { type RuntimeAddress, RuntimeClientError, runtimeCommand } from '../runtime/client.ts';
import { UsageError } from './usage-error.ts';

/** Severities up to this one are failures (syslog: 3 = err). */
const ERR = 3;

/** Sends the command and prints the answer. Resolves to 0, to 1 when it was refused, to 2 when no answer came. */
export async function send(args: readonly string[]): Promise<number> {
  const [target, ...words] = args;
  if (target === undefined || words.length === 0) {
    throw new UsageError(
      'send needs a socket (a path, or HOST:PORT) and a command; a payload is read from standard input after a last word <<',
    );
  }
  const payload = words.at(-1) === '<<' ? readFileSync(0, 'latin1') : null;
  try {
    const answer = await runtimeCommand(addressOf(target), payload === null ? words : words.slice(0, -1), payload);
    process.stdout.write(answer.text === '' || answer.text.endsWith('\n') ? answer.text : `${answer.text}\n`);
    return answer.severity !== null && answer.severity <= ERR ? 1 : 0;
  } catch (error) {
    if (!(error instanceof RuntimeClientError)) throw error;
    process.stderr.write(`sluice: ${error.message}\n`);
    return 2;
  }
}

function addressOf(target: string): RuntimeAddress {
  const match = /^(?:ipv[46]@)?(\[[0-9A-Fa-f:.]+\]|[^/:]+):(\d+)$/.exec(target);
  return match === null ? { path: target } : { host: match[1]!.replace(/^\[|\]$/g, ''), port: Number(match[2]) };
}
