import type { Change } from '../../../change/change.ts';
import type { Override } from '../../../change/journal/journal.ts';
import type { KeptChanges } from '../../../change/keep-changes.ts';
import type { Document } from '../../../config/document.ts';
import type { EditedLine } from '../../../config/edit/apply-edits.ts';
import type { Situation } from '../../operation.ts';
import { lineDifference } from '../line-difference.ts';
import { keepCertificate } from './certificate.ts';
import { keepLines } from './crt-list.ts';
import { fileDrafts, type StoreEdit } from './drafts.ts';
import type { Around, Item, ItemOf } from './item.ts';
import { keepPatterns } from './patterns.ts';
import { keepResponse } from './response.ts';
import { keepTicketKeys } from './ticket-keys.ts';
import { keepTrust } from './trust.ts';

/** What is kept in files of its own, and what is told of it. */
export interface StoreEdits {
  /** What is left to be kept elsewhere, and why. */
  readonly kept: KeptChanges;
  readonly edits: readonly StoreEdit[];
}

/**
 * What overrides of maps, ACLs, certificates, authorities, crt-lists, OCSP responses and ticket keys come to in their files: private keys in files of mode 0600.
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
  const ours = kept.elsewhere.filter(({ keeping, change }) =>
    PATTERNS.test(change.kind) ? keeping.file !== null : KEEPERS.test(change.kind),
  );
  const items = ours.map(({ change }): Item => ({ override: known.get(change)!, change, around }));
  const leave = (item: Item, why: string) => left.push({ change: item.override.change, why, failed: true });
  await keepAll(items, leave);
  const edits = around.drafts.edits();
  const lines = edits.flatMap((edit) => differenceOf(edit, around));
  const wasOurs = new Set(ours);
  return {
    kept: {
      ...kept,
      lines: [...kept.lines, ...lines],
      notes: [...kept.notes, ...notes],
      elsewhere: kept.elsewhere.filter((one) => !wasOurs.has(one)),
      left: [...kept.left, ...left],
    },
    edits,
  };
}

const PATTERNS = /^(map|acl)\./;
const KEEPERS = /^(cert|trust|crt-list)\.|^(ocsp|ticket-key)\.set$/;
/** Lines that are told one by one, of a file. */
const MOST_LINES = 200;

/** Works all of them into their files, those of one file together; `leave` hears of what cannot be kept. */
async function keepAll(items: readonly Item[], leave: (item: Item, why: string) => void): Promise<void> {
  const patterns = Map.groupBy(items.filter(isOfPatterns), ({ change }) => fileOf(change));
  for (const [file, those] of patterns) {
    const why = await keepPatterns(file, those).catch((error: Error) => error.message);
    if (why !== null) for (const item of those) leave(item, why);
  }
  const whole: Item[] = [];
  for (const item of items) {
    if (isOfPatterns(item)) continue;
    try {
      whole.push({ ...item, change: await item.around.target.ledger.whole(item.change) });
    } catch (error) {
      leave(item, (error as Error).message);
    }
  }
  for (const [list, those] of Map.groupBy(whole.filter(isOfList), ({ change }) => change.list))
    keepLines(list, those, leave);
  for (const item of whole) {
    const why = isOfList(item) ? null : await keepOne(item).catch((error: Error) => error.message);
    if (why !== null) leave(item, why);
  }
}

function isOfPatterns({ change }: Item): boolean {
  return PATTERNS.test(change.kind);
}

/** The file of a map or an ACL, where its name says so. */
function fileOf(change: Change): string {
  const name = 'map' in change ? change.map : 'acl' in change ? change.acl : '';
  return name.replace(/^(opt|file)@/, '');
}

/** What is told of a file line by line. */
function differenceOf({ file, old, bytes, open }: StoreEdit, { note }: Around): readonly EditedLine[] {
  if (old === null || bytes === null || !open) return [];
  const lines = lineDifference(file, old.latin1Slice(), bytes.latin1Slice());
  if (lines.length <= MOST_LINES) return lines;
  note(`${file}: ${lines.filter(({ after }) => after !== null).length} lines come, others go`);
  return [];
}

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
