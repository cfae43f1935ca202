import type { Override } from '../../change/journal/journal.ts';
import { newOperationId } from '../../change/operation-id.ts';
import { CONTENT } from '../../change/remote/row.ts';
import type { HaproxyTarget } from '../targets/haproxy.ts';
import type { AgentEmit } from './events.ts';

/**
 * Puts the overrides of a target in force again after another process has taken over, oldest first. Where the file says something else than
 * when it was overridden, the file wins: the override ends, and that is told. What ends by itself has its lease, which goes on.
 */
export async function reapply(
  target: HaproxyTarget,
  drop: (override: Override, why: string) => Promise<void>,
  emit: AgentEmit,
): Promise<void> {
  const { uptime } = (await target.state()).info;
  const startedAt = Date.now() - uptime * 1000;
  const overrides = [...(await target.ledger.overrides())].sort((a, b) => rank(a) - rank(b) || a.date - b.date);
  for (const override of overrides) {
    // What was set since this process has started is in force there; of what holds many things, only together with the others.
    if (isStored(override) && override.date >= startedAt) continue;
    const [preview] = await target.preview([override.change]);
    const { before, problems } = preview!;
    if (before !== '' && before === override.value) continue;
    if (problems[0]) await drop(override, problems[0].text);
    else if (override.change.kind === 'table.set' && isTaught(before))
      await drop(override, `the entry is there already, with ${before}`);
    else if (override.change.kind === 'table.set') await again(target, override, emit);
    else if (override.file !== '' && before !== override.file)
      await drop(override, `the file says ${before} now, not ${override.file} as when it was overridden`);
    else await again(target, override, emit);
  }
}

/** Of maps, ACLs, certificates and what belongs to them, and entries of stick tables. */
function isStored({ change }: Override): boolean {
  return /^(map|acl|cert|crt-list|ticket-key|ocsp|table)\./.test(change.kind);
}

/** Whether a stick table knows something of an entry, from a peer or by what came since: one that traffic has only touched has zeroes. */
function isTaught(values: string): boolean {
  return values !== '(absent)' && !values.split(' ').every((value) => value.endsWith('=0'));
}

/** Certificates before the lists that name them, the whole of a map before its keys, what is to be gone last. */
function rank({ change: { kind }, attribute }: Override): number {
  if (kind === 'cert.new' || kind === 'cert.set') return 0;
  if (kind === 'cert.del') return 3;
  return attribute === CONTENT ? 1 : 2;
}

async function again(target: HaproxyTarget, override: Override, emit: AgentEmit): Promise<void> {
  const { object, attribute, value, change, until, origin } = override;
  const left = until === null ? {} : { for: Math.max(1, until - Date.now()) };
  const applied = await target.apply([change], {
    operation: newOperationId(),
    title: `${origin.title ?? `${object} ${attribute} ${value}`} (again)`,
    reason: 'another process has taken over',
    ...left,
  });
  const text = applied.ok ? '' : applied.outcomes[applied.failedAt]?.text || applied.text;
  emit({ event: 'again', target: target.name, object, attribute, value, ok: applied.ok, text });
}
