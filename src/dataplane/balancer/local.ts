/** The Sluice that the service is a part of. */

import { Socket } from 'node:net';
import type { Change, Origin } from '../../change/change.ts';
import { planChanges } from '../../config/diff/plan-changes.ts';
import type { Diagnostic } from '../../config/types.ts';
import { load } from '../../control/load.ts';
import type { Control } from '../../control/types.ts';
import { registry } from '../../runtime/server.ts';
import { Session } from '../../runtime/session.ts';
import type { Documents } from '../edit/sections.ts';
import { ApiError } from '../service/error.ts';
import type { Balancer, ConfigurationProblem, Made, Requester } from './balancer.ts';

export function localBalancer(control: Control): Balancer {
  const change = async (changes: readonly Change[], requester: Requester): Promise<Made> => {
    const { ok, outcomes, failedAt } = await control.operations.apply(changes, originOf(requester));
    return { ok, text: (outcomes[failedAt] ?? outcomes.at(-1))?.text.trim() ?? '' };
  };
  return {
    product: 'sluice',
    check: async (documents) => check(documents),
    plan: (before, after) => planChanges(before, after, { on: 'sluice' }),
    change,
    async putInForce(_before, _after, requester) {
      const { ok, text } = await change([{ kind: 'config.reload' }], requester);
      return ok ? { outcome: 'live' } : { outcome: 'failed', text };
    },
    reload: (requester) => change([{ kind: 'config.reload' }], requester),
    async ask(words) {
      let text = '';
      for await (const piece of answerOf(control, words)) text += piece;
      return text;
    },
    stream: (words) => answerOf(control, words),
    close: async () => {},
  };
}

function originOf({ user, from, title }: Requester): Origin {
  const actor = { name: user, uid: null, pid: null, sudoUser: null };
  return { surface: 'api', from, level: 'admin', actor, title: title.slice(0, 500) };
}

/** The files as they would be loaded, compiled as traffic threads do. */
function check(documents: Documents): ConfigurationProblem[] {
  const texts = documents.map((document) => ({ name: document.name, text: document.print() }));
  const { config, diagnostics } = load({ texts, env: process.env });
  if (config !== null) return [];
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
  const session = new Session(new Socket(), {
    control,
    registry,
    level: 'admin',
    severity: 'none',
    timeout: 0,
    from: 'api',
    sockets: () => [],
  });
  const answer = await session.answer(words, null);
  if (answer.kind === 'message' && answer.severity <= 3) throw new ApiError(400, answer.text.trim());
  if (answer.kind === 'message') yield answer.text;
  if (answer.kind === 'dump') yield* answer.pieces;
}
