import { referenceName } from '../../../expr/patterns.ts';
import type { PatternEdit } from '../../../model/messages.ts';
import type { Stream } from '../../stream.ts';
import { compileText } from '../text.ts';
import { type ActionRow, type RuleEnv, Verdict, type Words } from '../types.ts';
import { ALL_HTTP } from './kinds.ts';

const HOW = { 'add-acl': 'add', 'set-map': 'set', 'del-acl': 'del', 'del-map': 'del' } as const;

/**
 * `add-acl(<file>) <key>`, `del-acl(<file>) <key>`, `set-map(<file>) <key> <value>`, `del-map(<file>) <key>`. The control thread makes the
 * edit; look-ups see it a moment later, on all threads. Patterns that nothing looks up are not edited.
 */
function editAction(name: keyof typeof HOW): ActionRow {
  const how = HOW[name];
  return {
    name,
    prefix: true,
    kinds: ALL_HTTP,
    compile(words: Words, env: RuleEnv, action: string) {
      const file = action.slice(name.length + 1, -1);
      const wanted = how === 'set' ? 2 : 1;
      const formats = [words.take(), wanted === 2 ? words.take() : ''];
      if (formats.includes(undefined) || file === '')
        return { error: `expects ${file === '' ? 'a file in parentheses and ' : ''}exactly ${wanted} arguments` };
      const key = compileText(formats[0], env, true);
      if ('error' in key) return key;
      const value = compileText(formats[1], env, true);
      if ('error' in value) return value;
      const patterns = referenceName(file);
      return (stream) => {
        const edit: PatternEdit = { how, name: patterns, key: key(stream), value: value(stream) };
        if (!isMade(stream, edit)) stream.env.patternEdits.add(idOf(edit), edit, edit.key.length + edit.value.length);
        return Verdict.next;
      };
    },
  };
}

/** It would change nothing. */
function isMade({ env }: Stream, edit: PatternEdit): boolean {
  const { how, name, key, value } = edit;
  const there = env.patterns.valueOf(name, key);
  if (there === undefined) return true;
  const isThere = how === 'del' ? there === null : how === 'add' ? there !== null : there === value;
  return isThere && !env.patternEdits.concerns(idOf(edit));
}

const idOf = ({ name, key }: PatternEdit): string => `${name}\n${key}`;

/** Actions that edit maps and ACLs. */
export const patternActions: readonly ActionRow[] = [
  editAction('add-acl'),
  editAction('del-acl'),
  editAction('set-map'),
  editAction('del-map'),
];
