import { createPrivateKey } from 'node:crypto';
import { Resolver } from 'node:dns/promises';
import { readFileSync } from 'node:fs';
import { getCACertificates } from 'node:tls';
import type { CertificateConfig, CertificateOrder } from '../../config/certificates.ts';
import { configuredPath } from '../../config/paths.ts';
import type { GlobalConfig } from '../../config/types.ts';
import { AcmeError } from '../../control/acme/error.ts';
import { textOf } from '../../model/certificates/shared-bytes.ts';
import { applyBatch, applyChange } from '../apply.ts';
import type { Origin, StoreChange } from '../change.ts';
import type { ChangeContext } from '../context.ts';
import { type AccountKeys, readAccountKeys } from './account-keys.ts';
import type { Managed, RenewalHost } from './host.ts';
import { keepCertificate } from './keep-certificate.ts';
import { AcmeRenewals } from './renewals.ts';

/** Longest wait for an answer of the DNS, ms, and how often it is asked. */
const DNS = { timeout: 5000, tries: 2 };

/** Levels of syslog. */
const LEVELS = { alert: 1, warning: 4, notice: 5 } as const;

const ORIGIN: Origin = { surface: 'acme', from: 'acme', level: 'admin' };

/** Renewals of a running process. */
export interface RunningRenewals extends Pick<AcmeRenewals, 'list' | 'renew' | 'challengeReady' | 'close'> {
  /** The configuration is another one. */
  configured(): void;
}

/** Begins to renew the certificates that an `acme` word orders. Account keys are read, or made, at once. */
export function startRenewals(ctx: ChangeContext): RunningRenewals {
  const keys: AccountKeys = new Map();
  let trust: RenewalHost['trust'] = () => ({ ca: null, verify: true });
  const host = hostOf(ctx, keys, () => trust());
  const renewals = new AcmeRenewals(host);
  const configured = () => {
    const { config } = ctx.model;
    try {
      trust = trustOf(config.global);
    } catch (error) {
      host.tell('alert', `acme: 'httpclient.ssl.ca-file' cannot be read: ${(error as Error).message}`);
    }
    for (const file of readAccountKeys(config.acmes, config.global, keys))
      host.tell(
        'warning',
        `acme: everybody on this machine can read the key of an account in '${file}': take that right away (chmod o-r)`,
      );
    renewals.configure(managedOf(ctx), config.global.acmeScheduler);
  };
  configured();
  return Object.assign(renewals, { configured });
}

/** Certificates that are ordered, and from whom. */
function ordersOf({
  model,
}: ChangeContext): (Pick<CertificateConfig, 'path'> & { readonly order: CertificateOrder })[] {
  return (model.config.certificates?.certificates ?? []).flatMap(({ path, order }) =>
    order === null ? [] : [{ path, order }],
  );
}

function managedOf(ctx: ChangeContext): Managed[] {
  return ordersOf(ctx).map(({ path, order: { section, domains } }) => ({
    path,
    section: ctx.model.config.acmes.find(({ name }) => name === section)!,
    domains,
  }));
}

/**
 * Whom ACME servers' certificates must come from. The file is read now; those of the system are with the first order, as that takes
 * 30 ms. Throws when the file cannot be read.
 */
function trustOf({ httpClient: { caFile, verify }, defaultPath, at }: GlobalConfig): RenewalHost['trust'] {
  if (caFile !== null && caFile !== '@system-ca') {
    const ca = readFileSync(configuredPath(caFile, at['httpclient.ssl.ca-file']!.file, defaultPath), 'latin1');
    return () => ({ ca, verify });
  }
  return () => {
    const system = getCACertificates('system');
    return { ca: system.length === 0 ? null : system.join('\n'), verify };
  };
}

function hostOf(ctx: ChangeContext, keys: AccountKeys, trust: RenewalHost['trust']): RenewalHost {
  const contentOf = (path: string) => {
    const content = ctx.model.certificates.certificate(path)?.content ?? null;
    // One that was never valid stands in for the first.
    return content === null || content.notAfter === 0 ? null : content;
  };
  const edit = async (change: StoreChange) => {
    const { ok, text } = await applyChange(change, ctx, ORIGIN);
    return ok ? null : text;
  };
  return {
    now: Date.now,
    validity(path) {
      const content = contentOf(path);
      return content === null ? null : { from: content.notBefore, until: content.notAfter };
    },
    keyOf(path) {
      const key = contentOf(path)?.key ?? null;
      return key === null ? null : createPrivateKey(textOf(key));
    },
    accountKey({ accountKey }) {
      const key = keys.get(accountKey)!;
      if (key instanceof AcmeError) throw key;
      return key;
    },
    async install(path, pem) {
      const problem = await edit({ kind: 'cert.set', path, pem });
      if (problem !== null) return problem;
      const order = ordersOf(ctx).find((one) => one.path === path)?.order;
      if (order === undefined) return null;
      const reason = await keepCertificate(pem, order.crt, order.key);
      if (reason !== null)
        this.tell('warning', `acme: ${path}: in force, but not kept: ${reason}; 'dump ssl cert ${path}' prints it`);
      return null;
    },
    addToMap: (map, entries) => edit({ kind: 'map.add-all', map, entries }),
    async takeFromMap(map, tokens) {
      const { ok, outcomes } = await applyBatch([{ kind: 'map.del-all', map, keys: tokens }], ctx, ORIGIN);
      return ok ? null : outcomes[0]!.text;
    },
    async textRecords(name) {
      const records = await new Resolver(DNS).resolveTxt(name);
      return records.map((pieces) => pieces.join(''));
    },
    tell(level, text) {
      ctx.logs.send(null, LEVELS[level], text);
      if (level !== 'notice') ctx.states.console(level === 'alert' ? 'ALERT' : 'WARNING', `${text}.`);
    },
    publish: (event) => ctx.logs.rings.get('dpapi')?.write(event),
    trust,
  };
}
