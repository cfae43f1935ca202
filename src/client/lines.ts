import type net from 'node:net';
import { StringDecoder } from 'node:string_decoder';
import { addressText, type Endpoint } from './address.ts';
import { parseAnswer } from './answer.ts';
import { RuntimeClientError } from './failures.ts';
import { type OneShotOptions, oneShotBytes } from './one-shot.ts';
import { connectionError, foreignProtocol, openSocket } from './socket.ts';
import { verdict } from './verdicts.ts';

export interface LinesOptions extends Omit<OneShotOptions, 'payload'> {
  /** The answer has no end of its own (`show events -w`): it goes on until the caller has enough. */
  readonly endless?: boolean;
}

/** Longest line, in characters. */
const LINE_LIMIT = 1024 * 1024;

/** Lines that the command after the asked one answers with, and the empty one before. */
const HELD = 3;

/**
 * The lines of an answer as they come, in pieces of what a read gave; nothing is read ahead of who asks, and the connection closes when
 * he has enough. Throws a RuntimeCommandError when the command is refused, a RuntimeClientError when the answer breaks off or nothing
 * comes for `timeout` ms.
 */
export async function* lineBatches(
  endpoint: Endpoint,
  words: readonly string[],
  options: LinesOptions,
): AsyncGenerator<string[], void, undefined> {
  options.signal?.throwIfAborted();
  const request = requestOf(endpoint, words, options);
  const socket = await openSocket(endpoint, options);
  const onAbort = () => socket.destroy(options.signal!.reason as Error);
  options.signal?.addEventListener('abort', onAbort);
  try {
    socket.write(request.bytes);
    yield* bodyLines(
      rawLines(socket, endpoint, options),
      request.emptyLines,
      words,
      options.endless ?? false,
      endpoint,
    );
  } catch (error) {
    options.signal?.throwIfAborted();
    throw error;
  } finally {
    options.signal?.removeEventListener('abort', onAbort);
    socket.destroy();
  }
}

/** What is sent, and how many empty lines the commands before the asked one answer with. */
function requestOf(endpoint: Endpoint, words: readonly string[], options: LinesOptions) {
  const bytes = oneShotBytes(endpoint, words, options, !options.endless);
  if (endpoint.master) return { bytes, emptyLines: options.severity ? 1 : 0 };
  // Who reads slowly is not to be closed on.
  const emptyLines = 1 + (options.severity ? 1 : 0) + (options.mode === undefined ? 0 : 1);
  return { bytes: `set timeout cli 86400;${bytes}`, emptyLines };
}

/** Takes off what belongs to the commands around the asked one, and makes a refusal an error. */
async function* bodyLines(
  batches: AsyncIterable<string[]>,
  emptyLines: number,
  words: readonly string[],
  endless: boolean,
  endpoint: Endpoint,
): AsyncGenerator<string[], void, undefined> {
  let held: string[] = [];
  let skip = emptyLines;
  let judged = false;
  for await (const batch of batches) {
    held = held.length === 0 ? batch : held.concat(batch);
    while (skip > 0 && held.length > 0 && held[0] === '') {
      held.shift();
      skip--;
    }
    // A single line may be a refusal; until a second one is certain, it is kept.
    if (!judged && held.length > (endless ? 0 : HELD + 1)) {
      judged = true;
      held[0] = judge(words, held[0]!, !endless);
    }
    const ready = endless ? held.length : held.length - HELD;
    if (judged && ready > 0) {
      yield held.slice(0, ready);
      held = held.slice(ready);
    }
  }
  const last = held.slice(-2);
  if (endless || last.length < 2 || last[1] !== '' || !/^(?:\[6\]: )?(?:admin|operator|user)$/.test(last[0]!))
    throw new RuntimeClientError('CLOSED', `closed before the answer ended: ${addressText(endpoint)}`);
  const rest = held.slice(0, -2);
  if (rest.at(-1) === '') rest.pop();
  if (!judged && rest.length > 0) rest[0] = judge(words, rest[0]!, rest.length > 1);
  if (rest.length > 0) yield rest;
}

/** The first line without its severity; throws when it is a refusal. `more`: further lines follow. */
function judge(words: readonly string[], first: string, more: boolean): string {
  const { severity, text } = parseAnswer(first);
  const refusal = verdict(words, { severity, text: more ? `${text}\n` : text });
  if (refusal !== null) throw refusal;
  return text;
}

/** Whole lines of a socket, a batch for each read. */
async function* rawLines(
  socket: net.Socket,
  endpoint: Endpoint,
  { timeout, endless }: LinesOptions,
): AsyncGenerator<string[], void, undefined> {
  const decoder = new StringDecoder('utf8');
  const chunks = socket[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  let rest = '';
  let first = true;
  for (;;) {
    const chunk = await nextChunk(socket, chunks, endpoint, endless ? 0 : timeout);
    if (chunk === null) return;
    const foreign = first ? foreignProtocol(chunk) : null;
    if (foreign !== null) throw new RuntimeClientError('PROTOCOL', `${foreign}: ${addressText(endpoint)}`);
    first = false;
    const lines = (rest + decoder.write(chunk)).split('\n');
    rest = lines.pop()!;
    if (rest.length > LINE_LIMIT)
      throw new RuntimeClientError(
        'TOO_LONG',
        `a line of more than ${LINE_LIMIT} characters: ${addressText(endpoint)}`,
      );
    if (lines.length > 0) yield lines;
  }
}

/** The next bytes, null at the end. `timeout`: ms without any, 0 for no limit; time in which nobody asks does not count. */
async function nextChunk(
  socket: net.Socket,
  chunks: AsyncIterator<Buffer>,
  endpoint: Endpoint,
  timeout: number,
): Promise<Buffer | null> {
  const late = () =>
    socket.destroy(new RuntimeClientError('TIMEOUT', `nothing came for ${timeout} ms: ${addressText(endpoint)}`));
  const timer = timeout > 0 ? setTimeout(late, timeout) : null;
  try {
    const { done, value } = await chunks.next();
    return done ? null : value;
  } catch (error) {
    throw connectionError(error as Error, endpoint);
  } finally {
    if (timer !== null) clearTimeout(timer);
  }
}
