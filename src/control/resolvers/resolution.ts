import type { ResolversConfig } from '../../config/types.ts';
import type { AnswerError, AnswerRecord, QueryType, ReadAnswer } from './message.ts';
import type { Exchange, NameServer } from './name-server.ts';

/** How the last resolution of a name ended. */
export type ResolutionStatus = 'none' | 'valid' | 'nx' | 'refused' | 'timeout' | 'other';

/** The settings of a section that resolutions follow; times in ms. */
export type ResolutionSettings = Pick<
  ResolversConfig,
  'name' | 'resolveRetries' | 'timeoutResolve' | 'timeoutRetry' | 'hold'
>;

/** Whoever follows a name: a server, or the servers of an SRV record. */
export interface Requester {
  /** A valid answer. `source`: the name server that gave it, null for the second and further requesters of the name (a cache's). */
  resolved(resolution: Resolution, source: NameServer | null): void;
  /** It could not be resolved. Returns whether the records known so far stay good. */
  failed(resolution: Resolution): boolean;
}

/** A record with the date at which an answer last had it. */
export interface KnownRecord {
  readonly key: string;
  record: AnswerRecord;
  lastSeen: number;
}

/** A query of the resolution under way. */
interface Ask {
  readonly server: NameServer;
  exchange: Exchange | null;
  answered: boolean;
}

/**
 * One name followed by a section: asks all its name servers, again and again, `timeout resolve` after each end. The first valid
 * answer counts. Addresses are asked for in the preferred family, in the other one when there are none.
 */
export class Resolution {
  readonly name: string;
  readonly preferred: QueryType;
  status: ResolutionStatus = 'none';
  /** Date of the last valid answer; the start, before there is one. */
  lastValid: number;
  readonly requesters = new Set<Requester>();
  readonly #settings: ResolutionSettings;
  readonly #nameServers: readonly NameServer[];
  readonly #now: () => number;
  readonly #records = new Map<string, KnownRecord>();
  #asks: Ask[] = [];
  #running = false;
  #type: QueryType;
  /** Attempts left; queries of the attempt under way, and answers to them. */
  #tries = 0;
  #asked = 0;
  #answered = 0;
  #timer: NodeJS.Timeout | null = null;

  constructor(
    name: string,
    preferred: QueryType,
    settings: ResolutionSettings,
    nameServers: readonly NameServer[],
    now: () => number,
  ) {
    this.name = name;
    this.preferred = preferred;
    this.#type = preferred;
    this.#settings = settings;
    this.#nameServers = nameServers;
    this.#now = now;
    this.lastValid = now();
  }

  /** Records that may be used, oldest first: those of the last answer, and older ones for `hold obsolete`. */
  get records(): readonly KnownRecord[] {
    return [...this.#records.values()];
  }

  /** Adds a requester. It gets the cached answer when that is not older than `hold valid`; else resolving starts now. */
  join(requester: Requester): void {
    this.requesters.add(requester);
    if (this.status === 'valid' && this.#now() - this.lastValid < this.#settings.hold.valid)
      requester.resolved(this, null);
    else this.#start();
  }

  /** Ends it: no more queries, no more calls. */
  close(): void {
    this.requesters.clear();
    this.#stop();
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
  }

  /** Whether the present status has lasted long enough to act on it (`hold`). */
  heldLongEnough(): boolean {
    if (this.status === 'none') return false;
    if (this.status === 'valid') return true;
    return this.#now() - this.lastValid >= this.#settings.hold[this.status];
  }

  #start(): void {
    if (this.#running) return;
    this.#running = true;
    this.#tries = this.#settings.resolveRetries;
    this.#attempt();
  }

  /** A new attempt in the preferred family. */
  #attempt(): void {
    this.#tries--;
    this.#type = this.preferred;
    this.#send();
  }

  #send(): void {
    this.#asked = 0;
    this.#answered = 0;
    for (const server of this.#nameServers) {
      const ask: Ask = { server, exchange: null, answered: false };
      ask.exchange = server.ask(this.name, this.#type, (answer) => {
        ask.answered = true;
        this.#onAnswer(answer, server);
      });
      if (ask.exchange === null) continue;
      this.#asks.push(ask);
      this.#asked++;
    }
    this.#wait(this.#settings.timeoutRetry, () => this.#retry());
  }

  #retry(): void {
    if (this.#tries <= 0) {
      if (this.#answered === 0) this.status = 'timeout';
      this.#fail();
    } else if (this.#answered > 0 && this.#type === this.preferred && this.#otherFamily() !== null) {
      this.#type = this.#otherFamily()!;
      this.#send();
    } else {
      this.#attempt();
    }
  }

  #otherFamily(): QueryType | null {
    return this.preferred === 'SRV' ? null : this.preferred === 'A' ? 'AAAA' : 'A';
  }

  #onAnswer(answer: ReadAnswer, server: NameServer): void {
    if (!this.#running) return;
    this.#answered++;
    if ('records' in answer) {
      this.#succeed(answer.records, server);
      return;
    }
    server.counters[answer.error]++;
    this.status = statusOf(answer.error);
    // Another name server may know better.
    if (this.#answered < this.#asked) return;
    const other = this.#otherFamily();
    if (this.#type === this.preferred && other !== null) {
      this.#type = other;
      this.#send();
    } else if (this.#tries <= 0) {
      this.#fail();
    }
  }

  #succeed(records: readonly AnswerRecord[], server: NameServer): void {
    const now = this.#now();
    this.status = 'valid';
    this.lastValid = now;
    server.counters.valid++;
    for (const record of records) {
      const key = record.type === 'SRV' ? `${record.target}:${record.port}` : record.address;
      const known = this.#records.get(key);
      if (known === undefined) this.#records.set(key, { key, record, lastSeen: now });
      else {
        known.record = record;
        known.lastSeen = now;
      }
    }
    for (const { key, lastSeen } of this.#records.values()) {
      if (now - lastSeen > this.#settings.hold.obsolete) this.#records.delete(key);
    }
    this.#end();
    let source: NameServer | null = server;
    for (const requester of [...this.requesters]) {
      requester.resolved(this, source);
      source = null;
    }
  }

  #fail(): void {
    for (const { server, answered } of this.#asks) if (!answered) server.counters.timeout++;
    this.#end();
    let keep = false;
    for (const requester of [...this.requesters]) if (requester.failed(this)) keep = true;
    if (!keep) this.#records.clear();
  }

  #end(): void {
    this.#stop();
    this.#wait(this.#settings.timeoutResolve, () => this.#start());
  }

  #stop(): void {
    this.#running = false;
    for (const { exchange, answered } of this.#asks.splice(0))
      if (!answered) exchange?.abandon(this.#settings.timeoutRetry);
  }

  #wait(ms: number, then: () => void): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = setTimeout(then, ms).unref();
  }
}

function statusOf(error: AnswerError): ResolutionStatus {
  return error === 'nx' || error === 'refused' ? error : 'other';
}
