import { readFile } from 'node:fs/promises';
import type { Origin } from '../change/change.ts';
import type { Conflict } from '../change/conflicts.ts';
import type { ChangeContext } from '../change/context.ts';
import { takeSnapshot } from '../change/layers/differences.ts';
import { settleReload } from '../change/resume.ts';
import { isDeleted } from '../change/standing.ts';
import { decodeText } from '../config/text.ts';
import type { Config } from '../config/types.ts';
import { resolveBindNames } from './bind-names.ts';
import type { LogForwards } from './log-forward/log-forwards.ts';
import type { RunningPeers } from './peers/peers.ts';
import { applyReload, type ReloadContext } from './reload.ts';
import type { ControlOptions, Loaded, Texts } from './types.ts';

/** What a reload came to. `text`: what a start would have printed. */
export interface ReloadResult {
  readonly ok: boolean;
  readonly text: string;
}

/** What a reload is made with. */
export interface ReloadHost {
  readonly options: Pick<ControlOptions, 'load' | 'format' | 'reconfigure' | 'policy'>;
  readonly parts: Omit<ReloadContext, 'isDeleted'>;
  readonly peers: RunningPeers;
  readonly logForwards: LogForwards;
  readonly context: ChangeContext;
  readonly conflicts: Conflict[];
  /** Another configuration is in force. */
  configured(): Promise<void>;
}

/** Reading of the configuration files in the running process. */
export interface Reloads {
  /** Reloads since start, and failed ones. */
  readonly counts: { done: number; failed: number };
  /** Spares the next reload the reading of files that say this: `loaded` is what they give. */
  prepare(texts: Texts, loaded: Loaded): void;
  reload(host: ReloadHost, origin: Origin): Promise<ReloadResult>;
}

/** Reads the files again and puts in force what differs, or nothing. */
export function createReloads(): Reloads {
  const counts = { done: 0, failed: 0 };
  let prepared: { readonly texts: Texts; readonly loaded: Loaded } | null = null;
  return {
    counts,
    prepare(texts, loaded) {
      prepared = { texts, loaded };
    },
    async reload(host, origin) {
      const before = takeSnapshot(host.parts.model);
      const ready = prepared === null || !(await isWritten(prepared.texts)) ? null : prepared.loaded;
      prepared = null;
      const { config: loaded, diagnostics } = ready ?? (await host.options.load());
      const text = host.options.format(diagnostics);
      const outcome = loaded === null ? { problems: [] } : await putInForce(loaded, host);
      if ('problems' in outcome) {
        counts.failed++;
        return { ok: false, text: text + lines('ALERT]  ', outcome.problems) };
      }
      const { config, warnings } = outcome;
      await host.configured();
      const sockets = (await host.options.reconfigure?.(config)) ?? [];
      warnings.push(...(await settleReload(before, host.context, host.conflicts, origin)));
      counts.done++;
      const told = text + lines('WARNING]', [...warnings, ...sockets.map((warning) => `config : ${warning}`)]);
      host.parts.model.startupLogs = told;
      return { ok: true, text: told };
    },
  };
}

function lines(label: string, texts: readonly string[]): string {
  return texts.map((text) => `[${label}  (${process.pid}) : ${text}\n`).join('');
}

/** Whether files say this. */
async function isWritten(texts: Texts): Promise<boolean> {
  const asRead = await Promise.all(texts.map(({ name }) => readFile(name).catch(() => null)));
  return texts.every(({ text }, i) => asRead[i] !== null && decodeText(asRead[i]!).text === text);
}

type Problems = { readonly problems: readonly string[] };

async function putInForce(
  loaded: Config,
  { options, parts, peers: all, logForwards, context }: ReloadHost,
): Promise<Problems | { readonly config: Config; readonly warnings: string[] }> {
  const resolved = await resolveBindNames(loaded);
  if ('problems' in resolved) return resolved;
  const { config } = resolved;
  const policy = options.policy?.reread() ?? null;
  if (policy !== null && 'problems' in policy) return policy;
  const peers = await all.stage(config);
  if ('problems' in peers) return peers;
  const forwards = await logForwards.stage(config);
  if ('problems' in forwards) {
    peers.abandon();
    return forwards;
  }
  const { problems, warnings } = await applyReload(config, {
    ...parts,
    isDeleted: (backend, server) => isDeleted(backend, server, context.standing),
  });
  if (problems.length > 0) {
    peers.abandon();
    forwards.abandon();
    return { problems };
  }
  peers.commit();
  forwards.commit();
  policy?.take();
  return { config, warnings };
}
