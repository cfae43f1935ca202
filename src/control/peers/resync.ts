import type { Peer } from './peer.ts';

/** Time to wait for somebody who can teach, ms. */
const RESYNC_MS = 5000;

/**
 * How a section comes to know what others know when it starts: from the process before, where there is one, else from one of the remote peers.
 * When nobody can teach in time, what is there is all there is.
 */
export class Resync {
  #from: 'local' | 'remote' | 'finished';
  /** Who teaches. */
  #teacher: Peer | null = null;
  until: number | null = null;
  /** What has happened since the start, for `show peers`. */
  readonly seen = new Set<Seen>();

  constructor(fromLocal: boolean) {
    this.#from = fromLocal ? 'local' : 'remote';
    if (!fromLocal) this.seen.add('local timeout');
  }

  get finished(): boolean {
    return this.#from === 'finished';
  }

  /** State and history in the bits that HAProxy shows. */
  get flags(): number {
    let flags = this.#from === 'local' ? 0 : this.#from === 'remote' ? 1 : 3;
    if (this.#teacher !== null) flags |= 4;
    for (const what of this.seen) flags |= SEEN[what];
    return flags;
  }

  /** A remote peer could teach. */
  mayAsk(peer: Peer): void {
    if (this.#from !== 'remote' || this.#teacher !== null || peer.notUpToDate) return;
    this.#teacher = peer;
    peer.learning = 'ASSIGNED';
    this.seen.add('remote assigned');
  }

  /** The process before has connected: it teaches without being asked. */
  mayLearnFromLocal(peer: Peer): void {
    if (this.#from !== 'local' || this.#teacher !== null) return;
    this.#teacher = peer;
    peer.learning = 'PROCESSING';
    this.seen.add('local assigned');
  }

  /** A peer has taught all it knows. */
  taught(peer: Peer, complete: boolean): void {
    if (peer.learning !== 'PROCESSING') return;
    peer.learning = 'NOTASSIGNED';
    this.#teacher = null;
    this.seen.add(`${peer.local ? 'local' : 'remote'} ${complete ? 'finished' : 'partial'}`);
    if (complete) {
      this.#from = 'finished';
      return;
    }
    peer.notUpToDate = true;
    this.until = Date.now() + RESYNC_MS;
  }

  /** The connection of a peer is lost. */
  lost(peer: Peer): void {
    if (this.#teacher === peer) {
      this.#teacher = null;
      this.seen.add(`${peer.local ? 'local' : 'remote'} abort`);
      this.until = Date.now() + RESYNC_MS;
    }
    peer.learning = 'NOTASSIGNED';
  }

  tick(peers: readonly Peer[], now: number): void {
    if (this.#from === 'finished') return;
    this.until ??= now + RESYNC_MS;
    if (this.#teacher !== null) return;
    const late = now >= this.until;
    if (this.#from === 'local') {
      if (!late) return;
      this.#from = 'remote';
      this.seen.add('local timeout');
      this.until = now + RESYNC_MS;
    }
    for (const peer of peers) if (!peer.local && peer.open) this.mayAsk(peer);
    if (this.#teacher === null && (late || peers.length < 2)) {
      this.#from = 'finished';
      this.seen.add('remote timeout');
    }
  }
}

type Seen = `${'local' | 'remote'} ${'timeout' | 'abort' | 'finished' | 'partial' | 'assigned'}`;

const SEEN: Readonly<Record<Seen, number>> = {
  'local timeout': 0x0010_0000,
  'remote timeout': 0x0020_0000,
  'local abort': 0x0040_0000,
  'remote abort': 0x0080_0000,
  'local finished': 0x0100_0000,
  'remote finished': 0x0200_0000,
  'local partial': 0x0400_0000,
  'remote partial': 0x0800_0000,
  'local assigned': 0x1000_0000,
  'remote assigned': 0x2000_0000,
};
