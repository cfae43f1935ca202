/** The language of golden cases of edits. */

import type { Edit } from '../../../src/config/edit/edit.ts';
import { tokenize } from '../../../src/config/tokenizer.ts';

/**
 * An edit for each line:
 *
 *     set app/a weight 20          on app/a backup        off app/a backup        unset app/a weight
 *     address app/a HOST PORT      rename app/a NAME      append app/a ADDRESS WORDS...      remove app/a
 *     in 'frontend www' set 'rate-limit sessions' 10      in 'frontend www' unset maxconn
 *     in 'backend x' word cookie dynamic                  in 'backend x' no-word cookie dynamic
 *     in 'frontend www' disable    in 'frontend www' enable
 *     section 'backend x from y' STATEMENT...             remove-section 'backend x'
 *
 * `-` for a host or a port leaves it as it is.
 */
export function editsOf(script: string): Edit[] {
  return script
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => editOf(wordsOf(line)));
}

function wordsOf(line: string): string[] {
  return tokenize(line, () => undefined).words;
}

function editOf([verb, target = '', ...words]: readonly string[]): Edit {
  const [backend = '', server = ''] = target.split('/');
  const [first = '', second = ''] = words;
  switch (verb) {
    case 'set':
      return { op: 'server.set', backend, server, keyword: first, value: second };
    case 'on':
    case 'off':
      return { op: 'server.flag', backend, server, keyword: first, on: verb === 'on' };
    case 'unset':
      return { op: 'server.unset', backend, server, keyword: first };
    case 'address':
      return { op: 'server.address', backend, server, host: given(first), port: given(second) };
    case 'rename':
      return { op: 'server.rename', backend, server, name: first };
    case 'append':
      return { op: 'server.append', backend, server, address: first, words: words.slice(1) };
    case 'remove':
      return { op: 'server.remove', backend, server };
    case 'section':
      return { op: 'section.append', title: wordsOf(target), statements: words.map(wordsOf) };
    case 'remove-section':
      return { op: 'section.remove', section: sectionOf(target) };
    case 'in':
      return statementEdit(sectionOf(target), words);
    default:
      throw new Error(`unknown edit '${verb}'`);
  }
}

function statementEdit(
  section: { kind: string; name: string },
  [verb, keyword = '', ...values]: readonly string[],
): Edit {
  if (verb === 'set') return { op: 'statement.set', section, keyword, values };
  if (verb === 'unset') return { op: 'statement.unset', section, keyword };
  if (verb === 'word' || verb === 'no-word')
    return { op: 'statement.word', section, keyword, word: values[0] ?? '', on: verb === 'word' };
  if (verb === 'disable' || verb === 'enable') return { op: 'section.disabled', section, on: verb === 'disable' };
  throw new Error(`unknown edit '${verb}' of a section`);
}

function sectionOf(title: string): { kind: string; name: string } {
  const [kind = '', name = ''] = title.split(' ');
  return { kind, name };
}

function given(word: string): string | null {
  return word === '-' || word === '' ? null : word;
}
