/** `setenv`, `presetenv`, `unsetenv`, `resetenv` (manual, section 3.1): they change what later lines expand. */

import type { ConfigDraft } from '../draft.ts';
import type { Line } from '../line.ts';
import { type Keyword, works } from './table.ts';

const NAME = /^[A-Za-z_][A-Za-z0-9_.]*$/;

function parseSet(line: Line): void {
  const [keyword, name, value] = line.words;
  if (name === undefined || value === undefined)
    return line.alert(`'${keyword}' expects a name and a value.`, 'reader');
  if (!NAME.test(name)) return line.alert(`'${keyword}' failed on variable '${name}' : Invalid argument.`, 'reader');
  if (!line.atMost(2)) return;
  const { env } = line.context;
  if (keyword === 'setenv' || !env.has(name)) env.set(name, value);
}

function parseUnset(line: Line): void {
  if (line.words.length < 2) return line.alert("'unsetenv' expects at least one variable name.", 'reader');
  for (const name of line.words.slice(1)) line.context.env.delete(name);
}

/** Keeps the named variables, with the values they had at start, and drops all others. */
function parseReset(line: Line): void {
  const { env, startEnv } = line.context;
  const kept = line.words.slice(1);
  for (const name of [...env.keys()]) if (!kept.includes(name)) env.delete(name);
  for (const name of kept) {
    const value = startEnv.get(name);
    if (value !== undefined) env.set(name, value);
  }
}

export const ENVIRONMENT_KEYWORDS: readonly Keyword<ConfigDraft>[] = [
  works<ConfigDraft>('setenv', '<name> <value>', parseSet),
  works<ConfigDraft>('presetenv', '<name> <value>', parseSet),
  works<ConfigDraft>('unsetenv', '[<name> ...]', parseUnset),
  works<ConfigDraft>('resetenv', '[<name> ...]', parseReset),
];
