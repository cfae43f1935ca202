/** The Sluice that the service is a part of. */

import type { Change, Origin } from '../../change/change.ts';
import { planChanges } from '../../config/diff/plan-changes.ts';
import type { Config, Diagnostic } from '../../config/types.ts';
import type { Control, RunningControl } from '../../control/types.ts';
import type { Documents } from '../edit/sections.ts';
import { ApiError } from '../service/error.ts';
import type { Balancer, ConfigurationProblem, Made, Requester } from './balancer.ts';
import { editChanges } from './edit-changes.ts';
import { answerTo, localTarget } from './local-target.ts';
import { withServerEdits } from './server-edits.ts';

/** A configuration, and the documents that it was made from. */
interface Loaded {
  readonly documents: Documents;
  readonly config: Config;
}

export function localBalancer(control: RunningControl): Balancer {
  const change = async (changes: readonly Change[], requester: Requester, surface = 'api'): Promise<Made> => {
    const { ok, outcomes, failedAt } = await control.operations.apply(changes, { ...originOf(requester), surface });
    return { ok, text: (outcomes[failedAt] ?? outcomes.at(-1))?.text.trim() ?? '' };
  };
  /** What was made of documents, and what the configuration in force was made from, as far as that is known. */
  let checked: Loaded | null = null;
  let inForce: Loaded | null = null;
  const check = async (documents: Documents): Promise<ConfigurationProblem[]> => {
    const texts = documents.map((document) => ({ name: document.name, text: document.print() }));
    const known = inForce?.config === control.model.config ? inForce : null;
    const edited = known === null ? null : withServerEdits(known.config, known.documents, documents);
    const loaded = edited === null ? await control.check(texts) : { config: edited, diagnostics: [] };
    if (loaded.config === null) return problemsIn(loaded.diagnostics);
    control.prepare(texts, loaded);
    checked = { documents, config: loaded.config };
    return [];
  };
  return {
    product: 'sluice',
    outlives: false,
    check,
    plan: (before, after) => planChanges(before, after, { on: 'sluice' }),
    permits: (requester, changes) => control.permits(changes, originOf(requester)),
    permitsEdit: async (requester, before, after) =>
      control.isPoliced ? control.permits(editChanges(before, after, 'sluice'), originOf(requester)) : null,
    change: (changes, requester) => change(changes, requester),
    async putInForce(_before, _after, requester) {
      // What it comes to was permitted before it was written.
      const { ok, text } = await change([{ kind: 'config.reload' }], requester, 'commit');
      inForce = checked;
      return ok ? { outcome: 'live' } : { outcome: 'failed', text };
    },
    reload: (requester) => change([{ kind: 'config.reload' }], requester),
    async ask(words) {
      let text = '';
      for await (const piece of answerOf(control, words)) text += piece;
      return text;
    },
    stream: (words) => answerOf(control, words),
    target: (requester) => localTarget(control, originOf(requester)),
    // Sluice takes back what it lends.
    leased: () => {},
    close: async () => {},
  };
}

function originOf({ user, from, title }: Requester): Origin {
  const actor = { name: user, uid: null, pid: null, sudoUser: null };
  return { surface: 'api', from, level: 'admin', actor, title: title.slice(0, 500) };
}

function problemsIn(diagnostics: readonly Diagnostic[]): ConfigurationProblem[] {
  return diagnostics
    .filter(({ severity }) => severity === 'alert')
    .filter(isOwn)
    .map(({ at, text }) => ({ file: at?.file ?? null, line: at?.line ?? null, text }));
}

/** Not what only says that there was an error. */
function isOwn({ text }: Diagnostic): boolean {
  return !/^(Fatal errors found in configuration|Error\(s\) found in configuration file)/.test(text);
}

/** What the Runtime API answers to a command, without a connection. */
async function* answerOf(control: Control, words: readonly string[]): AsyncGenerator<string, void, undefined> {
  const answer = await answerTo(control, originOf({ user: 'service', from: 'api', title: '' }), words);
  if (answer.kind === 'message' && answer.severity <= 3) throw new ApiError(400, answer.text.trim());
  if (answer.kind === 'message') yield answer.text;
  if (answer.kind === 'dump') yield* answer.pieces;
}
