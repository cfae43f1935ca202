import { OperationError } from '../../ops/errors.ts';
import type { Level } from '../../runtime/levels.ts';
import { sudoUser } from '../../util/sudo.ts';
import { usageOf } from '../sub-commands.ts';

/** What the command line of `sluice runtime` says. */
export interface RuntimeOptions {
  readonly target: string | null;
  readonly level: Level;
  readonly json: boolean;
  /** Lines, separated by line ends; null: from standard input. */
  readonly command: string | null;
}

/** What says how far the rights of this process go, and where its records are. */
const BOUNDS = ['--level', '--target', '--state-dir', '--policy'];

/**
 * Reads the command line; what follows the options is the command. Behind sudo what the line of sudoers says stands first: nothing behind
 * it may say it again. Throws OperationError.
 */
export function readOptions(args: readonly string[]): RuntimeOptions {
  refuseRepeated(args);
  let target: string | null = null;
  let level: Level | null = null;
  let json = false;
  let at = 0;
  for (; at < args.length && args[at]!.startsWith('-'); at++) {
    const [, name, inline] = /^(--?[^=]*)(?:=(.*))?$/s.exec(args[at]!)!;
    if (args[at] === '--') {
      at++;
      break;
    }
    if (name === '--json' && inline === undefined) {
      json = true;
      continue;
    }
    if (name !== '--target' && name !== '--level') throw usage(`unknown option '${args[at]}'`);
    const value = inline ?? args[++at];
    if (value === undefined || value === '') throw usage(`${name} needs a value`);
    if ((name === '--target' ? target : level) !== null) throw usage(`${name} is given twice`);
    if (name === '--target') target = value;
    else level = levelOf(value);
  }
  return { target, level: level ?? 'admin', json, command: at < args.length ? args.slice(at).join(' ') : null };
}

function refuseRepeated(args: readonly string[]): void {
  const user = sudoUser();
  if (user === null) return;
  const found = args.map((arg) => BOUNDS.find((name) => arg === name || arg.startsWith(`${name}=`)));
  for (const [i, name] of found.entries())
    if (name !== undefined && found.indexOf(name) < i)
      throw new OperationError('denied', `${name} is said already; ${user.name} cannot say it again behind sudo`);
}

function levelOf(word: string): Level {
  if (word === 'user' || word === 'operator' || word === 'admin') return word;
  throw usage(`'${word}' is no level; levels are user, operator, admin`);
}

function usage(text: string): OperationError {
  return new OperationError('usage', `${text}; ${usageOf('runtime')}`);
}
