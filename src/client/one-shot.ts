import type net from 'node:net';
import { addressText, type Endpoint } from './address.ts';
import { type Answer, parseAnswer } from './answer.ts';
import { RuntimeClientError } from './failures.ts';
import { connectionError, foreignProtocol, openSocket, type TlsOptions } from './socket.ts';
import { commandLine, payloadBlock } from './words.ts';

export interface OneShotOptions {
  readonly payload?: string | undefined;
  /** Longest time until the answer is whole, ms. */
  readonly timeout: number;
  /** Most bytes of the answer. */
  readonly limit: number;
  readonly signal?: AbortSignal | undefined;
  readonly tls?: TlsOptions | undefined;
  /** Ask for severities; a master CLI before 3.1 knows none. */
  readonly severity: boolean;
  /** `experimental-mode on` or `expert-mode on` before the command. */
  readonly mode?: 'experimental' | 'expert' | undefined;
}

/** What a command that follows the asked one answers: only with it is an answer known to be whole. */
const WHOLE = /(?:\[6\]: )?(?:admin|operator|user)\n\n$/;

/**
 * Sends one command on a connection of its own and resolves with the answer. Rejects with a RuntimeClientError when no whole answer
 * comes, with the signal's reason when it is aborted; what the program refuses is an answer.
 */
export async function oneShot(endpoint: Endpoint, words: readonly string[], options: OneShotOptions): Promise<Answer> {
  options.signal?.throwIfAborted();
  const bytes = oneShotBytes(endpoint, words, options);
  const started = performance.now();
  const socket = await openSocket(endpoint, options.tls, options.timeout);
  const left = Math.max(1, options.timeout - (performance.now() - started));
  const text = (await readToEnd(socket, endpoint, bytes, { ...options, timeout: left })).toString();
  const body = options.severity ? text.replace(/^\n/, '') : text;
  if (options.payload !== undefined && !endpoint.master) return parseAnswer(body);
  const whole = WHOLE.exec(body);
  if (whole === null)
    throw new RuntimeClientError('CLOSED', `closed before the answer ended: ${addressText(endpoint)}`);
  return parseAnswer(body.slice(0, whole.index));
}

/** The bytes of a request on a connection of its own; after the command comes one whose answer is known. */
function oneShotBytes(
  endpoint: Endpoint,
  words: readonly string[],
  { payload, severity, mode }: Pick<OneShotOptions, 'payload' | 'severity' | 'mode'>,
): string {
  const at = endpoint.master ? '@1 ' : '';
  const before = `${severity ? 'set severity-output number;' : ''}${mode === undefined ? '' : `${mode}-mode on;`}${at}`;
  const command = `${before}${commandLine(words)}`;
  const after = `${at}show cli level${endpoint.master ? ';quit' : ''}\n`;
  if (payload === undefined) return `${command};${after}`;
  const { announce, lines } = payloadBlock(payload);
  return `${command} ${announce}\n${lines}${endpoint.master ? after : ''}`;
}

/** Sends all, reads until the other side closes. */
function readToEnd(
  socket: net.Socket,
  endpoint: Endpoint,
  bytes: string,
  { timeout, limit, signal }: Pick<OneShotOptions, 'timeout' | 'limit' | 'signal'>,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const finish = (error: Error | null) => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      socket.destroy();
      const foreign = foreignProtocol(chunks[0] ?? Buffer.alloc(0));
      if (foreign !== null) reject(new RuntimeClientError('PROTOCOL', `${foreign}: ${addressText(endpoint)}`));
      else if (error !== null) reject(error);
      else if (length === 0)
        reject(new RuntimeClientError('CLOSED', `closed without an answer: ${addressText(endpoint)}`));
      else resolve(Buffer.concat(chunks));
    };
    const onAbort = () => finish(signal!.reason as Error);
    const timer = setTimeout(
      () => finish(new RuntimeClientError('TIMEOUT', `no whole answer in time: ${addressText(endpoint)}`)),
      timeout,
    );
    signal?.addEventListener('abort', onAbort);
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      length += chunk.length;
      if (length > limit)
        finish(new RuntimeClientError('TOO_LONG', `answer of more than ${limit} bytes: ${addressText(endpoint)}`));
    });
    socket.on('error', (error) => finish(connectionError(error, endpoint)));
    socket.on('end', () => finish(null));
    socket.write(bytes);
    socket.resume();
  });
}
