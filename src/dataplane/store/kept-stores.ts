/** What is set of maps, ACLs, certificates, ... written into their files, for operations that keep it. */

import { statSync } from 'node:fs';
import type { Change } from '../../change/change.ts';
import { type KeptChanges, keepChanges } from '../../change/keep-changes.ts';
import type { ActStep } from '../../ops/operation.ts';
import type { KeptStores } from '../../ops/target.ts';
import type { Balancer, Requester } from '../balancer/balancer.ts';
import type { Documents } from '../edit/sections.ts';
import { ApiError } from '../service/error.ts';
import type { Beside } from './beside.ts';

/** Largest file that is worked on in the process that the traffic is controlled by, bytes. */
const LARGEST = 8 << 20;

/** What would be written, and what it comes from. */
export interface StoresToKeep {
  readonly told: KeptStores;
  /** The Changes that are written. */
  readonly changes: readonly Change[];
  readonly write: ActStep;
}

/** What is set and would be written into files beside the configuration. Writes nothing. */
export async function storesToKeep(
  balancer: Balancer,
  requester: Requester,
  documents: Documents,
): Promise<StoresToKeep> {
  // They are needed by few.
  const { storeEdits } = await import('../../ops/configuration/stores/store-edits.ts');
  const { writeStep } = await import('../../ops/configuration/steps.ts');
  const target = await balancer.target(requester);
  const [state, overrides] = await Promise.all([target.state(), target.ledger.overrides()]);
  const { elsewhere } = keepChanges(
    overrides.map(({ change }) => change),
    documents,
  );
  const large = balancer.outlives ? [] : elsewhere.filter(({ keeping }) => isLarge(keeping.file));
  const small = elsewhere.filter((one) => !large.includes(one));
  const wanted: KeptChanges = { documents, lines: [], notes: [], elsewhere: small, left: [] };
  const { kept, edits } = await storeEdits(wanted, overrides, documents, { target, state });
  const tooLarge = large.map(({ change, keeping }) => ({
    change,
    why: `${keeping.file} is larger than ${LARGEST >> 20} MB: save it on its machine`,
    failed: true,
  }));
  const left = [...kept.left, ...tooLarge];
  const others = new Set([...kept.elsewhere, ...left].map(({ change }) => change));
  return {
    told: {
      lines: kept.lines,
      notes: kept.notes,
      elsewhere: kept.elsewhere,
      left,
      files: edits.map(({ file }) => file),
    },
    changes: small.map(({ change }) => change).filter((change) => !others.has(change)),
    write: writeStep([], edits),
  };
}

/**
 * Writes them with a change of the configuration. `files`: those that somebody was told of. Throws an ApiError when they are others by now, or when the
 * policy does not let somebody set what they are to say.
 */
export async function besideStores(
  balancer: Balancer,
  requester: Requester,
  documents: Documents,
  files: readonly string[],
): Promise<Beside> {
  const { told, changes, write } = await storesToKeep(balancer, requester, documents);
  if (told.files.length !== files.length || told.files.some((file) => !files.includes(file)))
    throw new ApiError(409, `the files to be written are others by now: ${told.files.join(', ') || 'none'}`);
  const denied = await balancer.permits(requester, changes);
  if (denied !== null) throw new ApiError(403, denied);
  let written = false;
  return {
    needsProcess: false,
    async prepare() {
      await write.perform({ signal: new AbortController().signal, note: () => {} });
      written = true;
    },
    // They say what is in force.
    finish: async () => ({ outcome: 'live' }),
    async takeBack() {
      if (written) await write.back!();
      written = false;
    },
    end: async () => {},
  };
}

function isLarge(file: string | null): boolean {
  const stats = statSync((file ?? '').replace(/^(opt|file)@/, ''), { throwIfNoEntry: false });
  return stats !== undefined && stats.size > LARGEST;
}
