import { nearestWord } from '../../config/suggest.ts';
import { ERRORS } from '../../ops/errors.ts';
import { usageLine } from '../../ops/parse.ts';
import { OPERATIONS } from '../../ops/registry.ts';
import { shown } from '../../util/shown.ts';
import type { Terminal } from './terminal.ts';

/** What is said about words that are no operation; `subCommands`: other words that may have been meant. */
export function unknownOperation(words: readonly string[], subCommands: readonly string[]): string {
  const names = OPERATIONS.map(({ name }) => name);
  const longer = OPERATIONS.filter(({ name }) => name.startsWith(`${words[0]} `));
  if (longer.length > 0) {
    const forms = longer.map((operation) => `  sluice ${usageLine(operation)}`).join('\n');
    return `'${words[0]}' needs another word:\n${forms}`;
  }
  const near = nearestWord(words[0]!, [...names, ...subCommands]);
  const meant = near === null ? '' : `; did you mean '${near}'?`;
  return `unknown operation or sub-command '${words[0]}'${meant}\nTry: sluice help`;
}

/** Prints why a command line was not understood. Returns the exit status. */
export function complain({ err }: Terminal, text: string): number {
  err.write(`sluice: ${text.split('\n').map(shown).join('\n')}\n`);
  return ERRORS.usage.status;
}
