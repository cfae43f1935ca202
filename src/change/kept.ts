/** Where each kind of Change is kept when it is to outlive the process: one table, and what it comes to in the files at hand. */

import type { Document } from '../config/document.ts';
import type { Edit, EditProblem } from '../config/edit/edit.ts';
import { type Files, filesOf } from '../config/edit/places.ts';
import type { Change, ChangeKind, ChangeOf } from './change.ts';
import { backendRows, frontendRows, processRows } from './kept/proxies.ts';
import { serverRows } from './kept/servers.ts';
import { storeRows } from './kept/stores.ts';

/** Where a kind of Change is kept. */
export type KeptIn =
  | 'configuration'
  | 'map file'
  | 'ACL file'
  | 'PEM file'
  | 'crt-list file'
  | 'OCSP file'
  | 'ticket key file'
  | 'table snapshot'
  | 'memory'
  | 'nothing to keep';

/** What is to be done to keep one Change. */
export type Keeping =
  /** Edits of the configuration files; none where they say so already. `notes`: what the file will do otherwise than memory does. */
  | { readonly in: 'configuration'; readonly edits: readonly Edit[]; readonly notes: readonly string[] }
  /** Another file is to be written from what is in memory; null where the Change does not tell its name. */
  | { readonly in: Exclude<KeptIn, 'configuration' | 'memory' | 'nothing to keep'>; readonly file: string | null }
  /** No file has it: what operators are told. */
  | { readonly in: 'memory' | 'nothing to keep'; readonly why: string }
  /** The files could have it, but not as they are. */
  | { readonly in: 'no file'; readonly problem: EditProblem };

export interface KeptRow<C extends Change> {
  /** Where this kind is kept, as a rule. */
  readonly where: KeptIn;
  /** How, for the page: what is written, or why nothing is. */
  readonly how: string;
  /** `running`: the files as the process has read them, which percent are of. */
  keep(change: C, files: Files, running: Files): Keeping;
}

export type KeptRows<K extends ChangeKind> = { readonly [Kind in K]: KeptRow<ChangeOf<Kind>> };

/** Every kind of Change. */
export const KEPT: KeptRows<ChangeKind> = {
  ...serverRows,
  ...backendRows,
  ...frontendRows,
  ...processRows,
  ...storeRows,
};

/**
 * What keeps a Change in these files, which stay as they are: make the edits with `applyEdits`. `running`: the files as the process
 * has read them, where they are others by now.
 */
export function editsFor(change: Change, documents: readonly Document[], running = documents): Keeping {
  if (!Object.hasOwn(KEPT, change.kind))
    return { in: 'no file', problem: { at: null, text: `unknown kind of change '${change.kind}'` } };
  const named = [...('backend' in change ? [change.backend] : []), ...('server' in change ? [change.server] : [])];
  const number = named.find((name) => name?.startsWith('#'));
  if (number !== undefined)
    return {
      in: 'no file',
      problem: { at: null, text: `'${number}' is a number, which files do not name things by: use the name` },
    };
  return (KEPT[change.kind] as KeptRow<Change>).keep(change, filesOf(documents), filesOf(running));
}
