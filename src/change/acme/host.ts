import type { KeyObject } from 'node:crypto';
import type { AcmeConfig } from '../../config/types.ts';

/** A certificate that is ordered from an ACME server. */
export interface Managed {
  /** As `show ssl cert` names it. */
  readonly path: string;
  readonly section: AcmeConfig;
  /** Names and addresses that it is to be for. */
  readonly domains: readonly string[];
}

/** What renewals need of the process that they run in. */
export interface RenewalHost {
  /** Date, ms. */
  now(): number;
  /** From when to when (ms) the certificate in force is valid; null for one that was made up at start until there is a real one. */
  validity(path: string): { readonly from: number; readonly until: number } | null;
  /** Key of the certificate in force; null when there is none. */
  keyOf(path: string): KeyObject | null;
  accountKey(section: AcmeConfig): KeyObject;
  /** Puts a certificate in force and keeps it. Resolves to why that could not be done, or null. */
  install(path: string, pem: string): Promise<string | null>;
  /** Adds to a map, or takes out what has these keys. Resolves to why that could not be done, or null. */
  addToMap(map: string, entries: readonly (readonly [key: string, value: string])[]): Promise<string | null>;
  takeFromMap(map: string, keys: readonly string[]): Promise<string | null>;
  /** Texts of the TXT records of a name; empty when there are none. Rejects when it cannot be asked for. */
  textRecords(name: string): Promise<readonly string[]>;
  /** Tells operators. */
  tell(level: 'notice' | 'warning' | 'alert', text: string): void;
  /** For who prepares challenges outside: the ring `dpapi`. */
  publish(event: string): void;
  /** Certificates that the server's own must come from (PEM), and whether that is checked. */
  trust(): { readonly ca: string | null; readonly verify: boolean };
}
