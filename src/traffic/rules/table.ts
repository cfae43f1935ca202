import type { ExprError } from '../../expr/sample.ts';
import { addressActions } from './actions/addresses.ts';
import { bandwidthAction } from './actions/bandwidth.ts';
import { cacheActions } from './actions/cache.ts';
import { logAction } from './actions/do-log.ts';
import { expectingActions } from './actions/expecting.ts';
import { finalActions } from './actions/final.ts';
import { headerActions } from './actions/headers.ts';
import { binaryHeaderActions } from './actions/headers-bin.ts';
import { hintAction } from './actions/hints.ts';
import { miscActions } from './actions/misc.ts';
import { packetActions } from './actions/packets.ts';
import { patternActions } from './actions/patterns.ts';
import { refusalOf } from './actions/refused.ts';
import { settingActions } from './actions/settings.ts';
import { switchModeAction } from './actions/switch-mode.ts';
import { trackAction, trackedActions } from './actions/tracking.ts';
import { uriActions } from './actions/uri.ts';
import { variableActions } from './actions/variables.ts';
import { waitingActions } from './actions/waiting.ts';
import type { ActionRow, RuleKind } from './types.ts';

/** All actions of rules. */
const ACTIONS: readonly ActionRow[] = [
  ...addressActions,
  bandwidthAction,
  ...cacheActions,
  ...expectingActions,
  ...finalActions,
  logAction,
  ...binaryHeaderActions,
  ...headerActions,
  hintAction,
  ...miscActions,
  ...packetActions,
  ...patternActions,
  ...settingActions,
  switchModeAction,
  ...trackedActions,
  ...uriActions,
  ...variableActions,
  ...waitingActions,
];

const byName = new Map<string, ActionRow>(
  ACTIONS.flatMap((row) => row.kinds.map((kind) => [`${kind} ${row.name}${row.prefix ? '(' : ''}`, row])),
);

/** The action that a word means in rules of a kind; why it is refused, where HAProxy has it; null for no action. */
export function findAction(kind: RuleKind, word: string): ActionRow | ExprError | null {
  const open = word.endsWith(')') ? word.indexOf('(') : -1;
  if (word.startsWith(trackAction.name) && trackAction.kinds.includes(kind)) return trackAction;
  const row = byName.get(`${kind} ${open < 0 ? word : word.slice(0, open + 1)}`);
  return row ?? refusalOf(kind, open < 0 ? word : word.slice(0, open));
}

/** Names of the actions of a kind that do something. */
export function actionNames(kind: RuleKind): string[] {
  const names = ACTIONS.filter((row) => row.kinds.includes(kind) && row.inert === undefined).map((row) =>
    row.prefix ? `${row.name}(*)` : row.name,
  );
  return trackAction.kinds.includes(kind) ? [...names, `${trackAction.name}*`] : names;
}
