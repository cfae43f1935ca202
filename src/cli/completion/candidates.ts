import type { Kind } from '../../ops/kinds.ts';
import type { Operation } from '../../ops/operation.ts';
import { optionsOf } from '../../ops/options.ts';
import { OPERATIONS } from '../../ops/registry.ts';

/** Names that are known only by asking a load balancer. */
export type Asked = 'servers' | 'backends' | 'frontends';

/** What may stand in place of the last of these words (which may be empty): whole words. `files`: the shell offers files itself. */
export async function candidates(
  words: readonly string[],
  subCommands: readonly string[],
  names: (what: Asked) => Promise<readonly string[]>,
): Promise<readonly string[] | 'files'> {
  const partial = words.at(-1) ?? '';
  const before = words.slice(0, -1);
  const operation = operationOf(before);
  const rest = operation === null ? [] : before.slice(operation.name.split(' ').length);
  // `frontend` may go on as `frontend disable`.
  const longer = nextWords(before);
  if (operation === null) return starting(before.length === 0 ? [...longer, ...subCommands] : longer, partial);
  const option = valueOf(operation, rest);
  if (option !== null) return offered(option, partial, names);
  if (partial.startsWith('-')) return starting(optionWords(operation, rest), partial);
  const parameter = parameterAt(operation, rest);
  const own = parameter === null ? [] : await offered(parameter, partial, names);
  if (own === 'files') return own;
  return [...starting(rest.length === 0 ? longer : [], partial), ...own];
}

/** The operation that the words begin with, the longest name first. */
function operationOf(words: readonly string[]): Operation | null {
  const found = OPERATIONS.filter(({ name }) => name.split(' ').every((word, i) => words[i] === word));
  return found.sort((a, b) => b.name.length - a.name.length)[0] ?? null;
}

/** Words of operations' names that may follow these. */
function nextWords(words: readonly string[]): readonly string[] {
  const next = OPERATIONS.map(({ name }) => name.split(' ')).filter(
    (name) => name.length > words.length && words.every((word, i) => name[i] === word),
  );
  return [...new Set(next.map((name) => name[words.length]!))];
}

/** The option whose value comes next, if the last word is one. */
function valueOf(operation: Operation, rest: readonly string[]): Kind<unknown> | null {
  const last = rest.at(-1) ?? '';
  const options = optionsOf(operation);
  const name = last.startsWith('--') && !last.includes('=') ? last.slice(2) : null;
  return name !== null && Object.hasOwn(options, name) ? options[name]!.kind : null;
}

/** Options that were not given yet. */
function optionWords(operation: Operation, rest: readonly string[]): readonly string[] {
  const given = new Set(rest.map((word) => word.split('=', 1)[0]));
  const options = optionsOf(operation);
  const open = Object.keys(options).filter((name) => options[name]!.many || !given.has(`--${name}`));
  return [...open, ...(given.has('--help') ? [] : ['help'])].map((name) => `--${name}`);
}

/** The kind of the next word that is no option. */
function parameterAt(operation: Operation, rest: readonly string[]): Kind<unknown> | null {
  const options = optionsOf(operation);
  let position = 0;
  for (let i = 0; i < rest.length; i++) {
    const word = rest[i]!;
    if (!word.startsWith('--')) position++;
    else if (!word.includes('=') && (options[word.slice(2)]?.kind ?? null) !== null) i++;
  }
  const parameters = Object.values(operation.parameters);
  const last = parameters.at(-1);
  return (parameters[position] ?? (last?.many ? last : undefined))?.kind ?? null;
}

async function offered(
  { offers }: Kind<unknown>,
  partial: string,
  names: (what: Asked) => Promise<readonly string[]>,
): Promise<readonly string[] | 'files'> {
  if (offers === 'files') return 'files';
  const words = typeof offers === 'string' ? await names(offers) : offers;
  return starting(words, partial);
}

function starting(words: readonly string[], partial: string): readonly string[] {
  return words.filter((word) => word.startsWith(partial)).sort();
}
