import { randomInt } from 'node:crypto';
import { type Answer, error, info, nothing } from '../answer.ts';
import { hasLevel } from '../levels.ts';
import type { Call, Command } from '../registry.ts';

const MAX_KEY = 0xffffffff;

/** The key that `set anon on` takes when it is given none, 0 = a random one. */
let globalKey = 0;

/** A key within bounds, or null. */
function parseKey(text: string, least: number): number | null {
  const key = /^\d+$/.test(text) ? Number(text) : -1;
  return key >= least && key <= MAX_KEY ? key : null;
}

function on({ args, session }: Call): Answer {
  const key = args[0] ? parseKey(args[0], 1) : globalKey || randomInt(1, MAX_KEY);
  if (key === null) return error('Value out of range (1 to 4294967295 expected).');
  session.anonKey = key;
  return nothing;
}

function off({ args, session }: Call): Answer {
  if (args[0]) return error("Key can't be added while disabling anonymized mode");
  session.anonKey = 0;
  return nothing;
}

function setGlobal({ args }: Call): Answer {
  if (!args[0]) return error('Expects an integer value.');
  const key = parseKey(args[0], 0);
  if (key === null) return error('Value out of range (0 to 4294967295 expected).');
  globalKey = key;
  return nothing;
}

function show({ session }: Call): Answer {
  if (session.anonKey === 0) return info('Anonymized mode disabled');
  return info(`Anonymized mode enabled${hasLevel(session.level, 'operator') ? `\nKey : ${session.anonKey}` : ''}`);
}

/** Hiding names and addresses in dumps. */
export const anonCommands: readonly Command[] = [
  {
    words: 'set anon on',
    args: '[value]',
    help: 'activate the anonymized mode',
    level: 'user',
    where: 'worker',
    run: on,
  },
  { words: 'set anon off', args: '', help: 'deactivate the anonymized mode', level: 'user', where: 'worker', run: off },
  {
    words: 'set anon global-key',
    args: '<value>',
    help: 'change the global anonymizing key',
    level: 'admin',
    where: 'worker',
    about: '0 makes `set anon on` without key take a random one.',
    run: setGlobal,
  },
  {
    words: 'show anon',
    args: '',
    help: 'display the current state of anonymized mode',
    level: 'user',
    where: 'worker',
    run: show,
  },
];
