import { finalActions } from './actions/final.ts';
import { headerActions } from './actions/headers.ts';
import { miscActions, variableAction } from './actions/misc.ts';
import { uriActions } from './actions/uri.ts';
import type { ActionRow, RuleKind } from './types.ts';

/** All actions of rules. */
const ACTIONS: readonly ActionRow[] = [...finalActions, ...headerActions, ...uriActions, ...miscActions];

const byName = new Map<string, ActionRow>(
  ACTIONS.flatMap((row) => row.kinds.map((kind) => [`${kind} ${row.name}`, row])),
);

/** The action called `name` in rules of a kind. */
export function findAction(kind: RuleKind, name: string): ActionRow | null {
  return byName.get(`${kind} ${name}`) ?? variableAction(name);
}

/** Names of the actions of a kind. */
export function actionNames(kind: RuleKind): string[] {
  return [
    ...ACTIONS.filter((row) => row.kinds.includes(kind)).map((row) => row.name),
    'set-var*',
    'set-var-fmt*',
    'unset-var*',
  ];
}
