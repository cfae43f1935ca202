/** `sluice send SOCKET COMMAND...`: one Runtime API command to Sluice or HAProxy, without socat, and with an exit status. */
import { readFileSync } from 'node:fs';
import { connect, RuntimeClientError, RuntimeCommandError } from '../client/index.ts';
import { UsageError } from './usage-error.ts';

/** Sends the command and prints the answer. Resolves to 0, to 1 when it was refused, to 2 when no answer came. */
export async function send(args: readonly string[]): Promise<number> {
  const [target, ...words] = args;
  if (target === undefined || words.length === 0) {
    throw new UsageError(
      'send needs a socket (a path, or HOST:PORT) and a command; a payload is read from standard input after a last word <<',
    );
  }
  const payload = words.at(-1) === '<<' ? readFileSync(0, 'utf8') : undefined;
  try {
    const client = await connect(target);
    try {
      print(await client.run(payload === undefined ? words : words.slice(0, -1), { payload }));
      return 0;
    } finally {
      client.close();
    }
  } catch (error) {
    if (error instanceof RuntimeCommandError) {
      print(error.answer.text);
      return 1;
    }
    if (!(error instanceof RuntimeClientError)) throw error;
    process.stderr.write(`sluice: ${error.message}\n`);
    return 2;
  }
}

function print(text: string): void {
  if (text !== '') process.stdout.write(`${text}\n`);
}
