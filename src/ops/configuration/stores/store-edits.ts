import type { Override } from '../../../change/journal/journal.ts';
import type { KeptChanges } from '../../../change/keep-changes.ts';
import type { Document } from '../../../config/document.ts';
import type { Situation } from '../../operation.ts';
import { lineDifference } from '../line-difference.ts';
import { keepCertificate } from './certificate.ts';
import { keepLines } from './crt-list.ts';
import { fileDrafts, type StoreEdit } from './drafts.ts';
import type { Around, Item, ItemOf } from './item.ts';
import { keepResponse } from './response.ts';
import { keepTicketKeys } from './ticket-keys.ts';
import { keepTrust } from './trust.ts';

/** What is kept in files of certificates, and what is told of it. */
export interface StoreEdits {
  /** What is left to be kept elsewhere, and why. */
  readonly kept: KeptChanges;
  readonly edits: readonly StoreEdit[];
}

/**
 * What overrides of certificates, authorities, crt-lists, OCSP responses and ticket keys come to in their files: private keys in files of mode 0600.
 * A file that was changed since the load balancer has read it is left as it is. Nothing that is told has a key in it.
 */
export async function storeEdits(
  kept: KeptChanges,
  overrides: readonly Override[],
  documents: readonly Document[],
  { target, state }: Situation,
): Promise<StoreEdits> {
  const notes: string[] = [];
  const left: KeptChanges['left'][number][] = [];
  const startedAt = Date.now() - state.info.uptime * 1000;
  const around: Around = { target, drafts: fileDrafts(), documents, startedAt, note: (text) => notes.push(text) };
  const known = new Map(overrides.map((override) => [override.change, override]));
  const ours = kept.elsewhere.filter(({ change }) => KEEPERS.test(change.kind));
  const leave = (item: Item, why: string) => left.push({ change: item.override.change, why, failed: true });
  const items: Item[] = [];
  for (const { change } of ours) {
    const override = known.get(change)!;
    const item = { override, change, around };
    try {
      items.push({ ...item, change: await target.ledger.whole(change) });
    } catch (error) {
      leave(item, (error as Error).message);
    }
  }
  const lists = Map.groupBy(items.filter(isOfList), ({ change }) => change.list);
  for (const [list, those] of lists) keepLines(list, those, leave);
  for (const item of items) {
    const why = isOfList(item) ? null : await keepOne(item).catch((error: Error) => error.message);
    if (why !== null) leave(item, why);
  }
  const edits = around.drafts.edits();
  const lines = edits
    .filter(({ file, old, bytes }) => lists.has(file) && old !== null && bytes !== null)
    .flatMap(({ file, old, bytes }) => lineDifference(file, old!.latin1Slice(), bytes!.latin1Slice()));
  return {
    kept: {
      ...kept,
      lines: [...kept.lines, ...lines],
      notes: [...kept.notes, ...notes],
      elsewhere: kept.elsewhere.filter((one) => !ours.includes(one)),
      left: [...kept.left, ...left],
    },
    edits,
  };
}

const KEEPERS = /^(cert|trust|crt-list)\.|^(ocsp|ticket-key)\.set$/;

function isOfList(item: Item): item is ItemOf<'crt-list.add' | 'crt-list.del'> {
  return item.change.kind === 'crt-list.add' || item.change.kind === 'crt-list.del';
}

async function keepOne(item: Item): Promise<string | null> {
  switch (item.change.kind) {
    case 'cert.new':
    case 'cert.set':
    case 'cert.del':
      return keepCertificate(item as ItemOf<'cert.new' | 'cert.set' | 'cert.del'>);
    case 'ocsp.set':
      return keepResponse(item as ItemOf<'ocsp.set'>);
    case 'ticket-key.set':
      return keepTicketKeys(item as ItemOf<'ticket-key.set'>);
    default:
      return keepTrust(item as ItemOf<'trust.new' | 'trust.set' | 'trust.del'>);
  }
}
