/** A load balancer by its socket: a real HAProxy, or a Sluice that runs by itself. */

import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Change } from '../../change/change.ts';
import { newOperationId } from '../../change/operation-id.ts';
import type { Gate } from '../../change/policy/gate.ts';
import { connect, type RuntimeClient } from '../../client/index.ts';
import { planChanges } from '../../config/diff/plan-changes.ts';
import { configurationFiles } from '../../config/files.ts';
import { runProgram } from '../../ops/configuration/run-program.ts';
import { reloadStep } from '../../ops/configuration/steps.ts';
import type { Applied, Target } from '../../ops/target.ts';
import type { Installation } from '../../ops/targets/discover.ts';
import { openHaproxy } from '../../ops/targets/haproxy.ts';
import { openRunnerJournal } from '../../ops/targets/open-haproxy.ts';
import { sluiceTarget } from '../../ops/targets/sluice.ts';
import type { Documents } from '../edit/sections.ts';
import type { Balancer, Made, PutInForce, Requester } from './balancer.ts';
import { editChanges } from './edit-changes.ts';
import { leaseKeeping } from './lease-keeping.ts';
import { programCheck } from './program-check.ts';

export interface RemoteOptions {
  /** Its socket, as `sluice runtime` takes it. */
  readonly address: string;
  readonly files: readonly string[];
  /** Program and arguments that check the files; the names of the files are among them. */
  readonly check: readonly string[];
  /** What reloads it; null: as it was found out from the process. */
  readonly reload: readonly string[] | null;
  /** Where its journal is. */
  readonly stateDir: string;
  readonly gate: Gate | null;
  /** Told to the operator. */
  readonly note: (text: string) => void;
}

/** How long servers that are to go may still have connections before a reload is asked for instead, ms. */
const REMOVAL_MS = 2000;
const REMOVAL_PAUSE_MS = 100;
/** Users that have a connection of their own. */
const MOST_USERS = 64;

/** Connects. Rejects with a RuntimeClientError when nobody answers. */
export async function remoteBalancer(options: RemoteOptions): Promise<Balancer> {
  const client = await connect(options.address);
  const journal = client.product === 'haproxy' ? openRunnerJournal(options.stateDir) : null;
  const targets = new Map<string, Promise<Target>>();
  const open = async (user: string): Promise<Target> => {
    if (client.product === 'sluice') return sluiceTarget(options.address, client);
    return openHaproxy({
      name: options.address,
      address: options.address,
      client: await connect(options.address),
      journal: journal!,
      actor: { name: user, uid: null, pid: null, sudoUser: null },
      folder: options.stateDir,
      gate: options.gate,
      surface: 'api',
    });
  };
  const targetOf = ({ user }: Requester): Promise<Target> => {
    let target = targets.get(user);
    if (target === undefined) {
      if (targets.size >= MOST_USERS) forget(targets, targets.keys().next().value!);
      target = open(user);
      targets.set(user, target);
      target.catch(() => targets.delete(user));
    }
    return target;
  };
  const metaOf = ({ title, user, from }: Requester) => ({
    operation: newOperationId(),
    title,
    reason: `${user} at ${from}`,
  });
  const change = async (changes: readonly Change[], requester: Requester): Promise<Made> =>
    madeOf(await (await targetOf(requester)).apply(changes, metaOf(requester)));
  /** What the policy has against Changes of a HAProxy; null: nothing. A Sluice judges them itself. */
  const refusal = async (changes: readonly Change[], requester: Requester): Promise<string | null> => {
    const { ok, text } = madeOf(await (await targetOf(requester)).permit(changes, 1, metaOf(requester)));
    return ok ? null : text;
  };
  const service: Requester = { user: 'service', from: 'api', title: '' };
  const current = async (): Promise<RuntimeClient> => (await targetOf(service)).client;
  const { product } = client;
  const { address: name, stateDir, note } = options;
  const leases = leaseKeeping({ target: () => targetOf(service), stateDir, name, note });
  const leased = () => {
    if (product === 'haproxy') leases.wake();
  };
  leased();
  if (product === 'haproxy') await noteOtherFiles(await targetOf(service), options);
  return {
    product,
    outlives: true,
    check: (documents) => programCheck(options.check, documents),
    plan: (before, after) => planChanges(before, after, { on: product }),
    permits: async (requester, changes) => (product === 'sluice' ? null : refusal(changes, requester)),
    permitsEdit: async (requester, before, after) =>
      options.gate === null || product === 'sluice' ? null : refusal(editChanges(before, after, product), requester),
    change,
    async putInForce(before, after, requester) {
      if (product === 'sluice') return asPut(await change([{ kind: 'config.reload' }], requester));
      return putInForce(before, after, {
        change: (changes) => change(changes, requester),
        refusal: (changes) => refusal(changes, requester),
      });
    },
    async reload(requester) {
      if (product === 'sluice') return change([{ kind: 'config.reload' }], requester);
      const against = await refusal([RELOAD], requester);
      return against === null ? reloaded(await targetOf(requester), options) : { ok: false, text: against };
    },
    ask: async (words) => (await current()).run(words),
    async *stream(words) {
      for await (const batch of (await current()).stream(words)) yield `${batch}\n`;
    },
    target: targetOf,
    leased,
    async close() {
      await leases.close();
      for (const user of [...targets.keys()]) forget(targets, user);
      client.close();
      await journal?.close();
    },
  };
}

/** Says which files the process has read that the service does not know of: it would not see what is in them. */
async function noteOtherFiles(target: Target, { files, check, note }: RemoteOptions): Promise<void> {
  const found = await target.installation({});
  if ('hidden' in found) return;
  const known = new Set([...files, ...check].map((path) => resolve(path)));
  const read = found.files.flatMap((path) => (existsSync(path) ? configurationFiles(path) : []));
  const others = read.filter((path) => !known.has(path));
  if (others.length > 0)
    note(`the process has also read ${others.join(', ')}: name all files in haproxy.config_file, in their order`);
}

function forget(targets: Map<string, Promise<Target>>, user: string): void {
  const target = targets.get(user);
  targets.delete(user);
  void target?.then((open) => open.close()).catch(() => {});
}

/** What is loaded anew, as policies know it. */
const RELOAD: Change = { kind: 'config.reload' };

/** How Changes are made, and what the policy has against them. */
interface Making {
  readonly change: (changes: readonly Change[]) => Promise<Made>;
  readonly refusal: (changes: readonly Change[]) => Promise<string | null>;
}

function madeOf({ ok, text, outcomes, failedAt }: Applied): Made {
  return { ok, text: text || (outcomes[failedAt] ?? outcomes.at(-1))?.text.trim() || '' };
}

function asPut({ ok, text }: Made): PutInForce {
  return ok ? { outcome: 'live' } : { outcome: 'failed', text };
}

/** What can be done live, as long as all of it can; else it is a matter of a reload. */
async function putInForce(before: Documents, after: Documents, { change, refusal }: Making): Promise<PutInForce> {
  const plan = planChanges(before, after, { on: 'haproxy' });
  const byReload = async (why: string): Promise<PutInForce> => {
    const against = await refusal([RELOAD]);
    return against === null ? { outcome: 'reload', why } : { outcome: 'failed', text: against };
  };
  if (plan.effect === 'none') return { outcome: 'live' };
  if (plan.effect !== 'live') return byReload(plan.differences.find(({ effect }) => effect !== 'live')?.reason ?? '');
  // What may not be done live is not to be had by a reload either.
  const against = await refusal(plan.changes);
  if (against !== null) return { outcome: 'failed', text: against };
  const gone = plan.changes.filter(({ kind }) => kind === 'server.del');
  const others = plan.changes.filter(({ kind }) => kind !== 'server.del');
  const made = others.length === 0 ? { ok: true, text: '' } : await change(others);
  if (!made.ok) return byReload(made.text);
  for (const removal of gone) {
    const end = performance.now() + REMOVAL_MS;
    for (;;) {
      const { ok, text } = await change([removal]);
      if (ok) break;
      // Connections that are left end by themselves, or with the old process.
      if (performance.now() > end) return byReload(text);
      await sleep(REMOVAL_PAUSE_MS);
    }
  }
  return { outcome: 'live' };
}

/** Reloads by the command that was set, or the one that the process shows; resolves when another process answers. */
async function reloaded(target: Target, { files, check, reload }: RemoteOptions): Promise<Made> {
  const found = await target.installation({ files, check, ...(reload === null ? {} : { reload }) });
  if ('hidden' in found && reload === null)
    return { ok: false, text: `it is not known how to reload: ${found.hidden}; set reload_cmd` };
  const signal = AbortSignal.timeout(120_000);
  try {
    if ('hidden' in found) return { ok: true, text: await runProgram(reload!, signal) };
    const step = reloadStep(target, found as Installation);
    if (step.do !== 'act') return { ok: false, text: 'it is reloaded by itself' };
    return { ok: true, text: await step.perform({ signal, note: () => {} }) };
  } catch (error) {
    return { ok: false, text: (error as Error).message };
  }
}
