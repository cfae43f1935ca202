import type { CapturedError } from '../../model/messages.ts';
import { findProxy } from '../../model/model.ts';
import { type Answer, dump, error } from '../answer.ts';
import { errorText } from '../errors/render.ts';
import { atoi } from '../lookup.ts';
import type { Call, Command } from '../registry.ts';
import { dateText } from '../time.ts';

async function showErrors({ args, control }: Call): Promise<Answer> {
  const [name] = args;
  const iid = name ? (findProxy(control.model, name, 'any')?.id ?? atoi(name)) : -1;
  if (iid === 0) return error('No such proxy.');
  const side = args[1] === 'request' || args[1] === 'response' ? args[1] : null;
  const captured = ((await control.traffic.ask({ kind: 'errors.list' })) as CapturedError[][]).flat();
  return dump(report(captured, iid, side, control.model.config.global.tune.bufsize));
}

function* report(
  captured: readonly CapturedError[],
  iid: number,
  side: CapturedError['side'] | null,
  bufsize: number,
): Generator<string> {
  const total = captured.reduce((most, { eventId }) => Math.max(most, eventId + 1), 0);
  yield `Total events captured on [${dateText(Date.now())}] : ${total}\n`;
  for (const one of latest(captured)) {
    const matches =
      iid === -1 || one.proxyId === iid || (one.side === 'request' ? one.backendId : one.frontendId) === iid;
    if (matches && (side === null || one.side === side)) yield errorText(one, bufsize);
  }
}

/** The last one of each side of each proxy, in order of proxies, requests before responses. */
function latest(captured: readonly CapturedError[]): CapturedError[] {
  const last = new Map<string, CapturedError>();
  for (const one of captured) {
    const key = `${one.proxyId} ${one.side}`;
    const before = last.get(key);
    if (!before || before.date < one.date || (before.date === one.date && before.eventId < one.eventId))
      last.set(key, one);
  }
  const rank = (one: CapturedError) => (one.side === 'request' ? 0 : 1);
  return [...last.values()].sort((a, b) => rank(a) - rank(b) || a.date - b.date);
}

/** What went wrong: captured messages, and what was said at start. */
export const errorCommands: readonly Command[] = [
  {
    words: 'show errors',
    args: '[<px>] [request|response]',
    help: 'report last request and/or response errors for each proxy',
    level: 'operator',
    where: 'worker',
    about: 'The last invalid HTTP/1 message of each proxy, with the bytes received.',
    run: showErrors,
  },
  {
    words: 'show startup-logs',
    args: '',
    help: 'report logs emitted during HAProxy startup',
    level: 'operator',
    where: 'both',
    run: ({ control }) => dump(control.model.startupLogs),
  },
];
