import type { Change } from '../../change/change.ts';
import { newOperationId } from '../../change/operation-id.ts';
import { APPROVAL_NEEDED } from '../../change/policy/decide.ts';
import { readCommand } from '../../change/remote/read-command.ts';
import { commandText } from '../../change/remote/wire.ts';
import { RuntimeClientError, type Spoken } from '../../client/index.ts';
import { verdict } from '../../client/verdicts.ts';
import type { Target, Typed } from '../../ops/target.ts';
import { hasLevel } from '../../runtime/levels.ts';
import { hintFor } from '../../runtime/mistakes.ts';
import type { Answers } from './answers.ts';
import { lower, neededLevel } from './needed-level.ts';
import type { Standing, Talk } from './talk.ts';

/** What a command runs in. */
export interface Course {
  readonly target: Target;
  readonly answers: Answers;
  readonly standing: Standing;
  /** The connection of this line; opened by the first command that needs one. */
  talk(): Promise<Talk>;
}

type Words = readonly string[];

const ERR = 3;

const NOTICE = 5;

/** What Sluice says of its own commands, and of changes within a transaction, where HAProxy's success is silent. */
function isNotice({ severity, body }: Spoken): boolean {
  return severity !== null && severity >= NOTICE && !body.startsWith('Unknown command');
}

/** Runs one command and tells the answer. Resolves to false when it was refused. Rejects with a RuntimeClientError when no answer came. */
export async function runCommand(words: Words, payload: string | null, course: Course): Promise<boolean> {
  const { answers, standing } = course;
  const command = words.join(' ');
  const refuse = (text: string) => {
    answers.tell({ command, ok: false, severity: ERR, body: `${text}\n` });
    return false;
  };
  const needed = neededLevel(words);
  if (!hasLevel(standing.level, needed)) {
    answers.note(`'${words.slice(0, 2).join(' ')}' needs level ${needed}, this is ${standing.level}`);
    return refuse('Permission denied');
  }
  if (words[0] === '_getsocks') return refuse('sockets can be passed to a new process only');
  if (words[0] === 'set' && words[1] === 'severity-output') return setSeverity(words[2], course, refuse);
  if (words[0] === 'show' && words[1] === 'events' && words.includes('-w')) return follow(words, course);
  const spoken = await answered(words, payload, course);
  if (typeof spoken === 'string') return refuse(spoken);
  const { severity, body } = spoken;
  const ok =
    (course.target.product === 'sluice' && isNotice(spoken)) ||
    verdict(words, { severity, text: body.replace(/\n+$/, '') }) === null;
  answers.tell({ command, ok, severity, body });
  if (ok) keepStanding(words, standing);
  else if (course.target.product === 'haproxy') hint(words, body, answers);
  return ok;
}

/** The answer, or why the command was not sent. */
async function answered(words: Words, payload: string | null, course: Course): Promise<Spoken | string> {
  const { target, standing, answers } = course;
  const ask = async () => (await course.talk()).ask(words, payload);
  // Sluice records what it is told by itself.
  const changes = target.typed === undefined ? null : readCommand({ words, payload, mode: standing.mode });
  if (changes === null) return ask();
  let spoken: Spoken | null = null;
  const typed: Typed = {
    words,
    changes,
    async ask() {
      spoken = await ask();
      return { severity: spoken.severity, text: spoken.body.replace(/\n+$/, '') };
    },
  };
  const operation = newOperationId();
  const { answer, notes } = await target.typed!(typed, { operation, title: titleOf(words, payload, changes) });
  if (answer === null) return why(notes, operation);
  for (const text of notes) answers.note(text);
  return spoken!;
}

function why([text = 'refused', ...others]: readonly string[], operation: string): string {
  const approval = text.startsWith(APPROVAL_NEEDED)
    ? [`it waits for 'sluice approve ${operation}' by one of them`]
    : [];
  return [text, ...approval, ...others].join('; ');
}

/** Longest title that is kept, characters. */
const LONGEST = 400;

/** Kinds whose last word is a secret. */
const SECRET: readonly Change['kind'][] = ['ticket-key.set', 'backend.dynamic-cookie-key'];

/** The command as it was typed, without what is nobody's business. */
function titleOf(words: Words, payload: string | null, changes: readonly Change[]): string {
  const secret = payload !== null || changes.some(({ kind }) => SECRET.includes(kind));
  return `runtime ${commandText({ words, ...(payload === null ? {} : { payload }), secret })}`.slice(0, LONGEST);
}

function setSeverity(word: string | undefined, { answers }: Course, refuse: (text: string) => boolean): boolean {
  if (word !== 'none' && word !== 'number' && word !== 'string')
    return refuse("one of 'none', 'number', 'string' is a required argument");
  answers.severity = word;
  answers.tell({ command: `set severity-output ${word}`, ok: true, severity: null, body: '' });
  return true;
}

/** Events as they come, until the process is stopped. */
async function follow(words: Words, { target, answers }: Course): Promise<boolean> {
  for await (const line of target.client.stream(words, { endless: true })) answers.line(line);
  return true;
}

/** What a command sets for those behind it. */
function keepStanding(words: Words, standing: Standing): void {
  const [word, value] = words;
  if (word === 'operator' || word === 'user') {
    standing.level = lower(standing.level, word);
    standing.mode = null;
  } else if (word === 'expert-mode' || word === 'experimental-mode') {
    const mode = word === 'expert-mode' ? 'expert' : 'experimental';
    if (value === 'on') standing.mode = mode;
    else if (value === 'off' && standing.mode === mode) standing.mode = null;
  }
}

function hint(words: Words, body: string, answers: Answers): void {
  const text = body.startsWith('Unknown command') ? hintFor(words) : null;
  if (text !== null) answers.note(text);
}

/** Why a command cannot be written at all: that is no failure of the connection. */
export function isUnwritable(error: unknown): error is RuntimeClientError {
  return error instanceof RuntimeClientError && error.code === 'EINVAL';
}
