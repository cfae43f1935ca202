import { addressText, type Endpoint } from './address.ts';
import { type Answer, parseAnswer } from './answer.ts';
import { RuntimeClientError } from './failures.ts';
import { Pipeline } from './pipeline.ts';
import { connectionError, foreignProtocol, type OpenOptions, openSocket } from './socket.ts';
import { commandBytes, commandLine, payloadBlock } from './words.ts';

/** Mode that a command needs. */
export type Mode = 'experimental' | 'expert';

export interface OneShotOptions extends OpenOptions {
  readonly payload?: string | undefined;
  /** Most bytes of the answer. */
  readonly limit: number;
  /** Ask for severities; a master CLI before 3.1 knows none. */
  readonly severity: boolean;
  readonly mode?: Mode | undefined;
}

/** What the command that follows the asked one answers: only with it is an answer known to be whole. */
const WHOLE = /(?:^|\n)(?:\[6\]: )?(?:admin|operator|user)\n\n$/;

/**
 * Sends one command on a connection of its own and resolves with the answer. Rejects with a RuntimeClientError when no whole answer
 * comes within `timeout` ms, with the signal's reason when it is aborted; what the program refuses is an answer.
 */
export async function oneShot(endpoint: Endpoint, words: readonly string[], options: OneShotOptions): Promise<Answer> {
  options.signal?.throwIfAborted();
  if (options.payload !== undefined && !endpoint.master) return inPrompt(endpoint, words, options);
  const bytes = oneShotBytes(endpoint, words, options);
  const text = (await readToEnd(endpoint, bytes, options)).toString();
  const body = text.replace(options.severity ? /^\n/ : '', '').replace(options.mode === undefined ? '' : /^\n/, '');
  const whole = WHOLE.exec(body);
  if (whole === null)
    throw new RuntimeClientError('CLOSED', `closed before the answer ended: ${addressText(endpoint)}`);
  return parseAnswer(body.slice(0, whole.index));
}

/**
 * The bytes of a request on a connection of its own. After the command comes one whose answer is known; a payload has to be the last of
 * its line, and only a master CLI reads further lines of a connection that is not interactive. `ends` false: the answer has no end, and
 * any further input would be one.
 */
export function oneShotBytes(
  endpoint: Endpoint,
  words: readonly string[],
  { payload, severity, mode }: Pick<OneShotOptions, 'payload' | 'severity' | 'mode'>,
  ends = true,
): string {
  const at = endpoint.master ? '@1 ' : '';
  const before = `${severity ? 'set severity-output number;' : ''}${modeWords(mode)}${at}`;
  const command = `${before}${commandLine(words)}`;
  const after = `${at}show cli level${endpoint.master ? ';quit' : ''}\n`;
  if (!ends) return `${command}\n`;
  if (payload === undefined) return `${command};${after}`;
  const { announce, lines } = payloadBlock(payload);
  return `${command} ${announce}\n${lines}${after}`;
}

function modeWords(mode: Mode | undefined): string {
  return mode === undefined ? '' : `${mode}-mode on;`;
}

/** A payload on a stats socket: the end of its answer is told by the prompt. */
async function inPrompt(endpoint: Endpoint, words: readonly string[], options: OneShotOptions): Promise<Answer> {
  const { payload, mode, limit, timeout, signal } = options;
  const started = performance.now();
  const bytes = commandBytes(words, payload);
  const pipeline = new Pipeline(await openSocket(endpoint, options), endpoint, () => {});
  const late = new RuntimeClientError('TIMEOUT', `no whole answer within ${timeout} ms: ${addressText(endpoint)}`);
  const timer = setTimeout(() => pipeline.close(late), Math.max(1, timeout - (performance.now() - started)));
  const onAbort = () => pipeline.close(signal!.reason as Error);
  signal?.addEventListener('abort', onAbort);
  try {
    await pipeline.greet();
    if (mode !== undefined) await pipeline.ask(Buffer.from(`${mode}-mode on\n`), { payload: false, limit });
    return parseAnswer((await pipeline.ask(bytes, { payload: true, limit })).toString());
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
    pipeline.close(late);
  }
}

/** Sends all, reads until the other side closes. */
export async function readToEnd(
  endpoint: Endpoint,
  bytes: string,
  options: OpenOptions & { readonly limit: number },
): Promise<Buffer> {
  const { timeout, limit, signal } = options;
  const started = performance.now();
  const socket = await openSocket(endpoint, options);
  const error = (code: string, text: string) => new RuntimeClientError(code, `${text}: ${addressText(endpoint)}`);
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const finish = (reason: Error | null) => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      socket.destroy();
      const foreign = foreignProtocol(chunks[0]);
      if (foreign !== null) reject(error('PROTOCOL', foreign));
      else if (reason !== null) reject(reason);
      else if (length === 0) reject(error('CLOSED', 'closed without an answer'));
      else resolve(Buffer.concat(chunks));
    };
    const onAbort = () => finish(signal!.reason as Error);
    const timer = setTimeout(
      () => finish(error('TIMEOUT', `no whole answer within ${timeout} ms`)),
      Math.max(1, timeout - (performance.now() - started)),
    );
    signal?.addEventListener('abort', onAbort);
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      length += chunk.length;
      if (length > limit) finish(error('TOO_LONG', `answer of more than ${limit} bytes`));
    });
    socket.on('error', (problem) => finish(connectionError(problem, endpoint)));
    socket.on('end', () => finish(null));
    socket.write(bytes);
    socket.resume();
  });
}
