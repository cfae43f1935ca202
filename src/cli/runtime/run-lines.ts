import { OperationError } from '../../ops/errors.ts';
import type { Target } from '../../ops/target.ts';
import type { Level } from '../../runtime/levels.ts';
import { type Part, splitLine, splitWords } from '../../runtime/line.ts';
import type { Answers } from './answers.ts';
import { type Course, isUnwritable, runCommand } from './run-command.ts';
import type { Source } from './source.ts';
import { openTalk, type Standing, type Talk } from './talk.ts';

/** Most characters of a payload. */
const MOST_PAYLOAD = 64 * 1024 * 1024;

/** Words that only a connection of one's own needs. */
const OWN_WORDS: readonly string[] = ['prompt', 'quit', 'exit'];

/**
 * Runs all lines of a source, one after the other. Resolves to true when nothing was refused. Each line begins as a new connection does,
 * but for a person at a terminal, and on a Sluice, where a transaction may go over several lines.
 */
export async function runLines(source: Source, target: Target, level: Level, answers: Answers): Promise<boolean> {
  const lasting = source.interactive || target.product === 'sluice';
  let standing: Standing = { level, mode: null };
  let talk: Talk | null = null;
  let ok = true;
  const open = async () => (talk ??= await openTalk(target.client, standing));
  const hangUp = () => {
    talk?.close();
    talk = null;
  };
  try {
    for (let line = await source.next('> '); line !== null; line = await source.next('> ')) {
      if (!lasting) standing = { level, mode: null };
      const end = await runLine(line, source, { target, answers, standing, talk: open });
      ok &&= end.ok;
      // Typed at a prompt, a connection may be idle for long, and a reload may come between.
      if (!lasting || (source.interactive && target.product === 'haproxy')) hangUp();
      if (end.over) break;
    }
  } finally {
    hangUp();
    source.close();
  }
  return ok;
}

interface LineEnd {
  readonly ok: boolean;
  /** Nothing more is to be read. */
  readonly over: boolean;
}

async function runLine(line: string, source: Source, course: Course): Promise<LineEnd> {
  let ok = true;
  for (const part of splitLine(line.replace(/\r$/, ''))) {
    const words = splitWords(part.text);
    const payload = await payloadOf(part, source);
    if (words.length === 0) continue;
    if (OWN_WORDS.includes(words[0]!)) {
      if (words[0] === 'prompt') continue;
      return { ok, over: source.interactive };
    }
    try {
      ok = (await runCommand(words, payload, course)) && ok;
    } catch (error) {
      if (!isUnwritable(error)) throw error;
      course.answers.note(error.message);
      ok = false;
    }
  }
  return { ok, over: false };
}

async function payloadOf({ pattern }: Part, source: Source): Promise<string | null> {
  if (pattern === null) return null;
  const lines: string[] = [];
  for (let size = 0; ; ) {
    const line = (await source.next('+ '))?.replace(/\r$/, '');
    if (line === undefined)
      throw new OperationError(
        'failed',
        `a payload has no end: ${pattern === '' ? 'an empty line' : `the line '${pattern}'`} is missing; the command was not sent`,
      );
    if (line === pattern) return lines.join('\n');
    lines.push(line);
    size += line.length + 1;
    if (size > MOST_PAYLOAD)
      throw new OperationError('failed', `a payload of more than ${MOST_PAYLOAD} characters is not sent`);
  }
}
