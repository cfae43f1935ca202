import type { Change, Origin } from '../../../src/change/change.ts';
import type { Attempt, OutcomeRecord } from '../../../src/change/journal/journal.ts';

/** A server of be_app that is drained. */
export function drain(server: string): Change {
  return { kind: 'server.state', backend: 'be_app', server, to: 'drain' };
}

/** An attempt to drain a server, by somebody. */
export function attempt(
  server: string,
  who: Omit<Partial<Origin>, 'actor'> & { readonly actor?: string } = {},
): Attempt {
  const { actor, ...rest } = who;
  const origin: Origin = {
    surface: 'cli-socket',
    from: '/run/test.sock',
    level: 'admin',
    ...rest,
    ...(actor === undefined ? {} : { actor: { name: actor, uid: 1000, pid: 1, sudoUser: null } }),
  };
  return { target: '', origin, change: drain(server), before: 'ready', after: 'drain' };
}

/** Success of an attempt. */
export function outcome(seq: number, fields: Partial<OutcomeRecord> = {}): OutcomeRecord {
  const inverse: Change = { kind: 'server.state', backend: 'be_app', server: 'app1', to: 'ready' };
  return {
    attempt: seq,
    ok: true,
    severity: 6,
    text: '',
    duration: 1,
    inverse,
    before: 'ready',
    after: 'drain',
    ...fields,
  };
}
