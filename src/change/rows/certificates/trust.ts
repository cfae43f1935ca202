import type { TrustContent } from '../../../config/certificates.ts';
import { dropTrust, setTrust } from '../../../model/certificates/edits.ts';
import { isTrustUsed } from '../../../model/certificates/make-views.ts';
import type { StoredTrust } from '../../../model/certificates/store.ts';
import { joinedTrust, readTrust } from '../../../model/certificates/trust.ts';
import type { Model } from '../../../model/model.ts';
import type { ChangeOf } from '../../change.ts';
import { done, type Problem, problem, type Row } from '../../context.ts';

type TrustChange = ChangeOf<'trust.new' | 'trust.set' | 'trust.add' | 'trust.del'>;

const NAME = { 'ca-file': 'CA', 'crl-file': 'CRL' } as const;
const ABSENT = '(absent)';

function kindOf({ store }: TrustChange): 'ca' | 'crl' {
  return store === 'ca-file' ? 'ca' : 'crl';
}

function find(change: TrustChange, { certificates }: Model): StoredTrust | null {
  return certificates.trust(kindOf(change), change.file);
}

function absent(change: TrustChange, model: Model): Problem | null {
  return find(change, model) === null ? problem(`${NAME[change.store]} file '${change.file}' doesn't exist!`) : null;
}

function badContent(pem: string): Problem | null {
  return readTrust(pem) === null ? problem('Invalid payload') : null;
}

function told(content: TrustContent | null | undefined): string {
  if (content === undefined) return ABSENT;
  if (content === null) return '(empty)';
  const { certificates, crls } = content;
  const parts = [
    ...(certificates.length > 0 ? [`${certificates.length} certificate(s)`] : []),
    ...(crls.length > 0 ? [`${crls.length} CRL(s)`] : []),
  ];
  return parts.join(', ');
}

/** `new ssl ca-file`, `new ssl crl-file`, and filled when there is something to fill it with. */
export const trustNew: Row<ChangeOf<'trust.new'>> = {
  validate(change, { model }) {
    // Both kinds share their names.
    if (model.certificates.trusts.has(change.file) || find(change, model) !== null)
      return problem(`${NAME[change.store]} file '${change.file}' already exists!`);
    return change.pem === null ? null : badContent(change.pem);
  },
  preview: ({ pem }) => ({ before: ABSENT, after: told(pem === null ? null : readTrust(pem)) }),
  async apply(change, { model, traffic }) {
    const { store, file, pem } = change;
    const content = pem === null ? null : readTrust(pem);
    await traffic.ask({ kind: 'tls', update: setTrust(model.certificates, kindOf(change), file, content) });
    return done({ kind: 'trust.del', store, file }, `New ${NAME[store]} file created '${file}'!`, 5);
  },
};

/** `set ssl ca-file` and `commit`, and for CRLs: others under the same name, for new connections. */
export const trustSet: Row<ChangeOf<'trust.set'>> = {
  validate: (change, { model }) => absent(change, model) ?? (change.pem === '' ? null : badContent(change.pem)),
  preview: (change, { model }) => ({
    before: told(find(change, model)!.content),
    after: told(change.pem === '' ? null : readTrust(change.pem)),
  }),
  async apply(change, { model, traffic }) {
    const { store, file, pem } = change;
    const { content } = find(change, model)!;
    const update = setTrust(model.certificates, kindOf(change), file, pem === '' ? null : readTrust(pem));
    await traffic.ask({ kind: 'tls', update });
    return done({ kind: 'trust.set', store, file, pem: textOf(content) });
  },
};

/** `add ssl ca-file` and `commit`: more under the same name, for new connections. */
export const trustAdd: Row<ChangeOf<'trust.add'>> = {
  validate: (change, { model }) => absent(change, model) ?? badContent(change.pem),
  preview: (change, { model }) => ({
    before: told(find(change, model)!.content),
    after: told(joinedTrust(find(change, model)!.content, readTrust(change.pem)!)),
  }),
  async apply(change, { model, traffic }) {
    const { store, file, pem } = change;
    const { content } = find(change, model)!;
    const all = joinedTrust(content, readTrust(pem)!);
    await traffic.ask({ kind: 'tls', update: setTrust(model.certificates, kindOf(change), file, all) });
    return done({ kind: 'trust.set', store, file, pem: textOf(content) });
  },
};

/** `del ssl ca-file`, `del ssl crl-file`: one that nothing uses. */
export const trustDel: Row<ChangeOf<'trust.del'>> = {
  validate(change, { model }) {
    const { store, file } = change;
    const missing = absent(change, model);
    if (missing !== null) return missing;
    if (model.certificates.pending[kindOf(change)]?.path === file)
      return problem(`ongoing transaction for the ${NAME[store]} file '${file}'`);
    return isTrustUsed(model.certificates, file) || file === '@system-ca'
      ? problem(`${NAME[store]} file '${file}' in use, can't be deleted!`)
      : null;
  },
  preview: (change, { model }) => ({ before: told(find(change, model)!.content), after: ABSENT }),
  async apply(change, { model, traffic }) {
    const { store, file } = change;
    const { content } = find(change, model)!;
    await traffic.ask({ kind: 'tls', update: dropTrust(model.certificates, file) });
    const pem = content === null ? null : textOf(content);
    return done({ kind: 'trust.new', store, file, pem }, `${NAME[store]} file '${file}' deleted!`, 5);
  },
};

function textOf(content: TrustContent | null): string {
  return [...(content?.certificates ?? []), ...(content?.crls ?? [])].join('');
}
