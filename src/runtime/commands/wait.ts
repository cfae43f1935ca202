import { setTimeout as sleep } from 'node:timers/promises';
import { backendRemovable } from '../../change/rows/backend.ts';
import { serverRemovable } from '../../change/rows/dynamic-server.ts';
import { findProxy, findServer } from '../../model/model.ts';
import { type Answer, error, info } from '../answer.ts';
import { splitServerPath } from '../lookup.ts';
import type { Call, Command } from '../registry.ts';
import { parseDuration } from '../time.ts';

const USAGE = [
  'Usage: wait {-h|<duration>} [condition [args...]]',
  "  - '-h' displays this help",
  '  - <duration> is the maximum wait time, optionally suffixed by the unit among',
  "    'us', 'ms', 's', 'm', 'h', and 'd'. ; the default unit is milliseconds.",
  '  - <condition> indicates what to wait for, no longer than the specified',
  '    duration. Supported conditions are:',
  '    - <none> : by default, just sleep for the specified duration.',
  '    - srv-removable <px>/<sv> : wait for this server to become removable.',
].join('\n');

/** How often a condition is looked at, ms. */
const POLL_MS = 50;

/** Reasons that go away by themselves: connections and streams that end. */
const PASSING = / still has /;

/** The state of a condition: met, or why not yet, or why never. */
type State = { readonly kind: 'met' } | { readonly kind: 'not-yet' | 'never'; readonly reason: string };
type Condition = (call: Call) => State;

const never = (reason: string): State => ({ kind: 'never', reason });

function judged(reason: string | undefined): State {
  if (reason === undefined) return { kind: 'met' };
  return PASSING.test(reason) ? { kind: 'not-yet', reason } : never(reason);
}

function serverCondition(path: string): Condition {
  return ({ control }) => {
    const names = splitServerPath(path);
    const backend = names && findProxy(control.model, names.backend, 'backend');
    if (!backend) return never('No such backend.');
    const server = findServer(backend, names.server);
    return server ? judged(serverRemovable(control, server)?.text) : never('No such server.');
  };
}

function backendCondition(name: string): Condition {
  return ({ control }) => {
    const backend = findProxy(control.model, name, 'backend');
    return backend ? judged(backendRemovable(control, backend)?.text) : never('No such backend.');
  };
}

async function wait(call: Call): Promise<Answer> {
  const [duration, condition, subject] = call.args;
  if (!duration) return error('Expects a duration in milliseconds.');
  if (duration === '-h') return info(USAGE);
  const ms = parseDuration(duration, 'ms');
  if (ms === null) return error('Invalid duration.');
  if (!condition) return until(call, ms, () => ({ kind: 'not-yet', reason: '' }));
  if (condition === 'srv-removable')
    return subject ? until(call, ms, serverCondition(subject)) : error('Missing server name (<backend>/<server>).');
  if (condition === 'be-removable')
    return subject ? until(call, ms, backendCondition(subject)) : error('Missing backend name.');
  return error(USAGE);
}

/** Looks at the condition until it is met or cannot be, the time is over, or the client has closed its side. */
async function until(call: Call, ms: number, condition: Condition): Promise<Answer> {
  const deadline = performance.now() + ms;
  const plain = condition(call).kind === 'not-yet' && !call.args[1];
  const interrupted = new AbortController();
  const stopWatching = call.session.connection.onceEnded(() => interrupted.abort());
  try {
    for (;;) {
      const state = condition(call);
      if (state.kind === 'met') return info('Done.');
      if (state.kind === 'never') return error(`Failed. ${state.reason}`);
      const left = deadline - performance.now();
      if (left <= 0) return plain ? info('Done.') : error(`Wait delay expired. ${state.reason}`);
      if (interrupted.signal.aborted) return error(`Interrupted. ${state.reason || '(null)'}`);
      await sleep(plain ? left : Math.min(left, POLL_MS), undefined, { signal: interrupted.signal }).catch(
        () => undefined,
      );
    }
  } finally {
    stopWatching();
  }
}

export const waitCommands: readonly Command[] = [
  {
    words: 'wait',
    args: '{-h|<delay_ms>} cond [args...]',
    help: 'wait the specified delay or condition (-h to see list)',
    level: 'admin',
    where: 'worker',
    about:
      'Conditions: `srv-removable <backend>/<server>`, `be-removable <backend>`. A client that closes its sending side interrupts the wait.',
    run: wait,
  },
];
