/**
 * A Change: everything that may be done to a running load balancer, as plain serialisable data.
 * Names are those of the configuration; `backend` and `server` also take `#<id>`.
 */
export type Change =
  | {
      readonly kind: 'server.state';
      readonly backend: string;
      readonly server: string;
      readonly to: 'ready' | 'drain' | 'maint';
    }
  /** Absolute 0..256, or percent of the configured weight. */
  | {
      readonly kind: 'server.weight';
      readonly backend: string;
      readonly server: string;
      readonly weight: number;
      readonly percent: boolean;
    }
  | {
      readonly kind: 'server.health';
      readonly backend: string;
      readonly server: string;
      readonly to: 'up' | 'stopping' | 'down';
    }
  | { readonly kind: 'server.agent'; readonly backend: string; readonly server: string; readonly to: 'up' | 'down' }
  | {
      readonly kind: 'server.addr';
      readonly backend: string;
      readonly server: string;
      readonly addr: string | null;
      readonly port: string | null;
    }
  | { readonly kind: 'server.fqdn'; readonly backend: string; readonly server: string; readonly fqdn: string }
  /** An address of '' takes the explicit one away: the server's own is checked again. */
  | {
      readonly kind: 'server.check-addr';
      readonly backend: string;
      readonly server: string;
      readonly addr: string | null;
      readonly port: number | null;
    }
  | {
      readonly kind: 'server.agent-addr';
      readonly backend: string;
      readonly server: string;
      readonly addr: string | null;
      readonly port: number | null;
    }
  | { readonly kind: 'server.agent-send'; readonly backend: string; readonly server: string; readonly send: string }
  | { readonly kind: 'server.name'; readonly backend: string; readonly server: string; readonly name: string }
  | { readonly kind: 'server.ssl'; readonly backend: string; readonly server: string; readonly enabled: boolean }
  | { readonly kind: 'server.maxconn'; readonly backend: string; readonly server: string; readonly maxconn: number }
  /** Health or agent checks on or off. */
  | {
      readonly kind: 'server.checks';
      readonly backend: string;
      readonly server: string;
      readonly which: 'health' | 'agent';
      readonly enabled: boolean;
    }
  /**
   * `words`: what follows the address on a `server` line; `from`: as in `add server ... from`, or `file`: the server is put back that
   * the configuration has under this name, and was deleted.
   */
  | {
      readonly kind: 'server.add';
      readonly backend: string;
      readonly server: string;
      readonly addr: string;
      readonly from: string | null;
      readonly words: readonly string[];
      /** What else is set of it at once: how it was when it was deleted. */
      readonly with?: readonly Change[];
    }
  | { readonly kind: 'server.del'; readonly backend: string; readonly server: string }
  | {
      readonly kind: 'backend.add';
      readonly backend: string;
      readonly from: string;
      readonly mode: 'tcp' | 'http' | null;
      readonly guid: string | null;
      /** What else is set of it at once: how it was when it was deleted. */
      readonly with?: readonly Change[];
    }
  | { readonly kind: 'backend.del'; readonly backend: string }
  | { readonly kind: 'backend.publish'; readonly backend: string; readonly published: boolean }
  | { readonly kind: 'backend.dynamic-cookie'; readonly backend: string; readonly enabled: boolean }
  | { readonly kind: 'backend.dynamic-cookie-key'; readonly backend: string; readonly key: string }
  | { readonly kind: 'frontend.state'; readonly frontend: string; readonly to: 'enabled' | 'disabled' | 'shutdown' }
  | { readonly kind: 'frontend.maxconn'; readonly frontend: string; readonly maxconn: number }
  /** 0 restores the limit fixed at start. */
  | { readonly kind: 'global.maxconn'; readonly maxconn: number }
  | {
      readonly kind: 'global.rate-limit';
      readonly what: 'connections' | 'sessions' | 'ssl-sessions' | 'http-compression';
      readonly limit: number;
    }
  | { readonly kind: 'session.kill'; readonly id: string }
  | { readonly kind: 'sessions.kill-server'; readonly backend: string; readonly server: string }
  | {
      readonly kind: 'counters.clear';
      readonly scope: 'maxima' | 'all' | { readonly backend: string; readonly server: string | null };
    }
  /** A value of null takes the variable away. */
  | {
      readonly kind: 'var.set';
      readonly name: string;
      readonly value: { readonly type: string; readonly value: string | number | boolean } | null;
    }
  /** Put another configuration in force (the files named at start, read again): a batch of the differences. */
  | { readonly kind: 'config.reload' }
  /** Reads a file that `mmdb` looks up anew. */
  | { readonly kind: 'mmdb.reload'; readonly file: string }
  /**
   * A command of a real HAProxy's Runtime API that no other kind stands for, as it was typed. `on`: what it is made to, as far as the words
   * tell; '' is the process.
   */
  | {
      readonly kind: 'runtime.command';
      readonly words: readonly string[];
      readonly payload: string | Kept | null;
      readonly mode: 'experimental' | 'expert' | null;
      readonly on: string;
    }
  /** What an operation did stays: its lease ends. */
  | { readonly kind: 'lease.confirm'; readonly operation: string }
  /** An operation on several load balancers, by name, wave by wave: recorded beside the Changes on each, never made itself. */
  | { readonly kind: 'fleet.operation'; readonly waves: readonly (readonly string[])[] }
  | StoreChange;

/** The nth entry, from 0, of those with a key. */
export type PatternPlace = readonly [key: string, nth: number];

/**
 * Changes of what maps, ACLs, stick tables and certificate stores hold.
 * `map` and `acl`: file name or `#<id>`, as in `show map`.
 */
export type StoreChange =
  /**
   * Behind all others; a key may be there several times. `version`: one that was prepared, in place of that in force. `before`: in front
   * of the nth entry (from 0) with that key, where one was deleted.
   */
  | {
      readonly kind: 'map.add';
      readonly map: string;
      readonly key: string;
      readonly value: string;
      readonly version?: number;
      readonly before?: PatternPlace;
    }
  /** Several at once, in order. */
  | {
      readonly kind: 'map.add-all';
      readonly map: string;
      readonly entries: readonly (readonly [key: string, value: string])[];
      readonly version?: number;
    }
  /** All entries with the key, or the one that `show map` gives this pointer (`0x...`). */
  | {
      readonly kind: 'map.set';
      readonly map: string;
      readonly key: string;
      readonly value: string;
      readonly entry?: string;
    }
  /** The first entry with the key, or the one of this pointer; `last`: the last. */
  | {
      readonly kind: 'map.del';
      readonly map: string;
      readonly key: string;
      readonly entry?: string;
      readonly last?: true;
    }
  /** Of each key the last entry: what `map.add-all` has added. */
  | { readonly kind: 'map.del-all'; readonly map: string; readonly keys: readonly string[] }
  | { readonly kind: 'map.clear'; readonly map: string }
  /** Other entries for all of the map, in one visible switch. */
  | {
      readonly kind: 'map.replace';
      readonly map: string;
      readonly entries: readonly (readonly [key: string, value: string])[] | Kept;
    }
  /** A new, empty version that nobody looks at yet, and the switch to one. */
  | { readonly kind: 'map.prepare'; readonly map: string }
  | { readonly kind: 'map.commit'; readonly map: string; readonly version: number }
  | {
      readonly kind: 'acl.add';
      readonly acl: string;
      readonly pattern: string;
      readonly version?: number;
      readonly before?: PatternPlace;
    }
  | {
      readonly kind: 'acl.del';
      readonly acl: string;
      readonly pattern: string;
      readonly entry?: string;
      readonly last?: true;
    }
  | { readonly kind: 'acl.clear'; readonly acl: string }
  | { readonly kind: 'acl.replace'; readonly acl: string; readonly patterns: readonly string[] | Kept }
  | { readonly kind: 'acl.prepare'; readonly acl: string }
  | { readonly kind: 'acl.commit'; readonly acl: string; readonly version: number }
  /** `data`: what is set of the entry, by type (`gpc0`, `http_req_cnt`, ...). */
  | {
      readonly kind: 'table.set';
      readonly table: string;
      readonly key: string;
      readonly data: Readonly<Record<string, string>>;
    }
  /**
   * `key` null: all entries that nothing uses, of these those whose data fit `where`: type, comparison (`eq`, `ne`, `le`, `ge`, `lt`, `gt`),
   * number. `of`: the data that is shown.
   */
  | {
      readonly kind: 'table.clear';
      readonly table: string;
      readonly key: string | null;
      readonly where?: readonly (readonly [type: string, operator: string, value: string])[];
      readonly of?: readonly string[];
    }
  /** `pem`: null makes an empty store; else it is filled at once, with what is beside the PEM text as in `cert.set`. */
  | {
      readonly kind: 'cert.new';
      readonly path: string;
      readonly pem: string | Kept | null;
      readonly ocsp?: string;
      readonly issuer?: string;
      readonly sctl?: string;
    }
  /** What is beside the PEM text goes, unless it is given again: response and timestamps in base64, the issuer in PEM. */
  | {
      readonly kind: 'cert.set';
      readonly path: string;
      readonly pem: string | Kept;
      readonly ocsp?: string;
      readonly issuer?: string;
      readonly sctl?: string;
    }
  | { readonly kind: 'cert.del'; readonly path: string }
  /** Whether tokens may be checked with a certificate. */
  | { readonly kind: 'cert.jwt'; readonly path: string; readonly allowed: boolean }
  /** CA files and CRL files. `pem`: null makes an empty one. */
  | {
      readonly kind: 'trust.new';
      readonly store: 'ca-file' | 'crl-file';
      readonly file: string;
      readonly pem: string | null;
    }
  | {
      readonly kind: 'trust.set';
      readonly store: 'ca-file' | 'crl-file';
      readonly file: string;
      readonly pem: string;
    }
  /** What is in it stays. */
  | {
      readonly kind: 'trust.add';
      readonly store: 'ca-file' | 'crl-file';
      readonly file: string;
      readonly pem: string;
    }
  | { readonly kind: 'trust.del'; readonly store: 'ca-file' | 'crl-file'; readonly file: string }
  /** `options`: what stands between the certificate and the filters, with its brackets: `[alpn h2 ocsp-update on]`. */
  | {
      readonly kind: 'crt-list.add';
      readonly list: string;
      readonly certificate: string;
      readonly options: string;
      readonly filters: readonly string[];
      /** The number that the line had: it comes back where it was. */
      readonly at?: number;
    }
  /** `line`: number in `show ssl crt-list -n`, where a certificate is listed more than once. */
  | {
      readonly kind: 'crt-list.del';
      readonly list: string;
      readonly certificate: string;
      readonly line: number | null;
    }
  /** `response`: base64 of the DER. */
  | { readonly kind: 'ocsp.set'; readonly response: string }
  /**
   * `keys`: file name or `#<id>`, as in `show tls-keys`; `key`: base64, the newest from now on; the oldest goes. With `oldest` it is taken
   * back: `key`, the newest, goes, and this one is the oldest again. With `older` all are set: these, oldest first, and `key`.
   */
  | {
      readonly kind: 'ticket-key.set';
      readonly keys: string;
      readonly key: string | Kept;
      readonly oldest?: string | Kept;
      readonly older?: readonly string[] | Kept;
    };

/**
 * In place of what is too long or too secret for a journal: it is kept beside the journal under the SHA-256 of its JSON text, hex.
 */
export interface Kept {
  readonly kept: string;
}

export type ChangeKind = Change['kind'];
export type ChangeOf<K extends ChangeKind> = Extract<Change, { readonly kind: K }>;

/** A person or program behind a Change, as far as it is known. */
export interface Actor {
  /** Name of the account or certificate, else of the socket with its level. Not trusted: it is escaped where it is shown. */
  readonly name: string;
  readonly uid: number | null;
  readonly pid: number | null;
  /** `SUDO_USER` of the process; believed only from uid 0. */
  readonly sudoUser: string | null;
}

/** Who makes a Change, for the audit. */
export interface Origin {
  /** Name of the surface: `cli-socket`, `stats-page`, `reload`, `signal`, `health`... */
  readonly surface: string;
  /** Socket path, remote address or the like. */
  readonly from: string;
  readonly level: 'user' | 'operator' | 'admin';
  readonly actor?: Actor;
  /** Why, in the operator's words, and the ticket that asks for it. */
  readonly reason?: string;
  readonly ticket?: string;
  /** Id that all Changes of one operation, transaction or undo share: `op-` and a random id that sorts by time. */
  readonly operation?: string;
  /** The operation as the operator wrote it: `drain be_app/app1 --for 30m`. */
  readonly title?: string;
  /** The operation that this one takes back. */
  readonly undoes?: string;
  /** How long it is to last, ms: until it is taken back, or unless it is confirmed before. */
  readonly term?: { readonly for?: number; readonly confirmWithin?: number };
  /** Guards were overruled. */
  readonly force?: boolean;
  /** In how many steps it is to be made, where all of it was asked for before the first of them. */
  readonly steps?: number;
  /** The second person who agreed, where a policy asked for one. */
  readonly approvedBy?: Actor;
}

/** What applying a Change brought: the same shape for success and failure. `text` is the operator's answer, HAProxy's where it has one. */
export interface Outcome {
  readonly ok: boolean;
  /** Severity of `text` in syslog numbers (3 error, 4 warning, 5 notice, 6 info), as HAProxy attaches it. */
  readonly severity: number;
  readonly text: string;
  /** The Change that undoes it; null for one-shot actions and failures. */
  readonly inverse: Change | null;
}
