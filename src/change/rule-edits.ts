import { setImmediate as nextTurn } from 'node:timers/promises';
import type { PatternEdit } from '../model/messages.ts';
import type { LivePatterns } from '../model/patterns/references.ts';
import { inTurn } from './apply.ts';
import type { ChangeContext } from './context.ts';
import { unfitEntry } from './rows/patterns/subject.ts';

/** How long edits may hold the thread without a pause, ms. */
const SLICE = 4;

/**
 * Makes what rules of traffic want of maps and ACLs, in turn with all Changes. They are no acts of operators: nothing of them is judged by a
 * policy, recorded or taken back. What does not fit the patterns is left out, as HAProxy does.
 */
export function makeRuleEdits(edits: readonly PatternEdit[], ctx: ChangeContext): Promise<void> {
  return inTurn(ctx, async () => {
    const { patterns } = ctx.model;
    let pause = performance.now() + SLICE;
    for (const edit of edits) {
      const live = patterns.at(edit.name);
      if (live === null) continue;
      await patterns.makeRoom();
      make(live, edit);
      if (performance.now() < pause) continue;
      patterns.reclaim();
      await nextTurn();
      pause = performance.now() + SLICE;
    }
    patterns.reclaim();
  });
}

function make(live: LivePatterns, { how, key, value }: PatternEdit): void {
  const { store } = live;
  const entries = [...store.withKey(store.current, key)];
  if (how === 'del') {
    for (const entry of entries) store.delete(store.current, entry);
    live.edited ||= entries.length > 0;
    return;
  }
  if ((how === 'add' && entries.length > 0) || unfitEntry(live, [[key, value]]) !== null) return;
  if (entries.length === 0) store.add(store.current, key, value);
  for (const entry of entries) store.setValue(store.current, entry, value);
  live.edited = true;
}
