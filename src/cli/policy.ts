/** `sluice policy`: look at a policy file before it is put in force. */
import { ACTIONS } from '../change/policy/actions.ts';
import { decideOne } from '../change/policy/decide.ts';
import { loadPolicy } from '../change/policy/load.ts';
import type { Policy } from '../change/policy/policy.ts';
import { PolicySchema } from '../change/policy/schema.ts';
import { groupsOf } from '../util/accounts.ts';
import { usageOf } from './sub-commands.ts';
import { UsageError } from './usage-error.ts';

/** Resolves to 0 (valid; allowed), 1 (denied, or in need of approval) or 2 (the file cannot be used). */
export async function policy(args: readonly string[]): Promise<number> {
  const [what, ...rest] = args;
  if (what === 'schema' && rest.length === 0) return print(JSON.stringify(PolicySchema, null, 2));
  if (what === 'actions' && rest.length === 0) return print(ACTIONS.join('\n'));
  if (what === 'check' && rest.length === 1) return check(rest[0]!);
  if (what === 'explain') return explain(rest);
  throw new UsageError(usageOf('policy'));
}

function check(file: string): number {
  const policy = load(file);
  if (policy === null) return 2;
  return print(`${file}: valid; ${policy.rules.length} rules, ${policy.guards.length} guards`);
}

async function explain(args: readonly string[]): Promise<number> {
  const words = [...args];
  const force = take(words, '--force', 0) !== null;
  const date = take(words, '--at', 1);
  const at = date === null ? new Date() : new Date(date);
  const [file, user, action, object, ...more] = words;
  if (object === undefined || more.length > 0) throw new UsageError(usageOf('policy'));
  if (Number.isNaN(at.getTime())) throw new UsageError(`not a date: '${date}' (like 2026-11-21T10:00)`);
  if (!ACTIONS.includes(action!)) throw new UsageError(`no such action: '${action}'; there are ${ACTIONS.join(', ')}`);
  const policy = load(file!);
  if (policy === null) return 2;
  const person = { name: user!, groups: await groupsOf(user!) };
  const decision = decideOne(policy, { person, force, at }, action!, object);
  print(decision.kind === 'allow' ? 'Allowed' : decision.text);
  return decision.kind === 'allow' ? 0 : 1;
}

/** Takes a flag with what follows it out of `words`: the value ('' for none), or null when it is not there. */
function take(words: string[], flag: string, values: 0 | 1): string | null {
  const at = words.indexOf(flag);
  if (at < 0) return null;
  const [, value = ''] = words.splice(at, 1 + values);
  return value;
}

function load(file: string): Policy | null {
  const loaded = loadPolicy(file);
  if ('policy' in loaded) return loaded.policy;
  for (const problem of loaded.problems) process.stderr.write(`sluice: ${problem}\n`);
  return null;
}

function print(text: string): number {
  process.stdout.write(`${text}\n`);
  return 0;
}
