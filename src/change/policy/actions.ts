import type { Change } from '../change.ts';
import { KINDS } from '../kinds.ts';

/** Actions that depend on what is set. */
const VARIANTS = ['ready', 'drain', 'maint', 'frontend enable', 'frontend disable', 'frontend shutdown'];

/** Every action that a policy can name. */
export const ACTIONS: readonly string[] = [
  ...new Set([
    ...VARIANTS,
    ...Object.values(KINDS).flatMap(({ action }) => (typeof action === 'string' ? [action] : [])),
  ]),
].sort();

/** What a Change does, as policies name it: `drain`, `frontend disable`, ... */
export function actionOf(change: Change): string {
  const { action } = Object.hasOwn(KINDS, change.kind) ? KINDS[change.kind] : { action: change.kind };
  return typeof action === 'function' ? (action as (change: Change) => string)(change) : action;
}
