/** Rings while the files are read. */

import type { Draft } from './draft.ts';
import { newServer, type ServerDraft } from './draft-server.ts';
import type { Address, Location, RingConfig } from './types.ts';

/** A ring, and the settings its servers start from. */
export interface RingDraft {
  readonly ring: Draft<RingConfig>;
  readonly defaultServer: ServerDraft;
  readonly servers: ServerDraft[];
  /** It stands for the stream of a `log` line, and has no format of its own. */
  readonly implicit: boolean;
}

export function newRing(name: string, at: Location, implicit = false): RingDraft {
  return {
    ring: {
      name,
      at,
      description: name,
      format: 'raw',
      maxLength: 1024,
      size: 16384,
      servers: [],
      timeoutConnect: null,
      timeoutServer: null,
    },
    defaultServer: newServer(at),
    servers: [],
    implicit,
  };
}

/** The ring behind a `log` line whose target is a stream (`tcp@...`): it has one server, of this address. */
export function streamRing(name: string, at: Location, address: Address, maxLength: number): RingDraft {
  const draft = newRing(name, at, true);
  draft.ring.maxLength = maxLength;
  draft.ring.description = `created from log directive declared into '${at.file}' at line ${at.line}`;
  draft.servers.push({ ...newServer(at), name, address });
  return draft;
}
