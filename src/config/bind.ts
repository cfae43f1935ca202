/** `bind` and `stats socket` lines: several addresses, port ranges, options. */

import { parseAddress } from './address.ts';
import type { Draft } from './draft.ts';
import { newBind } from './draft-server.ts';
import { BIND_OPTIONS, type BindSettings } from './keywords/bind.ts';
import { type BindTlsBasis, finishBindTls, newBindTls } from './keywords/bind-tls.ts';
import { applyOptions, type Option, type OptionReport } from './keywords/option.ts';
import type { Address, BindConfig, Location } from './types.ts';

export interface BindResult {
  readonly binds: Draft<BindConfig>[];
  /** A mistake in an address; those in options are in `report`. */
  readonly addressError: string | null;
  readonly report: OptionReport;
}

const NO_REPORT: OptionReport = { error: null, remarks: [], warnings: [] };

/** Sockets that one line may make: more than all ports of an address is a mistake. */
const MAX_SOCKETS = 65_536;

/** What differs between `bind` and `stats socket`. */
export interface BindRules {
  readonly at: Location;
  readonly unixPrefix?: string;
  /** What `unix-bind` sets on unix sockets. */
  readonly unix?: Partial<Draft<BindConfig>>;
  /** What the global section says of TLS so far; null: this kind of line has none. */
  readonly tls: BindTlsBasis | null;
  /** The options of TLS that this kind of line has; left out: all. */
  readonly tlsOptions?: ReadonlySet<string>;
  /** What this kind of line says of an option that it does not have; null: it has it. */
  readonly admit?: (row: Option<BindSettings>) => string | null;
}

/** `<address>[,...] [options]`: one BindConfig for each socket. */
export function parseBindLine(words: readonly string[], rules: BindRules): BindResult {
  const binds: Draft<BindConfig>[] = [];
  for (const text of (words[0] ?? '').split(',')) {
    const parsed = parseAddress(text, { port: 'required', range: true, unixPrefix: rules.unixPrefix ?? '' });
    if ('error' in parsed) return { binds: [], addressError: parsed.error, report: NO_REPORT };
    if (parsed.address.family === 'ring')
      return { binds: [], addressError: `cannot listen on '${text}'`, report: NO_REPORT };
    if (parsed.type === 'datagram')
      return { binds: [], addressError: `datagram protocol not supported for listeners: '${text}'`, report: NO_REPORT };
    for (const address of expandPorts(parsed.address)) {
      const bind = newBind(rules.at, address);
      if (address.family === 'unix') Object.assign(bind, rules.unix);
      binds.push(bind);
    }
    if (binds.length > MAX_SOCKETS)
      return { binds: [], addressError: `too many sockets in '${words[0]}'`, report: NO_REPORT };
  }
  const settings: BindSettings = {
    ...newBind(rules.at, binds[0]!.address),
    sockets: binds.length,
    tlsDraft: newBindTls(rules.tls),
  };
  const before = { ...settings };
  const report = applyOptions(BIND_OPTIONS, words, 1, settings, (row) =>
    row.tls && (rules.tls === null || rules.tlsOptions?.has(row.name) === false)
      ? `'${row.name}' is not supported here: it is for 'bind' lines of proxies`
      : (rules.admit?.(row) ?? null),
  );
  if (rules.tls !== null) settings.tls = finishBindTls(settings.tlsDraft, rules.tls);
  const { certified, on } = settings.tlsDraft;
  const idle = certified && !on ? ["a certificate was specified but SSL was not enabled (use 'ssl')."] : [];
  for (const bind of binds) copyChanges(settings, before, bind);
  return { binds, addressError: null, report: { ...report, warnings: [...report.warnings, ...idle] } };
}

/** Gives `bind` what the options changed. */
function copyChanges(settings: BindSettings, before: BindSettings, bind: Draft<BindConfig>): void {
  for (const key of Object.keys(bind) as (keyof BindConfig)[]) {
    if (key !== 'address' && settings[key] !== before[key]) Object.assign(bind, { [key]: settings[key] });
  }
}

function expandPorts(address: Address): Address[] {
  if (!('port' in address) || address.portEnd <= address.port) return [address];
  const addresses: Address[] = [];
  for (let port = address.port; port <= address.portEnd; port++) addresses.push({ ...address, port, portEnd: port });
  return addresses;
}
