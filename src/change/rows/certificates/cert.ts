import { addCertificate, dropCertificate, setContent } from '../../../model/certificates/edits.ts';
import { certificateUses } from '../../../model/certificates/make-views.ts';
import type { Model } from '../../../model/model.ts';
import type { ChangeOf } from '../../change.ts';
import { type ChangeContext, done, type Problem, problem, type Row } from '../../context.ts';
import { contentOf, contentProblem, contentTold, partsOf } from './content.ts';

const ABSENT = '(absent)';
const DAY_MS = 86_400_000;

function missing(path: string, { certificates }: Model): Problem | null {
  return certificates.certificate(path) === null ? problem(`certificate '${path}' doesn't exist!`) : null;
}

/** `new ssl cert`, and filled when there is something to fill it with. */
export const certNew: Row<ChangeOf<'cert.new'>> = {
  validate(change, { model }) {
    const { path } = change;
    if (model.certificates.certificate(path) !== null) return problem(`Certificate '${path}' already exists!`);
    const parts = partsIn(change);
    return parts === null ? null : contentProblem(parts, path);
  },
  warnings(change, { states }) {
    const parts = partsIn(change);
    return parts === null ? [] : aboutDates(parts, change.path, states.now());
  },
  preview: (change) => ({ before: ABSENT, after: contentTold(newContent(change)) }),
  async apply(change, { model, traffic }) {
    const { path } = change;
    const content = newContent(change);
    await traffic.ask({ kind: 'tls', update: addCertificate(model.certificates, path, content) });
    return done({ kind: 'cert.del', path }, `New empty certificate store '${path}'!`, 5);
  },
};

/** What a certificate is made with; null for one that is empty. */
function partsIn({ pem, ...beside }: ChangeOf<'cert.new'>) {
  return pem === null ? null : { pem, ...beside };
}

function newContent(change: ChangeOf<'cert.new'>) {
  const parts = partsIn(change);
  return parts === null ? null : contentOf(parts, change.path);
}

/** `set ssl cert`, `commit ssl cert`: other certificate and key under the same name, for new connections. */
export const certSet: Row<ChangeOf<'cert.set'>> = {
  validate: (change, { model }) => missing(change.path, model) ?? contentProblem(change, change.path),
  warnings: (change, { states }) => aboutDates(change, change.path, states.now()),
  preview: (change, { model }) => ({
    before: contentTold(model.certificates.certificate(change.path)!.content),
    after: contentTold(contentOf(change, change.path)),
  }),
  async apply(change, { model, traffic }) {
    const { certificates } = model;
    const old = certificates.certificate(change.path)!;
    await traffic.ask({ kind: 'tls', update: setContent(certificates, old, contentOf(change, old.path)) });
    const inverse =
      old.content === null || old.content.key === null
        ? null
        : ({ kind: 'cert.set', path: old.path, ...partsOf(old.content) } as const);
    return done(inverse);
  },
};

/** `del ssl cert`: one that nothing uses. */
export const certDel: Row<ChangeOf<'cert.del'>> = {
  validate({ path }, { model }) {
    const absent = missing(path, model);
    if (absent !== null) return absent;
    const { certificates } = model;
    if (certificates.pending.certificate?.path === path)
      return problem(`ongoing transaction for the certificate '${path}'`);
    if (certificates.certificate(path)!.jwt)
      return problem(`certificate '${path}' in use for JWT validation, can't be deleted!`);
    return certificateUses(certificates, path) > 0 ? problem(`certificate '${path}' in use, can't be deleted!`) : null;
  },
  preview: ({ path }, { model }) => ({
    before: contentTold(model.certificates.certificate(path)!.content),
    after: ABSENT,
  }),
  async apply({ path }, { model, traffic }) {
    const old = model.certificates.certificate(path)!;
    await traffic.ask({ kind: 'tls', update: dropCertificate(model.certificates, old) });
    const parts = old.content === null ? { pem: null } : partsOf(old.content);
    return done({ kind: 'cert.new', path: old.path, ...parts }, `Certificate '${path}' deleted!`, 5);
  },
};

/** `add ssl jwt`, `del ssl jwt`. */
export const certJwt: Row<ChangeOf<'cert.jwt'>> = {
  validate: ({ path }, { model }) =>
    model.certificates.certificate(path) === null
      ? problem("Can't display the certificate: Not found or the certificate is a bundle!")
      : null,
  preview: ({ path, allowed }, { model }) => ({
    before: told(model.certificates.certificate(path)!.jwt),
    after: told(allowed),
  }),
  apply({ path, allowed }, { model }: ChangeContext) {
    const old = model.certificates.certificate(path)!;
    model.certificates.certificates.set(old.path, { ...old, jwt: allowed });
    return done(old.jwt === allowed ? null : { kind: 'cert.jwt', path, allowed: old.jwt });
  },
};

const told = (allowed: boolean) => (allowed ? 'allowed' : 'not allowed');

function aboutDates(parts: Parameters<typeof contentOf>[0], path: string, now: number): string[] {
  const { notBefore, notAfter } = contentOf(parts, path);
  const date = (ms: number) => new Date(ms).toUTCString();
  if (notAfter < now) return [`the certificate has expired: ${date(notAfter)}`];
  if (notAfter - now < 14 * DAY_MS) return [`the certificate expires soon: ${date(notAfter)}`];
  return notBefore > now ? [`the certificate is not valid before ${date(notBefore)}`] : [];
}
