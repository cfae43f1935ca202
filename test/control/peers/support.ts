import { dataTypeOf } from '../../../src/config/tables/data-types.ts';
import type { Update, UpdateForm } from '../../../src/control/peers/codec/update.ts';
import type { PeerOptions } from '../../../src/control/peers/peer.ts';
import { PeersSection } from '../../../src/control/peers/section.ts';
import type { SharedTable, Walk } from '../../../src/control/peers/shared-table.ts';
import { tcpTransport } from '../../../src/net/tcp.ts';
import type { Scope } from '../../support/wait.ts';

/** HAProxy's number for keys that are strings. */
export const STRING = 6;

export interface FakeEntry {
  values: number[];
  text: string | null;
  update: number;
}

/** A table of strings with gpc0 and server_key, in a Map. */
export class FakeTable implements SharedTable {
  readonly name = 't';
  readonly wireName = 't';
  readonly expire = 600_000;
  readonly form: UpdateForm;
  readonly all = new Map<string, FakeEntry>();
  learned = 0;
  #update = 0;

  constructor(keyLength = 33, first = 0) {
    this.#update = first;
    const columns = ['gpc0', 'http_req_rate', 'server_key'].map((name) => {
      const type = dataTypeOf(name)!;
      return { type, elements: 1, period: type.kind === 'rate' ? 10_000 : 0 };
    });
    this.form = { keyType: STRING, keyLength, columns };
  }

  set(key: string, gpc0: number, text: string | null = null): void {
    this.#update = (this.#update + 1) >>> 0 || 1;
    this.all.set(key, { values: [gpc0, 0, 0, 0], text, update: this.#update });
  }

  /** `key=gpc0 text`, in order of the keys. */
  get told(): string {
    return [...this.all]
      .map(([key, { values, text }]) => `${key}=${values[0]}${text === null ? '' : ` ${text}`}`)
      .sort()
      .join(', ');
  }

  localUpdate(): number {
    return this.#update;
  }

  shardOf(key: Uint8Array, shards: number): number {
    return (key.at(-1)! % shards) + 1;
  }

  changesAfter(update: number): Walk {
    const after = [...this.all].filter(([, entry]) => entry.update > 0 && ((entry.update - update) | 0) > 0);
    return walk(
      after.sort(([, a], [, b]) => (a.update - b.update) | 0),
      this.#update,
    );
  }

  entries(): Walk {
    return walk([...this.all]);
  }

  learn(update: Update, form: UpdateForm): void {
    this.learned++;
    const key = Buffer.from(update.key).toString('latin1');
    const gpc0 = form.columns[0]?.type.name === 'gpc0' ? update.values[0]! : 0;
    this.all.set(key, { values: [gpc0, 0, 0, 0], text: update.text, update: 0 });
  }
}

function walk(entries: readonly (readonly [string, FakeEntry])[], reached = 0): Walk {
  let at = 0;
  return {
    reached,
    next(into) {
      const next = entries[at++];
      if (next === undefined) return false;
      const [key, { values, text, update }] = next;
      into.id = update;
      into.expire = 500_000;
      into.key = Buffer.from(key, 'latin1');
      into.values = [...values, 0];
      into.text = text;
      return true;
    },
  };
}

/** A section that listens on its local peer's address; closed at the end. */
export async function section(
  scope: Scope,
  localName: string,
  ports: Readonly<Record<string, number>>,
  table: SharedTable,
  more: { awaitsOldProcess?: boolean; shards?: number; shardOf?: Readonly<Record<string, number>> } = {},
): Promise<PeersSection> {
  const peers = Object.entries(ports).map(([name, port]) => ({
    ...{ name, shard: more.shardOf?.[name] ?? 0 },
    target: {
      to: { family: 'inet', host: '127.0.0.1', port, sourceHost: null, sourcePort: 0 },
      socks4: null,
      tls: null,
    },
  })) satisfies PeerOptions[];
  const made = new PeersSection({
    ...{ name: 'mesh', localName, peers, tables: [table], longestMessage: 16_384, awaitsOldProcess: false },
    ...{ shards: 0, warn: () => {}, ...more },
  });
  scope.after(() => made.close());
  const where = { family: 'inet', host: '127.0.0.1', port: ports[localName]!, fd: -1, backlog: 64 } as const;
  const server = await tcpTransport.listen({ ...where, v6only: false, share: false }, (conn) =>
    made.accept(conn, null),
  );
  scope.after(() => server.close());
  return made;
}
